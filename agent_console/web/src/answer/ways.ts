/** The ways in which a customer can be answered. */
import type { Interaction, ReplyWay } from '@/api/types'

export const wayKey = (way: ReplyWay): string => `${way.channel}|${way.account_id}|${way.identity_id}`

/** The way the conversation came by, then open ones, then closed ones with their reason. */
export function inOrder(ways: ReplyWay[], interaction: Interaction | null): ReplyWay[] {
  const rank = (way: ReplyWay) =>
    (way.identity_id === interaction?.identity_id && way.channel === interaction.channel ? 0 : 2) +
    (way.account_id === interaction?.account_id ? 0 : 1) + (way.open ? 0 : 10)
  return ways.toSorted((a, b) => rank(a) - rank(b))
}

export function chosenWay(ways: ReplyWay[], interaction: Interaction | null, wanted: string): ReplyWay | null {
  const open = inOrder(ways, interaction).filter((way) => way.open)
  return open.find((way) => wayKey(way) === wanted) ?? open[0] ?? null
}
