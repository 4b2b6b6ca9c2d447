/**
 * What comes faster than pictures are drawn is taken in together, right before the next picture.
 * A page that isn't shown gets no pictures: there everything is taken in as it comes.
 */

/** Should a browser draw no pictures of a page that counts as visible. */
const AT_LATEST_MS = 100

export interface Gathered<T> {
  put: (item: T) => void
  /** Take in what is there, now. */
  flush: () => void
}

export function gather<T>(takeIn: (batch: T[]) => void): Gathered<T> {
  let waiting: T[] = []
  let picture: number | null = null
  let timer: ReturnType<typeof setTimeout> | null = null

  function flush(): void {
    if (picture !== null) cancelAnimationFrame(picture)
    if (timer !== null) clearTimeout(timer)
    picture = timer = null
    if (waiting.length === 0) return
    const batch = waiting
    waiting = []
    takeIn(batch)
  }

  function put(item: T): void {
    waiting.push(item)
    if (document.visibilityState !== 'visible') flush()
    else if (picture === null) {
      picture = requestAnimationFrame(flush)
      timer = setTimeout(flush, AT_LATEST_MS)
    }
  }

  return { put, flush }
}
