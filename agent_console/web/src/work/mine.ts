/** What is mine: offers held out to me and interactions I own, and how urgent each is. */
import { computed, shallowReactive } from 'vue'

import type { Interaction, Offer } from '@/api/types'
import { useLive } from '@/live/live'
import { ms } from '@/marks/clock'
import { slaLevel, type SlaLevel } from '@/marks/sla'

export function useMine() {
  const live = useLive()
  const offers = computed(() =>
    Object.values(live.state.offers)
      .filter((offer) => offer.agent_id === live.me?.id && offer.state === 'pending')
      .sort((a, b) => a.made_at.localeCompare(b.made_at)),
  )
  const interactions = computed(() =>
    Object.values(live.state.interactions).filter(
      (row) => row.owner_id === live.me?.id && (row.state === 'active' || row.state === 'parked'),
    ),
  )
  return { offers, interactions }
}

/** Whose word on whose an address is counts, as the hub decides it: who supervises, or holds work of that customer. */
export function useWord(): (customerId: string) => boolean {
  const live = useLive()
  return (customerId) => live.me?.role === 'supervisor' || live.me?.role === 'admin'
    || Object.values(live.state.interactions).some((row) => row.customer_id === customerId && row.owner_id === live.me?.id)
}

/** Work that was closed here: its row says so while it keeps its place. */
const closed = shallowReactive(new Set<string>())
export const wasClosed = (id: string): boolean => closed.has(id)

/** Carries out what ends this work; true when it did. */
export async function closing(id: string, work: Promise<unknown>): Promise<boolean> {
  // Its row may go before the answer comes.
  closed.add(id)
  const done = (await work) !== undefined
  if (!done) closed.delete(id)
  return done
}

/** An offer names its interaction by id; the row itself comes beside it or within it. */
export function offered(rows: Record<string, Interaction>, offer: Offer): Interaction | null {
  return rows[offer.interaction_id] ?? offer.interaction ?? null
}

/** The customer spoke last, so an answer is owed. */
export function awaitsUs(row: Interaction): boolean {
  const theirs = ms(row.last_customer_at)
  if (theirs === null) return row.last_agent_at === null
  return theirs > (ms(row.last_agent_at) ?? 0)
}

export function urgency(row: Interaction, now: number): SlaLevel {
  if (row.state === 'parked' || row.assignment_state === 'wrap_up' || !awaitsUs(row)) return 'none'
  return slaLevel(ms(row.last_customer_at) ?? ms(row.opened_at), ms(row.due_at), now)
}

/** Most urgent first: what is owed by when it is due, then wrap-up, then what waits for the customer. */
export function byUrgency(a: Interaction, b: Interaction): number {
  return rank(a) - rank(b) || dueAt(a) - dueAt(b) || (a.id < b.id ? -1 : 1)
}

function rank(row: Interaction): number {
  if (row.state === 'parked') return 3
  if (row.assignment_state === 'wrap_up') return 1
  return awaitsUs(row) ? 0 : 2
}

function dueAt(row: Interaction): number {
  const due = awaitsUs(row) ? ms(row.due_at) : null
  const spoke = ms(row.last_customer_at) ?? ms(row.opened_at) ?? 0
  // Without a target the longest silence comes first, after everything that has one.
  return due ?? 8e15 + (awaitsUs(row) ? spoke : -spoke) / 1e3
}

/** The customer that is shown: the likely one under a banner while nothing is proven. */
export function shownCustomer(row: Interaction): string {
  return row.likely_customer_id ?? row.customer_id
}
