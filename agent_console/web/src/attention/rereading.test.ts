import { afterEach, expect, it, vi } from 'vitest'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { AttentionItem, ReplayOutcome } from '@/api/types'
import { useRereading, withAgain } from './rereading'

const item = (id: string, at: string) => ({ id, at }) as AttentionItem
const told = (more: Partial<ReplayOutcome>): ReplayOutcome => ({ outcome: null, reason: '', customer_id: null, next: 9, ...more })
afterEach(() => vi.restoreAllMocks())

it('asks on from where the hub stopped looking, until it is known', async () => {
  const asked = vi.spyOn(calls, 'outcome').mockResolvedValueOnce(told({ next: 12 })).mockResolvedValueOnce(told({ outcome: 'failed', reason: 'mail_binary' }))
  const { found, run } = useRereading()
  const running = run(item('at1', ''), () => Promise.resolve({ message_id: 'm1', seq: 7 }))
  expect(found.get('at1')?.state).toBe('running')
  expect(await running).toMatchObject({ state: 'failed', reason: 'mail_binary' })
  expect(asked.mock.calls.map(([id, after]) => [id, after])).toEqual([['m1', 7], ['m1', 12]])
  expect(found.get('at1')?.state).toBe('failed')
})

it('says that it waits where nothing is heard or the hub is away', async () => {
  vi.spyOn(calls, 'outcome').mockResolvedValue(told({}))
  const { run } = useRereading()
  const ask = () => Promise.resolve({ message_id: 'm1', seq: 7 })
  expect((await run(item('at1', ''), ask))?.state).toBe('waiting')
  vi.spyOn(calls, 'outcome').mockRejectedValue(new ProblemError({ title: '', status: 0, code: 'offline' }))
  expect((await run(item('at1', ''), ask))?.state).toBe('waiting')
})

it('forgets what was refused', async () => {
  const { found, run } = useRereading()
  expect(await run(item('at1', ''), () => Promise.resolve(undefined))).toBeNull()
  expect(found.size).toBe(0)
})

it('keeps what is read again in the list, where it stood', () => {
  const [a, b, c] = [item('a', '2026-11-20T14:00:03Z'), item('b', '2026-11-20T14:00:02Z'), item('c', '2026-11-20T14:00:01Z')]
  const again = new Map([['b', { item: b, state: 'running' as const, reason: '', customerId: null }]])
  expect(withAgain([a, c], again).map((one) => one.id)).toEqual(['a', 'b', 'c'])
  const fresh = { ...b, tries: 1 }
  expect(withAgain([a, fresh, c], again)[1]).toBe(fresh)
})
