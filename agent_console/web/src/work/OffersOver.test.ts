import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Interaction, Offer } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import OffersOver from './OffersOver.vue'

beforeEach(() => {
  setActivePinia(createPinia())
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

it('can be pressed only when they have been seen', async () => {
  const live = useLive()
  const now = new Date().toISOString()
  const hold = (...ids: string[]) => {
    live.state = {
      ...live.state,
      me: { id: 'us_1' } as typeof live.state.me,
      interactions: Object.fromEntries(ids.map((id) => [id, { id, customer_id: 'c', customer_name: `Name ${id}`, channel: 'sms' } as Interaction])),
      offers: Object.fromEntries(ids.map((id) => [id, { id, interaction_id: id, agent_id: 'us_1', state: 'pending', made_at: now, expires_at: now } as Offer])),
    }
    return nextTick()
  }
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })
  const over = mount(OffersOver, { global: { plugins: [i18n, router] } })
  const fresh = () => over.get('.over').classes('fresh')
  const pass = async (milliseconds: number) => {
    vi.advanceTimersByTime(milliseconds)
    await nextTick()
  }
  expect(fresh()).toBe(false)
  await hold('a')
  expect(over.text()).toContain('Name a')
  expect(fresh()).toBe(true)
  await pass(400)
  expect(fresh()).toBe(false)
  await hold('a', 'b')
  expect(fresh()).toBe(true)
  // The first is told of, others have a line each, and all can be taken.
  expect(over.findAll('.offer').map((one) => one.classes('slim'))).toEqual([false, true])
  expect(over.findAll('.btn-primary')).toHaveLength(2)
  await pass(400)
  await hold('b')
  expect(fresh()).toBe(false)
})
