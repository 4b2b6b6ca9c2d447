import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref, useTemplateRef } from 'vue'

import { useSight } from './sight'

const VIEW = 600
const GUESSED = 20
const REAL = 30
const list = (first: number, next: number) => Array.from({ length: next - first }, (_, at) => ({ key: `r${first + at}` }))

describe('what is in sight of a long scroll', () => {
  const rows = ref(list(0, 1000))
  let wrapper: VueWrapper
  let sight: ReturnType<typeof useSight>
  let resized: ResizeObserverCallback

  const page = defineComponent(() => {
    const scroller = useTemplateRef<HTMLElement>('scroller')
    sight = useSight(scroller, rows, () => GUESSED)
    return () => h('div', { ref: 'scroller' }, rows.value.slice(sight.sight.value.first, sight.sight.value.next).map((row, at) =>
      h('p', { key: row.key, ref: sight.watchRow, 'data-index': sight.sight.value.first + at }, row.key)))
  })

  beforeEach(async () => {
    // happy-dom lays nothing out: every row is taller than it was guessed.
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(VIEW)
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(300)
    vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(() => new DOMRect(0, 0, 300, REAL))
    vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockImplementation(() => sight.sight.value.above + shown().length * REAL + sight.sight.value.below)
    vi.stubGlobal('ResizeObserver', class {
      constructor(callback: ResizeObserverCallback) { resized = callback }
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    })
    rows.value = list(0, 1000)
    wrapper = mount(page, { attachTo: document.body })
    await flushPromises()
  })
  afterEach(() => {
    wrapper.unmount()
    vi.unstubAllGlobals()
  })

  const shown = () => wrapper.findAll('p').map((row) => row.text())
  const scroller = () => wrapper.element as HTMLElement
  const scrollTo = async (top: number) => {
    scroller().scrollTop = top
    sight.scrolled()
    await flushPromises()
  }
  const measure = async () => {
    const entries = wrapper.findAll('p').map(({ element }) => ({ target: element, borderBoxSize: [{ blockSize: REAL }] }))
    resized(entries as unknown as ResizeObserverEntry[], {} as ResizeObserver)
    await flushPromises()
  }

  it('begins at the end, with few rows', () => {
    expect(sight.settled.value).toBe(true)
    expect(shown().at(-1)).toBe('r999')
    expect(shown().length).toBeLessThan(60)
    expect(scroller().scrollTop).toBeGreaterThan(1e6)
  })

  it('follows what comes at the end, one layout a time, and never grows', async () => {
    for (let next = 1001; next <= 1100; next += 1) {
      rows.value = list(0, next)
      await nextTick()
      await nextTick()
      if (next % 3 === 0) await measure()
      expect(shown().at(-1)).toBe(`r${next - 1}`)
      expect(shown().length).toBeLessThan(80)
    }
    rows.value = list(0, 5000)
    await flushPromises()
    expect(shown().at(-1)).toBe('r4999')
    expect(shown().length).toBeLessThan(80)
  })

  it('stays where someone reads, whatever comes at either end', async () => {
    await scrollTo(8000)
    expect(sight.atEnd.value).toBe(false)
    expect(shown()).toContain('r400')
    // What was guessed too low above the view is made up for.
    const settled = scroller().scrollTop
    expect(settled).toBe(8000 + (REAL - GUESSED) * (400 - Number(shown()[0]?.slice(1))))
    const inView = list(400, 421).map(({ key }) => key)
    rows.value = list(0, 1200)
    await flushPromises()
    expect(shown()).toEqual(expect.arrayContaining(inView))
    expect(scroller().scrollTop).toBe(settled)
    rows.value = list(-50, 1200)
    await flushPromises()
    expect(shown()).toEqual(expect.arrayContaining(inView))
    expect(scroller().scrollTop).toBe(settled + 50 * GUESSED)
  })

  it('keeps its place by the next row when the first one goes', async () => {
    await scrollTo(8000)
    const settled = scroller().scrollTop
    rows.value = rows.value.filter(({ key }) => key !== 'r400')
    await flushPromises()
    expect(scroller().scrollTop).toBe(settled - REAL)
  })

  it('lets what is opened at the end grow out of sight, until somebody goes there', async () => {
    sight.stand()
    scroller().scrollTop = 5000
    await measure()
    expect(scroller().scrollTop).toBeLessThan(1e6)
    sight.toEnd()
    await flushPromises()
    expect(scroller().scrollTop).toBeGreaterThan(1e6)
  })

  it('goes to the end when it is asked to', async () => {
    await scrollTo(8000)
    rows.value = list(0, 1200)
    sight.toEnd()
    await flushPromises()
    expect(shown().at(-1)).toBe('r1199')
    expect(scroller().scrollTop).toBeGreaterThan(1e6)
  })
})
