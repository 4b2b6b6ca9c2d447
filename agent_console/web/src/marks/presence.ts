/** How an agent's three axes become the one mark that is shown. */
import type { Agent, Presence } from '@/api/types'

export type PresenceMark = 'available' | 'interacting' | 'wrapup' | 'away' | 'missed' | 'offline'

/** Those of every company; it may have more, by the names that it gave them. */
const COMMON: Presence[] = ['available', 'break', 'meal', 'meeting', 'training', 'busy', 'offline']

/** In the order in which they are chosen from: to be there first, not to be there last. */
export function inOrder(presences: Presence[]): Presence[] {
  const own = presences.filter((one) => !COMMON.includes(one))
  return [...COMMON.slice(0, -1), ...own, ...COMMON.slice(-1)]
}

export const presenceName = (presence: Presence | null | undefined, t: (key: string) => string): string =>
  presence && !COMMON.includes(presence) ? presence : t(`presence.${presence ?? 'offline'}`)

export function presenceMark(agent: Agent | undefined): PresenceMark {
  if (!agent || agent.presence === undefined || agent.presence === 'offline') return 'offline'
  if (agent.status === 'not_responding') return 'missed'
  if (agent.presence !== 'available') return 'away'
  const holds = agent.holds ?? []
  if (holds.length > 0 && holds.every((hold) => hold.state === 'wrap_up')) return 'wrapup'
  return agent.status === 'interacting' ? 'interacting' : 'available'
}

/** What it is called: the mark when the system derived it, else what the agent chose. */
export function presenceLabel(agent: Agent | undefined, t: (key: string) => string): string {
  const mark = presenceMark(agent)
  if (mark === 'away' || mark === 'offline') return presenceName(agent?.presence, t)
  return t(mark === 'available' ? 'presence.idle' : `presence.${mark}`)
}
