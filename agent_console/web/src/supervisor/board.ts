/** What the wallboard counts, and from what. The numbers of queues are the hub's own. */
import type { Agent, Interaction, Queue } from '@/api/types'
import { ms } from '@/marks/clock'
import { presenceMark, type PresenceMark } from '@/marks/presence'
import { slaLevel, type SlaLevel } from '@/marks/sla'

export type DrillKind = 'waiting' | 'longest' | 'inWork' | 'answered' | 'abandoned' | 'agent'

export interface Drill {
  kind: DrillKind
  /** Of the queue, or of the agent. */
  id: string
}

/** As it is written beside the number. */
export const FORMULA: Record<DrillKind, string> = {
  waiting: 'waiting = count(queued) + count(offered)',
  longest: 'longest = now − min(enqueued_at)',
  inWork: 'in_work = count(active)',
  answered: 'answered = count(first offer.accepted of each ≥ midnight)',
  abandoned: 'abandoned = count(closed: abandoned ≥ midnight)',
  agent: 'holds = count(owner = agent, not closed)',
}

export function queueLevel(queue: Queue, now: number): SlaLevel {
  const since = ms(queue.longest_since)
  if (since === null || queue.sla_seconds === null) return 'none'
  return slaLevel(since, since + queue.sla_seconds * 1000, now)
}

const waits = (row: Interaction) => row.state === 'queued' || row.state === 'offered'

/** The open interactions behind a live number, longest waiting first. */
export function behind(rows: Interaction[], drill: Drill): Interaction[] {
  const counted = rows.filter((row) => {
    if (drill.kind === 'agent') return row.owner_id === drill.id && row.state !== 'closed'
    if (row.queue_id !== drill.id) return false
    return drill.kind === 'inWork' ? row.state === 'active' : waits(row)
  })
  return counted.sort((a, b) => since(a).localeCompare(since(b)))
}
const since = (row: Interaction) => (waits(row) ? row.enqueued_at : row.activated_at) ?? row.opened_at

/** Agents; of the others whoever is there for work, or has some. */
export function takesWork(person: Agent): boolean {
  if (person.presence === undefined) return false
  return (person.role ?? 'agent') === 'agent' || person.presence !== 'offline' || (person.holds ?? []).length > 0
}

const TROUBLE: PresenceMark[] = ['missed', 'away', 'interacting', 'wrapup', 'available', 'offline']

/** Trouble first; among equals whoever has been in that state longest. */
export function byTrouble(a: Agent, b: Agent): number {
  const rank = (agent: Agent) => TROUBLE.indexOf(presenceMark(agent))
  return rank(a) - rank(b) || (ms(a.since) ?? 0) - (ms(b.since) ?? 0) || a.name.localeCompare(b.name)
}

export function tally(agents: Agent[]): Record<PresenceMark, number> {
  const count: Record<PresenceMark, number> = { interacting: 0, wrapup: 0, available: 0, away: 0, missed: 0, offline: 0 }
  for (const agent of agents) count[presenceMark(agent)] += 1
  return count
}

/** How many stand in a line when `count` fill as few lines as `fit` of them (at most `most`) allow, evenly. */
export function evenly(count: number, fit: number, most: number): number {
  const lines = Math.ceil(count / Math.max(1, Math.min(fit, most)))
  return Math.max(1, Math.ceil(count / Math.max(1, lines)))
}
