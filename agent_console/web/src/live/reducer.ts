/**
 * What the console knows, as a pure function of the frames it was sent.
 * Knows neither sockets nor Vue; tests/feed_cases holds it and the server to the same cases.
 */
import type {
  Account, Agent, Card, Entry, Frame, Interaction, Offer, Page, Queue, User, Viewer,
} from '@/api/types'

export interface Timeline {
  /** Ascending by `seq`, each id once. */
  items: Entry[]
  /** Where older entries begin; null when the first one is here. */
  before: number | null
  /** Taken before the last snapshot: shown, but to be read again. */
  stale: boolean
}

export interface LiveState {
  seq: number
  epoch: string | null
  now: string | null
  me: User | null
  presences: string[]
  agents: Record<string, Agent>
  queues: Record<string, Queue>
  interactions: Record<string, Interaction>
  offers: Record<string, Offer>
  accounts: Record<string, Account>
  attention: { count: number }
  timelines: Record<string, Timeline>
  cards: Record<string, Card>
  viewers: Record<string, Viewer[]>
}

export function emptyState(): LiveState {
  return {
    seq: 0, epoch: null, now: null, me: null, presences: [],
    agents: {}, queues: {}, interactions: {}, offers: {}, accounts: {},
    attention: { count: 0 }, timelines: {}, cards: {}, viewers: {},
  }
}

export function reduce(state: LiveState, frame: Frame): LiveState {
  const next = apply(state, frame)
  return frame.seq > next.seq ? { ...next, seq: frame.seq } : next
}

function apply(state: LiveState, frame: Frame): LiveState {
  switch (frame.type) {
    case 'snapshot': {
      const stale: Record<string, Timeline> = {}
      for (const [id, timeline] of Object.entries(state.timelines)) stale[id] = { ...timeline, stale: true }
      const fresh: LiveState = { ...state, ...frame.data, seq: frame.seq, viewers: {}, timelines: stale }
      return Object.values(frame.data.offers).reduce(withOffer, fresh)
    }
    case 'resumed':
      return { ...state, epoch: frame.data.epoch }
    case 'agent.changed':
      return { ...state, agents: put(state.agents, frame.data) }
    case 'queue.changed':
      return { ...state, queues: put(state.queues, frame.data) }
    case 'interaction.changed':
      return withWork(state, frame.data)
    case 'account.changed':
      return { ...state, accounts: put(state.accounts, frame.data) }
    case 'offer.changed':
      return withOffer(state, frame.data)
    case 'agent.removed':
      return { ...state, agents: drop(state.agents, frame.data.id) }
    case 'queue.removed':
      return { ...state, queues: drop(state.queues, frame.data.id) }
    case 'interaction.removed':
      return { ...state, interactions: drop(state.interactions, frame.data.id) }
    case 'offer.removed':
      return { ...state, offers: drop(state.offers, frame.data.id) }
    case 'entry.changed':
      return withEntry(counted(state, frame.data.entry), frame.data.customer_ids, frame.data.entry)
    case 'card.changed':
      return { ...state, cards: { ...state.cards, [frame.data.customer_id]: frame.data.card } }
    case 'attention.changed':
      return { ...state, attention: { count: frame.data.count } }
    case 'viewers.changed':
      return {
        ...state,
        viewers: { ...state.viewers, [frame.data.conversation_id]: frame.data.viewers },
      }
    case 'customers.changed':
    case 'command.done':
    case 'command.failed':
    case 'bye':
      return state
    default:
      // A newer server may say more than this console knows.
      return state
  }
}

function put<T extends { id: string }>(rows: Record<string, T>, row: T): Record<string, T> {
  return { ...rows, [row.id]: row }
}

function drop<T>(rows: Record<string, T>, id: string): Record<string, T> {
  if (!(id in rows)) return rows
  const { [id]: _gone, ...rest } = rows
  return rest
}

/** What the customer's card says of this work, if the card is there, is what the work says itself. */
function withWork(state: LiveState, work: Interaction): LiveState {
  const next = { ...state, interactions: put(state.interactions, work) }
  const card = state.cards[work.customer_id]
  const at = card?.interactions.findIndex((piece) => piece.id === work.id) ?? -1
  const piece = card?.interactions[at]
  const said = { state: work.state, queue_id: work.queue_id, until: work.parked_until }
  if (!card || !piece || (piece.state === said.state && piece.queue_id === said.queue_id && piece.until === said.until)) return next
  const interactions = card.interactions.with(at, { ...piece, ...said })
  return { ...next, cards: { ...state.cards, [work.customer_id]: { ...card, interactions } } }
}

