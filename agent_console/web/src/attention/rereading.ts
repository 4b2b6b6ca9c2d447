/** What could not be read is read again: asked for, and what comes of it is waited for and said. */
import { reactive } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { AttentionItem, ReplayOutcome } from '@/api/types'

/** `running`: asked for; `waiting`: not read within the time, which it will be. */
export interface Again {
  item: AttentionItem
  state: 'running' | 'waiting' | NonNullable<ReplayOutcome['outcome']>
  reason: string
  customerId: string | null
}

const WAIT_SECONDS = 10
const TIMES = 3

export interface Rereading {
  /** By the id of the item. */
  found: ReadonlyMap<string, Again>
  /** Settles when it is known what came of it; `ask` gives the message and the log's position, or nothing when it is refused. */
  run: (item: AttentionItem, ask: () => Promise<{ message_id: string; seq: number } | undefined>) => Promise<Again | null>
}

export function useRereading(): Rereading {
  const found = reactive(new Map<string, Again>())

  async function run(item: AttentionItem, ask: () => Promise<{ message_id: string; seq: number } | undefined>): Promise<Again | null> {
    found.set(item.id, { item, state: 'running', reason: '', customerId: null })
    const asked = await ask()
    if (!asked) {
      found.delete(item.id)
      return null
    }
    const told: ReplayOutcome = await outcome(asked.message_id, asked.seq)
    const again: Again = { item, state: told.outcome ?? 'waiting', reason: told.reason, customerId: told.customer_id }
    found.set(item.id, again)
    return again
  }

  return { found, run }
}

async function outcome(messageId: string, after: number): Promise<ReplayOutcome> {
  let told: ReplayOutcome = { outcome: null, reason: '', customer_id: null, next: after }
  try {
    for (let times = 0; told.outcome === null && times < TIMES; times += 1) {
      told = await calls.outcome(messageId, told.next, WAIT_SECONDS)
    }
  } catch (error) {
    // The connection is away: that it is to be read stands in the log.
    if (!(error instanceof ProblemError)) throw error
  }
  return told
}

/** The list with what is read again in it, where it stood: newest first. */
export function withAgain(items: AttentionItem[], found: ReadonlyMap<string, Again>): AttentionItem[] {
  const there = new Set(items.map((item) => item.id))
  const gone = [...found.values()].map((again) => again.item).filter((item) => !there.has(item.id))
  return gone.length === 0 ? items : [...items, ...gone].sort((a, b) => b.at.localeCompare(a.at))
}
