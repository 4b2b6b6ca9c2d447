import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import * as calls from '@/api/calls'
import type { Agent } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import { setClock } from '@/marks/clock'
import PresenceMenu from './PresenceMenu.vue'
import WhyNoWork from './WhyNoWork.vue'

const NOW = Date.parse('2026-11-20T14:00:00.000Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

describe('how one stands', () => {
  let live: ReturnType<typeof useLive>
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })

  beforeEach(() => {
    setActivePinia(createPinia())
    setClock(NOW)
    live = useLive()
  })
  afterEach(() => speak('en'))

  const me = (more: Partial<Agent>) => {
    const agent = { id: 'us_1', name: 'Amara', role: 'agent', presence: 'available', holds: [], ...more } as Agent
    live.state = { ...live.state, me: { id: 'us_1', name: 'Amara' } as typeof live.state.me, agents: { us_1: agent } }
  }

  it.each<[Partial<Agent>, string]>([
    [{ status: 'idle', presence_since: ago(7200), since: ago(30) }, '2:00:00'],
    [{ status: 'not_responding', presence_since: ago(7200), since: ago(30) }, '0:00:30'],
  ])('%o has the timer %s', (more, time) => {
    me(more)
    expect(mount(PresenceMenu, { global: { plugins: [i18n, router] } }).find('.time').text()).toBe(time)
  })

  it.each(['en', 'zh-CN'] as const)('says until when one is left out, and asks again then: %s', async (language) => {
    await speak(language)
    me({ status: 'idle' })
    const until = new Date(NOW + 60_000)
    const asked = vi.spyOn(calls, 'whyNoWork').mockResolvedValue({ available: false, reasons: [{ code: 'left_out', params: { until: until.toISOString() } }] })
    const why = mount(WhyNoWork, { global: { plugins: [i18n, router] } })
    await flushPromises()
    const time = `${String(until.getHours()).padStart(2, '0')}:${String(until.getMinutes()).padStart(2, '0')}`
    expect(why.find('.what').text()).toContain(time)
    expect(asked).toHaveBeenCalledTimes(1)
    asked.mockResolvedValue({ available: true, reasons: [] })
    setClock(NOW + 61_000)
    await flushPromises()
    expect(asked).toHaveBeenCalledTimes(2)
    expect(why.find('.list').text()).not.toContain(time)
  })
})
