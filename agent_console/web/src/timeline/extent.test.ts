import { describe, expect, it } from 'vitest'

import { Extent } from './extent'

const row = (key: string) => ({ key })
const rows = (...keys: string[]) => keys.map(row)
const of = (...keys: string[]) => {
  const extent = new Extent<{ key: string }>((one) => (one.key === 'long' ? 100 : 20))
  extent.set(rows(...keys))
  return extent
}
const tops = (extent: Extent<{ key: string }>) => Array.from({ length: extent.count + 1 }, (_, at) => extent.top(at))

describe('where rows begin', () => {
  it('is guessed until they are measured', () => {
    const extent = of('a', 'long', 'b')
    expect(tops(extent)).toEqual([0, 20, 120, 140])
    expect(extent.measured(1)).toBe(false)
    expect(extent.measure(1, 60.5)).toBe(-39.5)
    expect(extent.measured(1)).toBe(true)
    expect(tops(extent)).toEqual([0, 20, 80.5, 100.5])
    expect(extent.measure(1, 60.5)).toBe(0)
  })
  it('follows rows that come at the end, before the first and in between, and that go', () => {
    const extent = of('a', 'b')
    extent.measure(0, 30)
    for (const keys of [['a', 'b', 'c'], ['x', 'a', 'b', 'c'], ['x', 'a', 'long', 'c'], ['c'], []]) {
      extent.set(rows(...keys))
      const heights: number[] = keys.map((key) => (key === 'a' ? 30 : key === 'long' ? 100 : 20))
      expect(tops(extent), keys.join(' ')).toEqual([0, ...heights.map((_, at) => heights.slice(0, at + 1).reduce((sum, height) => sum + height, 0))])
    }
  })
  it('is asked for beyond the first few', () => {
    const extent = of(...Array.from({ length: 10_000 }, (_, at) => `m${at}`))
    expect(extent.total).toBe(200_000)
    extent.measure(5000, 50)
    expect(extent.top(5000)).toBe(100_000)
    expect(extent.total).toBe(200_030)
  })
  it('is guessed again at another width', () => {
    const extent = of('a', 'b')
    extent.measure(0, 70)
    extent.forget()
    expect(extent.total).toBe(40)
  })
})

describe('the row at a place', () => {
  it('is the one that covers it, or the nearest', () => {
    const extent = of('a', 'long', 'b')
    expect([-5, 0, 19.9, 20, 119, 120, 500].map((offset) => extent.at(offset))).toEqual([0, 0, 0, 1, 1, 2, 2])
    expect(of().at(10)).toBe(0)
  })
  it('is found by its key wherever it went', () => {
    const extent = of('a', 'b', 'c')
    expect([extent.indexOf('b', 1), extent.indexOf('c', 0), extent.indexOf('gone', 1)]).toEqual([1, 2, -1])
    expect([extent.key(2), extent.key(3)]).toEqual(['c', null])
  })
})
