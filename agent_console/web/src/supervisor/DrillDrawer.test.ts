import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it, vi } from 'vitest'
import { routerKey } from 'vue-router'

import * as calls from '@/api/calls'
import type { Agent, Interaction, Queue } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import type { Drill } from './board'
import DrillDrawer from './DrillDrawer.vue'

const queue = { id: 'q1', name: 'Billing', waiting: 1, answered_today: 1 } as Queue
const row = (id: string, more: Partial<Interaction> = {}) => ({ id, queue_id: 'q1', state: 'closed', channel: 'sms', customer_name: id, opened_at: '2026-11-20T09:00:00.000Z', activated_at: '2026-11-20T09:05:00.000Z', preview: '', ...more }) as Interaction
beforeEach(() => {
  setActivePinia(createPinia())
  const live = useLive()
  live.state = { ...live.state, queues: { q1: queue } }
})
const opened = (drill: Drill) => mount(DrillDrawer, { props: { drill }, global: { plugins: [i18n], provide: { [routerKey]: { push: () => undefined } } }, attachTo: document.body })

it('reads today’s list again as its number changes, and shows in one column times alone', async () => {
  const read = vi.spyOn(calls, 'interactions').mockResolvedValueOnce({ items: [row('i1')], after: null })
  const drawer = opened({ kind: 'answered_today', id: 'q1' })
  await flushPromises()
  expect(drawer.findAll('.row')).toHaveLength(1)
  read.mockResolvedValueOnce({ items: [row('i1'), row('i2', { state: 'active' })], after: null })
  const live = useLive()
  live.state = { ...live.state, queues: { q1: { ...queue, waiting: 2 } } }
  await flushPromises()
  expect(read).toHaveBeenCalledTimes(1)
  live.state = { ...live.state, queues: { q1: { ...queue, answered_today: 2 } } }
  await flushPromises()
  expect(drawer.findAll('.row')).toHaveLength(2)
  const times = drawer.findAll('.row > .num').map((cell) => cell.text())
  expect(times).toHaveLength(2)
  expect(times[0]).toBe(times[1])
  expect(drawer.text()).toContain('answered = count(first offer.accepted of each ≥ midnight)')
})

it('lists the agents behind both numbers, and opens what one of them holds', async () => {
  const live = useLive()
  const agent = (id: string, more: Partial<Agent>) => ({ id, name: id, role: 'agent', presence: 'available', status: 'idle', connected: true, holds: [], queue_ids: ['q1'], since: '2026-11-20T09:00:00.000Z', ...more }) as Agent
  live.state = { ...live.state, agents: { ann: agent('ann', {}), bob: agent('bob', { status: 'interacting' }), eve: agent('eve', { queue_ids: [] }) } }
  const drawer = opened({ kind: 'agents_total', id: 'q1' })
  expect(drawer.findAll('h3.quiet').map((title) => title.text())).toEqual(['ready 1', 'not ready 1'])
  expect(drawer.findAll('.row strong').map((name) => name.text())).toEqual(['ann', 'bob'])
  expect(drawer.findAll('code')).toHaveLength(2)
  await drawer.findAll('.row')[1]?.trigger('click')
  expect(drawer.emitted('drill')).toEqual([['bob']])
})