/** The screen pop: an offer to the viewer brings its card and first page along. */
function withOffer(state: LiveState, offer: Offer): LiveState {
  const { card, timeline, ...row } = offer
  const next = { ...state, offers: put(state.offers, row) }
  if (!card) return next
  const id = card.customer.id
  next.cards = { ...next.cards, [id]: card }
  if (timeline) next.timelines = { ...next.timelines, [id]: newest(state.timelines[id], timeline) }
  return next
}

/** The newest page, and before it what is held of older ones, if nothing is missing between them. */
function newest(held: Timeline | undefined, page: Page): Timeline {
  const from = page.items[0]?.seq ?? 0
  if (!held || held.stale || !held.items.some((entry) => entry.seq >= from)) return { ...page, stale: false }
  const older = held.items.filter((entry) => entry.seq < from)
  return { items: [...older, ...page.items], before: older.length > 0 ? held.before : page.before, stale: false }
}

/** The customer's card counts a new entry, if the card is there; its `seq` tells what it has counted. */
function counted(state: LiveState, entry: Entry): LiveState {
  const card = state.cards[entry.customer_id]
  if (!card || entry.seq <= card.seq) return state
  const counts = { ...card.counts, entries: card.counts.entries + 1 }
  const last_at = entry.direction === 'in' ? entry.at : card.last_at
  return { ...state, cards: { ...state.cards, [entry.customer_id]: { ...card, seq: entry.seq, counts, last_at } } }
}

function withEntry(state: LiveState, customerIds: string[], entry: Entry): LiveState {
  let timelines = state.timelines
  for (const id of customerIds) {
    const timeline = timelines[id]
    // A timeline that was never read is read whole when it is opened.
    if (!timeline) continue
    // Older than the oldest page that was read: it comes with its page.
    if (timeline.before !== null && entry.seq < timeline.before) continue
    timelines = { ...timelines, [id]: { ...timeline, items: place(timeline.items, entry) } }
  }
  return timelines === state.timelines ? state : { ...state, timelines }
}

/** `items` with `entry` in its place by `seq`; an entry of the same id is replaced. */
function place(items: Entry[], entry: Entry): Entry[] {
  const held = idsOf(items)
  const at = held.has(entry.id) ? items.findLastIndex((other) => other.id === entry.id) : -1
  if (at >= 0) return handOn(items.with(at, entry), held)
  const after = items.findLastIndex((other) => other.seq <= entry.seq)
  return handOn(items.toSpliced(after + 1, 0, entry), held.add(entry.id))
}

/** The older list keeps its set too: with one id too many, which is looked for in it in vain. */
function handOn(items: Entry[], held: Set<string>): Entry[] {
  ids.set(items, held)
  return items
}

/** Most entries are new: the ids of a list are known without going through it each time. */
const ids = new WeakMap<readonly Entry[], Set<string>>()
function idsOf(items: readonly Entry[]): Set<string> {
  let held = ids.get(items)
  if (!held) ids.set(items, held = new Set(items.map((entry) => entry.id)))
  return held
}

/**
 * A page read over HTTP joins what was pushed meanwhile. Entries in `touched` changed by a frame
 * while the page was under way, so the held ones are newer.
 */
export function withPage(
  state: LiveState, customerId: string, page: Page, touched: ReadonlySet<string>,
): LiveState {
  const held = state.timelines[customerId]
  const byId = new Map(page.items.map((entry) => [entry.id, entry]))
  for (const entry of held?.items ?? []) {
    if (!byId.has(entry.id)) {
      // What was held before a snapshot and isn't in the newest page may be gone: pages tell.
      if (held?.stale && !touched.has(entry.id)) continue
      byId.set(entry.id, entry)
    } else if (touched.has(entry.id)) byId.set(entry.id, entry)
  }
  const items = [...byId.values()].sort((a, b) => a.seq - b.seq)
  return {
    ...state,
    timelines: { ...state.timelines, [customerId]: { items, before: page.before, stale: false } },
  }
}
