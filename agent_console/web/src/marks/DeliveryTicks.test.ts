import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { i18n } from '@/i18n'
import zh from '@/i18n/zh-CN.json'
import DeliveryTicks from './DeliveryTicks.vue'

const ticks = (props: InstanceType<typeof DeliveryTicks>['$props']) => mount(DeliveryTicks, { props, global: { plugins: [i18n] } })
const soon = new Date(2026, 10, 20, 14, 5).toISOString()

describe('what became of a message', () => {
  it('is a word while nothing is wrong', () => {
    expect(ticks({ state: 'queued', nextAt: soon }).text()).toBe('Queued')
    expect(ticks({ state: 'delivered', reason: 'timeout' }).text()).toBe('Delivered')
  })
  it('says why it has not left, and when it is tried again', () => {
    const late = ticks({ state: 'queued', reason: 'the relay is too slow', nextAt: soon, canRetry: true })
    expect(late.text()).toBe('Not sent yet: the mail relay is too slow · next try 14:05')
    expect(late.find('button').exists()).toBe(false)
  })
  it('says it in the reader’s language and quotes what the provider said', () => {
    i18n.global.locale.value = 'zh-CN'
    i18n.global.setLocaleMessage('zh-CN', zh)
    const late = ticks({ state: 'queued', reason: 'the relay answered: 451 4.2.2 Mailbox full', nextAt: soon })
    expect(late.get('.words').text()).toBe('尚未发送：邮箱已满 · 14:05 重试451 4.2.2 Mailbox full')
    expect(late.get('q').attributes('lang')).toBe('en')
    expect(late.get('q').text()).toBe('451 4.2.2 Mailbox full')
    const strange = ticks({ state: 'unknown', reason: 'something nobody foresaw' })
    expect(strange.get('.words').text()).toBe('结果未知something nobody foresaw')
    expect(ticks({ state: 'sent', reason: 'the relay answered: 451 4.2.2' }).find('q').exists()).toBe(false)
    i18n.global.locale.value = 'en'
  })
  it('says why it failed, and offers to try again', async () => {
    const failed = ticks({ state: 'failed', reason: 'opted_out', canRetry: true })
    expect(failed.text()).toContain('Failed: the customer opted out')
    await failed.get('button').trigger('click')
    expect(failed.emitted('retry')).toHaveLength(1)
  })
})
