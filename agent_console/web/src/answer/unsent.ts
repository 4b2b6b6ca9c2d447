/** Replies that the hub hasn't answered for yet, kept on this computer: a page that is loaded anew sends them. */
import type { Outgoing } from './outbox'

export type Unsent = Pick<Outgoing, 'id' | 'data' | 'files' | 'conversationId' | 'customerId' | 'at'>

const prefix = (userId: string): string => `triggerhub.unsent.${userId}.`

export function keepUnsent(userId: string, { id, data, files, conversationId, customerId, at }: Unsent): void {
  localStorage.setItem(prefix(userId) + id, JSON.stringify({ id, data, files, conversationId, customerId, at }))
}

export function dropUnsent(userId: string, id: string): void {
  localStorage.removeItem(prefix(userId) + id)
}

/** Of this user, in the order in which they were written. */
export function readUnsent(userId: string): Unsent[] {
  const found: Unsent[] = []
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(prefix(userId))) continue
    try {
      found.push(JSON.parse(localStorage.getItem(key) ?? '') as Unsent)
    } catch {
      localStorage.removeItem(key)
    }
  }
  return found.sort((a, b) => a.at - b.at)
}
