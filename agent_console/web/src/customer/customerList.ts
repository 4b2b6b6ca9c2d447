/**
 * The list of customers as somebody reads it: pages, and what has changed since.
 *
 * While somebody points at it, works in it or has scrolled, every row keeps its place: its words are
 * new, whoever came stands at the end, and the right order waits until they have looked away.
 */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { CustomerHit, Problem } from '@/api/types'

const PAGE = 40

interface Pages { items: CustomerHit[]; after: string | null }

/** The first page anew, before what was read of the rest; places only ever move up, or are given up. */
export function refreshed(held: Pages, fresh: Pages): Pages {
  const now = new Map(fresh.items.map((hit) => [hit.id, hit]))
  // The last that stands where it stood: what was before it is in the page, or is no longer there.
  const anchor = held.items.findLastIndex((hit) => now.has(hit.id) && now.get(hit.id)?.last_at === hit.last_at)
  if (fresh.after === null || anchor < 0) return fresh
  return { items: [...fresh.items, ...held.items.slice(anchor + 1).filter((hit) => !now.has(hit.id))], after: held.after }
}

export interface CustomerList {
  /** In the order in which they are shown. */
  ids: Ref<string[]>
  byId: ComputedRef<Map<string, CustomerHit>>
  /** Nothing was read yet. */
  unread: ComputedRef<boolean>
  /** There are others above than are shown there. */
  newer: ComputedRef<boolean>
  problem: Ref<Problem | null>
  canReadMore: () => boolean
  read: (query: string) => Promise<void>
  readMore: () => Promise<void>
  /** Something has changed. */
  refresh: () => Promise<void>
  settle: () => void
}

export function useCustomerList(busy: Ref<boolean>): CustomerList {
  const pages = shallowRef<Pages | null>(null)
  const problem = ref<Problem | null>(null)
  const ids = ref<string[]>([])
  const gone = shallowRef(new Map<string, CustomerHit>())
  let query = ''
  let running: AbortController | null = null
  let stale = false

  const byId = computed(() => new Map([...gone.value, ...(pages.value?.items ?? []).map((hit) => [hit.id, hit] as const)]))
  const wanted = () => (pages.value?.items ?? []).map((hit) => hit.id)
  const newer = computed(() => pages.value !== null && pages.value.items[0]?.id !== ids.value[0])

  function settle(): void {
    gone.value = new Map()
    ids.value = wanted()
  }
  watch(busy, (isBusy) => { if (!isBusy) settle() })

  /** Only one reading at a time; a newer question ends the one before. */
  async function ask(after: string | null, take: (page: Pages) => void): Promise<void> {
    running?.abort()
    const mine = new AbortController()
    running = mine
    try {
      const page = await calls.customers({ q: query, limit: PAGE, after }, mine.signal)
      if (running !== mine) return
      take(page)
      problem.value = null
    } catch (error) {
      if (mine.signal.aborted) return
      if (!(error instanceof ProblemError)) throw error
      problem.value = error.problem
    } finally {
      if (running === mine) running = null
    }
    if (stale && running === null) await refresh()
  }

  async function read(words: string): Promise<void> {
    query = words
    stale = false
    await ask(null, (page) => {
      pages.value = page
      settle()
    })
  }

  async function readMore(): Promise<void> {
    const held = pages.value
    if (!held || held.after === null || running !== null) return
    await ask(held.after, (page) => {
      const known = new Set(held.items.map((hit) => hit.id))
      const more = page.items.filter((hit) => !known.has(hit.id))
      pages.value = { items: [...held.items, ...more], after: page.after }
      const shown = new Set(ids.value)
      ids.value = [...ids.value, ...more.map((hit) => hit.id).filter((id) => !shown.has(id))]
    })
  }

  async function refresh(): Promise<void> {
    stale = running !== null || pages.value === null
    if (stale) return
    await ask(null, (page) => {
      const held = pages.value
      if (!held) return
      const before = byId.value
      pages.value = refreshed(held, page)
      if (!busy.value) {
        settle()
        return
      }
      const now = new Set(wanted())
      gone.value = new Map([...before].filter(([id]) => !now.has(id)))
      const shown = new Set(ids.value)
      ids.value = [...ids.value, ...[...now].filter((id) => !shown.has(id))]
    })
  }

  return {
    ids, byId, newer, problem, read, readMore, refresh, settle,
    unread: computed(() => pages.value === null),
    canReadMore: () => typeof pages.value?.after === 'string' && problem.value === null,
  }
}
