import { describe, expect, it } from 'vitest'

import type { Agent, Interaction } from '@/api/types'
import { behind, byTrouble, evenly, serving, takesWork, tally } from './board'

const row = (id: string, more: Partial<Interaction>) => ({ id, queue_id: 'q1', owner_id: null, state: 'queued', opened_at: '', enqueued_at: id, activated_at: null, ...more }) as Interaction
const agent = (id: string, more: Partial<Agent>): Agent => ({ id, name: id, presence: 'available', status: 'idle', holds: [], since: '2026-11-20T14:00:00.000Z', ...more })

describe('behind a number', () => {
  const rows = [row('3', {}), row('1', { state: 'offered' }), row('2', { state: 'active', owner_id: 'a1', assignment_state: 'wrap_up' }), row('4', { queue_id: 'q2' }), row('5', { state: 'parked', owner_id: 'a1', assignment_state: 'connected' }), row('6', { state: 'closed', owner_id: 'a1', assignment_state: null })]
  it('of waiting are what is queued or offered, longest first', () => expect(behind(rows, { kind: 'waiting', id: 'q1' }).map((one) => one.id)).toEqual(['1', '3']))
  it('in work is what is active', () => expect(behind(rows, { kind: 'in_work', id: 'q1' }).map((one) => one.id)).toEqual(['2']))
  it('of an agent is what they have in hand', () => expect(behind(rows, { kind: 'holds', id: 'a1' }).map((one) => one.id).sort()).toEqual(['2', '5']))
})

it('of a queue’s agents are those who serve it, the ready ones apart', () => {
  const agents = [
    agent('ready', { role: 'agent', connected: true, queue_ids: ['q1'] }), agent('cut', { role: 'agent', connected: false, queue_ids: ['q1'] }),
    agent('away', { role: 'agent', presence: 'break', status: 'off_queue', connected: true, queue_ids: ['q1', 'q2'] }), agent('elsewhere', { role: 'agent', connected: true, queue_ids: ['q2'] }),
    agent('helps', { role: 'supervisor', connected: true, queue_ids: ['q1'] }), agent('watches', { role: 'supervisor', status: 'off_queue', connected: true, queue_ids: ['q1'] }), { id: 'hidden', name: 'hidden' },
  ]
  const { ready, others } = serving(agents, 'q1')
  expect(ready.map((one) => one.id).sort()).toEqual(['helps', 'ready'])
  expect(others.map((one) => one.id).sort()).toEqual(['away', 'cut'])
})

it('agents are sorted trouble first, then by time', () => {
  const agents = [agent('idle', {}), agent('off', { presence: 'offline' }), agent('missed', { status: 'not_responding' }), agent('break', { presence: 'break' }), agent('older', { since: '2026-11-20T13:00:00.000Z' })]
  expect(agents.toSorted(byTrouble).map((one) => one.id)).toEqual(['missed', 'break', 'older', 'idle', 'off'])
  expect(tally(agents)).toMatchObject({ missed: 1, away: 1, available: 2, offline: 1 })
})

it.each<[Partial<Agent>, boolean]>([
  [{ role: 'agent', presence: 'offline' }, true],
  [{ role: 'supervisor', presence: 'offline' }, false],
  [{ role: 'supervisor', presence: 'available' }, true],
  [{ role: 'admin', presence: 'offline', holds: [{ interaction_id: 'i', channel: 'sms', state: 'connected' }] }, true],
])('%o is counted among the agents: %s', (more, counted) => expect(takesWork(agent('a', more))).toBe(counted))

it.each([[7, 6, 4], [7, 5, 4], [7, 9, 4], [6, 8, 6], [3, 8, 3], [5, 2, 2], [4, 0, 1], [0, 5, 1]])('%i in lines of at most %i stand %i to a line', (count, fit, across) => expect(evenly(count, fit, 6)).toBe(across))
