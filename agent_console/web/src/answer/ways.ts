/** The ways in which a customer can be answered. */
import type { Channel, Interaction, ReplyWay } from '@/api/types'
import limits from './limits.json'

/** What tells two ways of one channel apart: our account, or the customer's address. */
export function difference(way: ReplyWay, ways: ReplyWay[], accountName: string): string {
  const alike = ways.filter((other) => other.channel === way.channel)
  if (alike.length < 2) return ''
  return alike.some((other) => other !== way && other.address === way.address) ? accountName : way.address
}

export const wayKey = (way: Pick<ReplyWay, 'channel' | 'account_id' | 'identity_id'>): string => `${way.channel}|${way.account_id}|${way.identity_id}`

/** The way the conversation came by, then open ones, then closed ones with their reason. */
export function inOrder(ways: ReplyWay[], interaction: Interaction | null): ReplyWay[] {
  const rank = (way: ReplyWay) =>
    (way.identity_id === interaction?.identity_id && way.channel === interaction.channel ? 0 : 2) +
    (way.account_id === interaction?.account_id ? 0 : 1) + (way.open ? 0 : 10)
  // One address may be known twice, claimed and verified: it is one way to answer.
  const seen = new Set<string>()
  return ways.toSorted((a, b) => rank(a) - rank(b)).filter((way) => {
    const key = `${way.channel}|${way.account_id}|${way.address}`
    return !seen.has(key) && seen.add(key)
  })
}

/** One that an answer can leave by. */
export type OpenWay = ReplyWay & { account_id: string }
export const isOpen = (way: ReplyWay): way is OpenWay => way.open && way.account_id !== null

export function chosenWay(ways: ReplyWay[], interaction: Interaction | null, wanted: string): OpenWay | null {
  const open = inOrder(ways, interaction).filter(isOpen)
  return open.find((way) => wayKey(way) === wanted) ?? open[0] ?? null
}

/** What a channel can't carry. The hub refuses it too; a test holds `limits.json` against its rule. */
export const takesFiles = (channel: Channel): boolean => !limits.without_files.includes(channel)

/** The most characters (not UTF-16 units) of one text, or null without a limit. */
export function longestText(channel: Channel): number | null {
  const known: Partial<Record<Channel, number>> = limits.longest_text
  return known[channel] ?? null
}
