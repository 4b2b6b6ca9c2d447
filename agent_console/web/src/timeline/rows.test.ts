import { describe, expect, it } from 'vitest'

import type { Entry } from '@/api/types'
import { buildRows, merged, rowsOf, type Row } from './rows'

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
  it('name the conversation that a note continues', () => {
    const note = entry('m4', 20, 'other', { kind: 'note', channel: '' as never })
    const lines = (entries: Entry[]) => buildRows(entries, [], 'this').flatMap((row) => (row.kind === 'conversation' && !row.current ? [[row.channel, row.subject]] : []))
    expect(lines([entry('m1', 18, 'other', { channel: 'email', subject: 'Invoice' }), entry('m2', 20, 'this'), note])).toEqual([['email', 'Invoice']])
    expect(lines([entry('m2', 20, 'this'), note])).toEqual([['', null]])
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
  it('are the same whether they came one by one, changed or went, or were there at once', () => {
    const all = Array.from({ length: 40 }, (_, at) => entry(`m${at}`, 1 + Math.floor(at / 7), `c${at % 3}`, at % 11 === 5 ? { state: 'cancelled' } : at % 5 === 3 ? { kind: 'note', channel: '' as never } : {}))
    const steps: [Entry[], string | null][] = [
      ...all.map((_, at): [Entry[], string | null] => [all.slice(20, 21 + at), 'c1']), [all, 'c1'], [all, 'c2'],
      [all.with(12, entry('m12', 2, 'c0', { state: 'cancelled' })), 'c2'], [all.slice(0, 9), 'c2'], [[], 'c2'], [all, null],
    ]
    const { build } = rowsOf()
    for (const [entries, conversation] of steps) expect(build(entries, [], conversation)).toEqual(buildRows(entries, [], conversation))
  })
  it('stay the same objects where nothing changed', () => {
    const { build } = rowsOf()
    const first = build([entry('m1', 1, 'a'), entry('m2', 1, 'a')], [], 'a')
    const entries = first.flatMap((row) => (row.kind === 'entry' ? [row.entry] : []))
    const next = build([...entries, entry('m3', 1, 'a')], [], 'a')
    expect(next.slice(0, -1).every((row, at) => row === first[at])).toBe(true)
    expect(kinds(first)).toEqual(['day', 'line true', 'm1', 'm2'])
  })
})
