/** What the wallboard counts, and from what. The numbers of queues are the hub's own. */
import type { Agent, Interaction, Queue } from '@/api/types'
import { ms } from '@/marks/clock'
import { presenceMark, type PresenceMark } from '@/marks/presence'
import { slaLevel, type SlaLevel } from '@/marks/sla'
import figures from './figures.json'

/** Named as the field of the queue or agent that has the number. */
export type FigureName = keyof typeof figures

/** What a number counts, as the hub has it (triggerhub/domain/figures.py). */
export interface Figure {
  rows: string
  /** A row counts where any of these fits it; none for what happened today, which only the hub knows. */
  where: Record<string, unknown[]>[]
  formula: string
}
export const FIGURES: Record<FigureName, Figure> = figures

export interface Drill {
  kind: FigureName
  /** Of the queue, or of the agent. */
  id: string
}

const counts = (kind: FigureName, row: object) =>
  FIGURES[kind].where.some((fields) => Object.entries(fields).every(([field, values]) => values.includes((row as Record<string, unknown>)[field])))

export function queueLevel(queue: Queue, now: number): SlaLevel {
  const since = ms(queue.longest_since)
  if (since === null || queue.sla_seconds === null) return 'none'
  return slaLevel(since, since + queue.sla_seconds * 1000, now)
}

/** The open interactions behind a live number, longest waiting first. */
export function behind(rows: Interaction[], drill: Drill): Interaction[] {
  const counted = rows.filter((row) => (drill.kind === 'holds' ? row.owner_id : row.queue_id) === drill.id && counts(drill.kind, row))
  return counted.sort((a, b) => since(a).localeCompare(since(b)))
}
const since = (row: Interaction) => (counts('waiting', row) ? row.enqueued_at : row.activated_at) ?? row.opened_at

/** Who stands behind the two numbers of a queue's agents. */
export function serving(agents: Agent[], queueId: string): { ready: Agent[]; others: Agent[] } {
  const all = agents.filter((agent) => agent.queue_ids?.includes(queueId) && counts('agents_total', agent)).sort(byTrouble)
  return { ready: all.filter((agent) => counts('agents_ready', agent)), others: all.filter((agent) => !counts('agents_ready', agent)) }
}

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
