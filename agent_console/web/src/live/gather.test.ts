import { beforeEach, describe, expect, it, vi } from 'vitest'

import { gather } from './gather'

describe('frames between two pictures', () => {
  let batches: number[][] = []
  const shown = (state: DocumentVisibilityState) => vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  const picture = () => vi.advanceTimersByTime(17)

  beforeEach(() => {
    batches = []
    shown('visible')
    vi.useFakeTimers()
    return () => {
      vi.useRealTimers()
      vi.unstubAllGlobals()
    }
  })

  it('are taken in together, in their order', () => {
    const { put } = gather<number>((batch) => batches.push(batch))
    put(1)
    put(2)
    expect(batches).toEqual([])
    picture()
    put(3)
    picture()
    picture()
    expect(batches).toEqual([[1, 2], [3]])
  })
  it('are taken in when an answer needs them, and only once', () => {
    const { put, flush } = gather<number>((batch) => batches.push(batch))
    put(1)
    flush()
    flush()
    picture()
    expect(batches).toEqual([[1]])
  })
  it('are taken in as they come where nothing is drawn', () => {
    shown('hidden')
    const { put } = gather<number>((batch) => batches.push(batch))
    put(1)
    put(2)
    expect(batches).toEqual([[1], [2]])
  })
  it('wait for no picture that never comes', () => {
    vi.stubGlobal('requestAnimationFrame', () => 1)
    const { put } = gather<number>((batch) => batches.push(batch))
    put(1)
    vi.advanceTimersByTime(100)
    expect(batches).toEqual([[1]])
  })
})
