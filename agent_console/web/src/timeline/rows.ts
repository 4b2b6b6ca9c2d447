/** Entries become rows: day lines, lines where the conversation changes, entries, replies under way. */
import type { Outgoing } from '@/answer/outbox'
import type { Channel, Entry } from '@/api/types'

export type Row =
  | { key: string; kind: 'day'; at: string }
  | { key: string; kind: 'conversation'; conversationId: string; current: boolean; channel: Channel; subject: string | null }
  | { key: string; kind: 'entry'; entry: Entry; current: boolean }
  | { key: string; kind: 'outgoing'; outgoing: Outgoing }

const days = new WeakMap<Entry, string>()
function dayOf(entry: Entry): string {
  let day = days.get(entry)
  if (day === undefined) {
    day = new Date(entry.at).toDateString()
    days.set(entry, day)
  }
  return day
}

export function buildRows(entries: Entry[], outgoing: Outgoing[], conversationId: string | null): Row[] {
  const rows: Row[] = []
  let day = ''
  let conversation: string | null = null
  for (const entry of entries) {
    // Taken back by its author before it left: there is nothing to show.
    if (entry.state === 'cancelled') continue
    const on = dayOf(entry)
    if (on !== day) {
      day = on
      rows.push({ key: `day ${on} ${entry.id}`, kind: 'day', at: entry.at })
    }
    const current = entry.conversation_id === conversationId
    if (entry.conversation_id !== conversation) {
      // A line where this conversation begins again, and where another cuts in after it.
      if (conversationId !== null && (current || conversation === conversationId)) {
        rows.push({
          key: `conversation ${entry.id}`, kind: 'conversation', conversationId: entry.conversation_id,
          current, channel: entry.channel, subject: entry.subject,
        })
      }
      conversation = entry.conversation_id
    }
    rows.push({ key: entry.id, kind: 'entry', entry, current: current || conversationId === null })
  }
  for (const one of outgoing) {
    if (one.messageId && entries.some((entry) => entry.id === one.messageId)) continue
    rows.push({ key: `outgoing ${one.id}`, kind: 'outgoing', outgoing: one })
  }
  return rows
}

/** Two ascending timelines as one, for someone who is not proven to be the likely customer. */
export function merged(a: Entry[], b: Entry[]): Entry[] {
  if (b.length === 0) return a
  const byId = new Map([...a, ...b].map((entry) => [entry.id, entry]))
  return [...byId.values()].sort((x, y) => x.seq - y.seq)
}
