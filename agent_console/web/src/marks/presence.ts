/** How an agent's three axes become the one mark that is shown. */
import type { Agent, Presence } from '@/api/types'

export type PresenceMark = 'available' | 'interacting' | 'wrapup' | 'away' | 'missed' | 'offline'

export const PRESENCES: Presence[] = [
  'available', 'break', 'meal', 'meeting', 'training', 'busy', 'offline',
]

export function presenceMark(agent: Agent | undefined): PresenceMark {
  if (!agent || agent.presence === undefined || agent.presence === 'offline') return 'offline'
  if (agent.status === 'not_responding') return 'missed'
  if (agent.presence !== 'available') return 'away'
  const holds = agent.holds ?? []
  if (holds.length > 0 && holds.every((hold) => hold.state === 'wrap_up')) return 'wrapup'
  return agent.status === 'interacting' ? 'interacting' : 'available'
}

/** The message that names it: the mark when the system derived it, else what the agent chose. */
export function presenceLabel(agent: Agent | undefined): string {
  const mark = presenceMark(agent)
  if (mark === 'away' || mark === 'offline') return `presence.${agent?.presence ?? 'offline'}`
  return mark === 'available' ? 'presence.idle' : `presence.${mark}`
}
