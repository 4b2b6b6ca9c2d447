/**
 * Which rows of a long scroll are in the page: those in sight and some around them. They stand in
 * the page's own flow between two spaces, so a height that was guessed wrong moves nothing that is
 * seen. One layout a picture: what is new at the end is placed by the browser and measured later.
 */
import { nextTick, onBeforeUnmount, onMounted, ref, shallowRef, watch, type ComponentPublicInstance, type Ref } from 'vue'

import { Extent } from './extent'

/** Rows of this many pixels are there beyond what is seen, at either side, and never less or more than these. */
const AROUND_PX = 400
const LEAST_PX = 200
const MOST_PX = 800
/** Whoever is this near to the end stays at it. */
const AT_END_PX = 48
/** A day's line goes when older entries of that day come before it. */
const ANCHORS = 4
/** Further than any scroll reaches: the browser takes the end of what there is. */
const BEYOND = 1e9

export interface Sight {
  /** The first row that is in the page, and the one after the last. */
  first: number
  next: number
  /** What is left free for the others, in pixels. */
  above: number
  below: number
}

interface Anchor {
  key: string
  index: number
  /** From the top of the view to the top of this row; negative when it begins above. */
  from: number
}

export function useSight<T extends { readonly key: string }>(
  scroller: Readonly<Ref<HTMLElement | null>>, rows: Readonly<Ref<readonly T[]>>, estimate: (row: T) => number,
) {
  const extent = new Extent<T>(estimate)
  const sight = shallowRef<Sight>({ first: 0, next: 0, above: 0, below: 0 })
  const atEnd = ref(true)
  /** Placed for the first time: before that there is nothing to see. */
  const settled = ref(false)
  let top = 0
  let height = 0
  let viewHeight = 0
  let viewWidth = 0
  let anchors: Anchor[] = []
  let placing = false
  /** By how much the page's own scroll is behind `top`. */
  let owed = 0
  const items = new Set<HTMLElement>()

  /** Take what is in sight from `top`, or from the end, into the page. What is there stays while it fits. */
  function look(): void {
    if (viewHeight === 0) return
    const from = atEnd.value ? extent.total - viewHeight : top
    const to = from + viewHeight
    let { first, next } = sight.value
    const before = from - extent.top(first)
    if (first >= next || before > MOST_PX || (before < LEAST_PX && first > 0)) first = extent.at(from - AROUND_PX)
    const after = extent.top(next) - to
    if (atEnd.value) next = extent.count
    else if (first >= next || after > MOST_PX || (after < LEAST_PX && next < extent.count)) next = Math.min(extent.count, extent.at(to + AROUND_PX) + 1)
    const above = extent.top(first)
    const below = extent.total - extent.top(next)
    const { value: now } = sight
    if (now.first === first && now.next === next && now.above === above && now.below === below) return
    sight.value = { first, next, above, below }
    place()
  }

  /** The row at the top of the view keeps its place, whatever changes above it; if it goes itself, the next one does. */
  function hold(): void {
    anchors = []
    if (atEnd.value) return
    const first = extent.at(top)
    for (let index = first; index < Math.min(first + ANCHORS, extent.count); index++) {
      anchors.push({ key: extent.key(index) ?? '', index, from: extent.top(index) - top })
    }
  }

  /** When the page has changed: to the end, or back to the row that was held. */
  function place(): void {
    if (placing) return
    placing = true
    void nextTick(() => {
      placing = false
      const element = scroller.value
      if (!element) return
      for (const item of items) {
        if (item.isConnected) continue
        items.delete(item)
        observer.unobserve(item)
      }
      if (atEnd.value) follow(element)
      else stay(element)
      if (extent.count > 0) settled.value = true
    })
  }

  function follow(element: HTMLElement): void {
    element.scrollTop = BEYOND
    top = element.scrollTop
  }

  function stay(element: HTMLElement): void {
    for (const item of items) {
      const index = Number(item.dataset['index'])
      if (!extent.measured(index)) extent.measure(index, item.getBoundingClientRect().height)
    }
    moveToAnchor()
    pay(element)
  }

  function pay(element: HTMLElement): void {
    if (Math.abs(owed) >= 0.5) element.scrollTop += owed
    owed = 0
  }

  function moveToAnchor(): void {
    for (const { key, index: near, from } of anchors) {
      const index = extent.indexOf(key, near)
      if (index < 0) continue
      const wanted = Math.max(0, extent.top(index) - from)
      owed += wanted - top
      top = wanted
      return
    }
  }

  const observer = new ResizeObserver((entries) => {
    const element = scroller.value
    if (!element) return
    hold()
    if (entries.some(({ target }) => target === element)) {
      viewHeight = element.clientHeight
      if (viewWidth !== element.clientWidth) extent.forget()
      viewWidth = element.clientWidth
    }
    for (const { target, borderBoxSize } of entries) {
      if (!(target instanceof HTMLElement) || target === element || !target.isConnected) continue
      extent.measure(Number(target.dataset['index']), borderBoxSize[0]?.blockSize ?? target.offsetHeight)
    }
    moveToAnchor()
    look()
    if (atEnd.value) follow(element)
    else if (!placing) pay(element)
  })

  watch(rows, (now) => {
    hold()
    extent.set(now)
    moveToAnchor()
    look()
    place()
  }, { immediate: true })

  /** By a person, or the answer to what was placed. */
  function scrolled(): void {
    const element = scroller.value
    if (!element || !settled.value) return
    const { scrollTop, scrollHeight, clientHeight } = element
    // Who was at the end has left it by going up, not because something was added below.
    const up = scrollTop < top - 1 && scrollHeight >= height
    atEnd.value = scrollHeight - scrollTop - clientHeight < AT_END_PX || (atEnd.value && !up)
    top = scrollTop
    owed = 0
    height = scrollHeight
    hold()
    look()
  }

  function toEnd(): void {
    atEnd.value = true
    look()
    place()
  }

  /** Before something in sight grows because a person asked for it: where it begins is where they read on. */
  function stand(): void {
    atEnd.value = false
  }

  /** As the `ref` of each row's element, which has the row's index in `data-index`. */
  function watchRow(element: Element | ComponentPublicInstance | null): void {
    if (!(element instanceof HTMLElement) || items.has(element)) return
    items.add(element)
    observer.observe(element, { box: 'border-box' })
  }

  onMounted(() => {
    const element = scroller.value
    if (!element) return
    viewHeight = element.clientHeight
    viewWidth = element.clientWidth
    observer.observe(element)
    look()
  })
  onBeforeUnmount(() => { observer.disconnect() })

  return { sight, atEnd, settled, scrolled, toEnd, stand, watchRow }
}
