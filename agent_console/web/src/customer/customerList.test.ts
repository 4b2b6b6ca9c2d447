import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import * as calls from '@/api/calls'
import type { CustomerHit } from '@/api/types'
import { refreshed, useCustomerList } from './customerList'

/** `a3`: customer a, who wrote last at 3. */
const hit = (mark: string) => ({ id: mark[0], name: mark[0], last_at: mark.slice(1) || null, last_text: `words ${mark}` }) as CustomerHit
const page = (marks: string, after: string | null = null) => ({ items: marks.split(' ').filter(Boolean).map(hit), after })
const marks = (items: CustomerHit[]) => items.map((one) => `${one.id}${one.last_at ?? ''}`).join(' ')
let asked = vi.spyOn(calls, 'customers')
beforeEach(() => { asked = vi.spyOn(calls, 'customers') })

describe('the first page anew', () => {
  it.each([
    ['whoever wrote moves up', 'd4 c3 b2 a1', 'b5 d4', 'b5 d4 c3 a1'],
    ['whoever came stands above', 'd4 c3 b2 a1', 'e5 d4', 'e5 d4 c3 b2 a1'],
    ['whoever is gone is gone', 'd4 c3 b2 a1', 'd4 b2', 'd4 b2 a1'],
    ['so many came that what was read doesn’t join', 'd4 c3 b2 a1', 'f6 e5', 'f6 e5'],
    ['all of the page wrote again', 'd4 c3 b2 a1', 'a6 b5', 'a6 b5'],
  ])('%s', (_, before, fresh, after) => {
    const held = page(before, 'old')
    const found = refreshed(held, page(fresh, 'new'))
    expect(marks(found.items)).toBe(after)
    expect(found.after).toBe(after === fresh ? 'new' : 'old')
  })

  it('that is all there are leaves nobody else', () => {
    expect(refreshed(page('d4 c3 b2'), page('d4 b2'))).toEqual(page('d4 b2'))
  })
})

describe('the list', () => {
  async function opened(busy = ref(false)) {
    asked.mockResolvedValueOnce(page('c3 b2 a1', 'more'))
    const list = useCustomerList(busy)
    await list.read('')
    return { list, busy }
  }

  it('follows what the feed tells while nobody is at it', async () => {
    const { list } = await opened()
    asked.mockResolvedValueOnce(page('a4 c3 b2', 'x'))
    await list.refresh()
    expect(list.ids.value).toEqual(['a', 'c', 'b'])
    expect(list.newer.value).toBe(false)
  })

  it('moves nothing under whoever is at it, whose rows have new words all the same', async () => {
    const { list, busy } = await opened(ref(true))
    asked.mockResolvedValueOnce(page('d5 a4 c3', 'x'))
    await list.refresh()
    expect(list.ids.value).toEqual(['c', 'b', 'a', 'd'])
    expect(list.byId.value.get('a')?.last_text).toBe('words a4')
    expect(list.newer.value).toBe(true)
    busy.value = false
    await nextTick()
    expect(list.ids.value).toEqual(['d', 'a', 'c', 'b'])
    expect(list.newer.value).toBe(false)
  })

  it('keeps the row of somebody who is gone until they have looked away', async () => {
    const { list, busy } = await opened(ref(true))
    asked.mockResolvedValueOnce(page('c3 a1', null))
    await list.refresh()
    expect(list.ids.value.map((id) => list.byId.value.get(id)?.last_text)).toEqual(['words c3', 'words b2', 'words a1'])
    busy.value = false
    await nextTick()
    expect(list.ids.value).toEqual(['c', 'a'])
    expect(list.byId.value.has('b')).toBe(false)
  })

  it('reads once more when it is told of something while it reads', async () => {
    const { list } = await opened()
    let answer: (found: ReturnType<typeof page>) => void = () => undefined
    asked.mockImplementationOnce(() => new Promise((resolve) => { answer = resolve }))
    const first = list.refresh()
    await list.refresh()
    await list.refresh()
    expect(asked).toHaveBeenCalledTimes(2)
    asked.mockResolvedValueOnce(page('b6 a5 c3', 'x'))
    answer(page('a5 c3 b2', 'x'))
    await first
    await flushPromises()
    expect(asked).toHaveBeenCalledTimes(3)
    expect(list.ids.value).toEqual(['b', 'a', 'c'])
  })

  it('goes on where it stopped, and keeps that when its beginning is read anew', async () => {
    const { list } = await opened()
    asked.mockResolvedValueOnce({ ...page('z1 y1'), after: 'end' })
    await list.readMore()
    asked.mockResolvedValueOnce(page('y9 c3 b2', 'x'))
    await list.refresh()
    expect(list.ids.value).toEqual(['y', 'c', 'b', 'a', 'z'])
    asked.mockResolvedValueOnce(page('w0'))
    await list.readMore()
    expect(asked.mock.lastCall?.[0].after).toBe('end')
    expect(list.canReadMore()).toBe(false)
  })

  it('answers a new question at once, whoever is at it', async () => {
    const { list } = await opened(ref(true))
    asked.mockResolvedValueOnce(page('q7'))
    await list.read('q')
    expect(list.ids.value).toEqual(['q'])
  })
})
