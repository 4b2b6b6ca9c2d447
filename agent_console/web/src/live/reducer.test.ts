import { describe, expect, it } from 'vitest'

import type { Entry, Frame } from '@/api/types'
import { emptyState, reduce, withPage, type LiveState } from './reducer'

interface Case {
  name: string
  before: Partial<LiveState>
  frames: Frame[]
  after: Partial<LiveState>
}
const cases = import.meta.glob<Case>('../../../../tests/feed_cases/*.json', { eager: true, import: 'default' })

describe('the live feed', () => {
  it('has cases', () => expect(Object.keys(cases).length).toBeGreaterThan(10))

  for (const [path, { name, before, frames, after }] of Object.entries(cases)) {
    it(`${path.split('/').at(-1)}: ${name}`, () => {
      const start = { ...emptyState(), ...structuredClone(before) }
      const kept = structuredClone(start)
      expect(frames.reduce(reduce, start)).toEqual({ ...emptyState(), ...after })
      expect(start, 'the state before is not touched').toEqual(kept)
    })
  }
})

const entry = (id: string, seq: number, more: Partial<Entry> = {}) => ({ id, seq, ...more }) as Entry

describe('a page read over HTTP', () => {
  const held = (items: Entry[], before: number | null, stale = false): LiveState => ({
    ...emptyState(), timelines: { c: { items, before, stale } },
  })

  it('of older entries goes before what is held', () => {
    const next = withPage(held([entry('m3', 30)], 30), 'c', { items: [entry('m1', 10), entry('m2', 20)], before: 10 }, new Set())
    expect(next.timelines['c']?.items.map((one) => one.id)).toEqual(['m1', 'm2', 'm3'])
    expect(next.timelines['c']?.before).toBe(10)
  })

  it('does not undo what a frame changed while it was under way', () => {
    const next = withPage(held([entry('m1', 10, { state: 'sent' })], null), 'c', { items: [entry('m1', 10, { state: 'sending' })], before: null }, new Set(['m1']))
    expect(next.timelines['c']?.items[0]?.state).toBe('sent')
  })

  it('replaces what was held before a snapshot, but for what came since', () => {
    const next = withPage(held([entry('old', 5), entry('m1', 10), entry('new', 40)], null, true), 'c', { items: [entry('m1', 10, { erased: true })], before: null }, new Set(['new']))
    expect(next.timelines['c']).toEqual({ items: [entry('m1', 10, { erased: true }), entry('new', 40)], before: null, stale: false })
  })
})

it('takes 10 000 entries and 50 changes of them in a moment', () => {
  const items = Array.from({ length: 10_000 }, (_, at) => entry(`m${at}`, at))
  let state: LiveState = { ...emptyState(), timelines: { c: { items, before: null, stale: false } } }
  const start = performance.now()
  for (let at = 0; at < 50; at++) {
    state = reduce(state, { seq: 20_000 + at, type: 'entry.changed', data: { customer_ids: ['c'], entry: entry(`m${9_999 - at}`, 9_999 - at, { state: 'read' }) } })
  }
  expect(performance.now() - start).toBeLessThan(250)
})
