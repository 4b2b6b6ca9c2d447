import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { i18n } from '@/i18n'
import DeliveryTicks from './DeliveryTicks.vue'

const ticks = (props: InstanceType<typeof DeliveryTicks>['$props']) => mount(DeliveryTicks, { props, global: { plugins: [i18n] } })
const soon = new Date(2026, 10, 20, 14, 5).toISOString()

describe('what became of a message', () => {
  it('is a word while nothing is wrong', () => {
    expect(ticks({ state: 'queued', nextAt: soon }).text()).toBe('Queued')
    expect(ticks({ state: 'delivered', reason: 'timeout' }).text()).toBe('Delivered')
  })
  it('says why it has not left, and when it is tried again', () => {
    const late = ticks({ state: 'queued', reason: 'the relay can’t be reached', nextAt: soon, canRetry: true })
    expect(late.text()).toBe('Not sent yet: the relay can’t be reached · next try 14:05')
    expect(late.find('button').exists()).toBe(false)
  })
  it('says why it failed, and offers to try again', async () => {
    const failed = ticks({ state: 'failed', reason: 'opted_out', canRetry: true })
    expect(failed.text()).toContain('Failed: the customer opted out')
    await failed.get('button').trigger('click')
    expect(failed.emitted('retry')).toHaveLength(1)
  })
})
