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

export function buildRows(entries: readonly Entry[], outgoing: Outgoing[], conversationId: string | null): Row[] {
  return rowsOf().build(entries, outgoing, conversationId)
}

/** Builds a timeline's rows again and again; those before the first entry that is another one are kept. */
export function rowsOf() {
  let entries: readonly Entry[] = []
  let conversationId: string | null = null
  /** The rows of all entries, and how many of them there are up to each entry. */
  const rows: Row[] = []
  const upTo: number[] = []

  function build(now: readonly Entry[], outgoing: Outgoing[], current: string | null): Row[] {
    let same = 0
    if (current === conversationId) {
      const most = Math.min(now.length, entries.length)
      while (same < most && now[same] === entries[same]) same++
    }
    rows.length = upTo[same - 1] ?? 0
    upTo.length = same
    entries = now
    conversationId = current
    const last = rows.at(-1)
    let before = last?.kind === 'entry' ? last.entry : undefined
    for (let at = same; at < now.length; at++) {
      const entry = now[at]
      // Taken back by its author before it left: there is nothing to show.
      if (entry && entry.state !== 'cancelled') {
        add(entry, at, before)
        before = entry
      }
      upTo.push(rows.length)
    }
    const waiting = outgoing.filter((one) => !one.messageId || !now.some((entry) => entry.id === one.messageId))
    return [...rows, ...waiting.map((one): Row => ({ key: `outgoing ${one.id}`, kind: 'outgoing', outgoing: one }))]
  }

  function add(entry: Entry, at: number, before: Entry | undefined): void {
    const on = dayOf(entry)
    if (!before || on !== dayOf(before)) rows.push({ key: `day ${on} ${entry.id}`, kind: 'day', at: entry.at })
    const current = entry.conversation_id === conversationId
    // A line where this conversation begins again, and where another cuts in after it.
    if (entry.conversation_id !== before?.conversation_id && conversationId !== null && (current || before?.conversation_id === conversationId)) {
      // A note, which may stand first, is of no channel: what was said before it there tells of it.
      const said = entry.channel ? undefined : entries.slice(0, at).findLast((one) => one.conversation_id === entry.conversation_id && one.channel)
      const { channel, subject } = said ?? entry
      rows.push({
        key: `conversation ${entry.id}`, kind: 'conversation', conversationId: entry.conversation_id,
        current, channel, subject,
      })
    }
    rows.push({ key: entry.id, kind: 'entry', entry, current: current || conversationId === null })
  }

  return { build }
}

/** Two ascending timelines as one, for someone who is not proven to be the likely customer. */
export function merged(a: Entry[], b: Entry[]): Entry[] {
  if (b.length === 0) return a
  const byId = new Map([...a, ...b].map((entry) => [entry.id, entry]))
  return [...byId.values()].sort((x, y) => x.seq - y.seq)
}
