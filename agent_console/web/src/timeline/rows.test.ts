import { describe, expect, it } from 'vitest'

import type { Entry } from '@/api/types'
import { buildRows, merged, type Row } from './rows'

const entry = (id: string, day: number, conversation: string, more: Partial<Entry> = {}) => ({
  id, seq: Number(id.slice(1)), at: new Date(2026, 10, day, 12).toISOString(), conversation_id: conversation, channel: 'sms', subject: null,
  state: 'received', kind: 'message', ...more,
}) as Entry
const kinds = (rows: Row[]) => rows.map((row) => (row.kind === 'entry' ? row.entry.id : row.kind === 'conversation' ? `line ${row.current}` : row.kind))

describe('timeline rows', () => {
  it('have a line for each day and where this conversation begins or is broken into', () => {
    const rows = buildRows([entry('m1', 18, 'other'), entry('m2', 20, 'this'), entry('m3', 20, 'other'), entry('m4', 20, 'this')], [], 'this')
    expect(kinds(rows)).toEqual(['day', 'm1', 'day', 'line true', 'm2', 'line false', 'm3', 'line true', 'm4'])
  })
  it('leave out what its author took back', () => {
    expect(kinds(buildRows([entry('m1', 18, 'this', { state: 'cancelled' })], [], 'this'))).toEqual([])
  })
  it('have keys of their own', () => {
    const rows = buildRows([entry('m1', 18, 'a'), entry('m2', 19, 'b'), entry('m3', 18, 'a')], [], 'a')
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })
  it('of two customers are one scroll', () => {
    expect(merged([entry('m1', 1, 'a'), entry('m5', 2, 'a')], [entry('m3', 1, 'b'), entry('m5', 2, 'a')]).map((one) => one.id)).toEqual(['m1', 'm3', 'm5'])
  })
})
