/**
 * The contract with the server (docs/console-contract.md) as types; a test holds them against the
 * OpenAPI document. Times are ISO 8601 UTC with milliseconds; ids are opaque; `seq` is a position in
 * the log.
 */

export type Role = 'agent' | 'supervisor' | 'admin'
export type Language = 'en' | 'zh-CN'
export type Channel =
  | 'email' | 'sms' | 'whatsapp' | 'voice' | 'fax' | 'webchat' | 'telegram' | 'api'
/** One of the field's (`marks/presence.ts`), or one of the company's own by its name. */
export type Presence = string
export type RoutingStatus = 'off_queue' | 'idle' | 'interacting' | 'not_responding'
export type InteractionState =
  | 'new' | 'scheduled' | 'queued' | 'offered' | 'active' | 'parked' | 'closed'
export type ClosedHow = 'handled' | 'abandoned' | 'set_aside'
export type AssignmentState = 'connected' | 'held' | 'wrap_up'
export type Standing = 'verified' | 'claimed'
/** `confirmed`: a claim that an agent's word stands for. */
export type Proof = 'verified' | 'claimed' | 'confirmed'
export type EntryKind = 'message' | 'note' | 'call' | 'system'
export type Direction = 'in' | 'out' | 'none'
export type EntryState =
  | 'received' | 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown'
  | 'cancelled' | 'recorded'

export interface User {
  id: string
  login: string
  name: string
  role: Role
  language: Language
  queue_ids: string[]
}

export interface Session {
  user: User
  csrf: string
  hub: { name: string; demo: boolean; timezone: string }
}

export interface About {
  name: string
  version: string
  demo: boolean
  languages: Language[]
  demo_logins: { login: string; password: string; name: string; role: Role }[]
}

export interface Problem {
  type?: string
  title: string
  status: number
  detail?: string
  code: string
  instance?: string | null
  errors?: { field: string; message: string }[] | null
}

export interface Hold {
  interaction_id: string
  channel: Channel
  state: AssignmentState | 'offered'
}

/** Only `id`, `name` and `role` are sent of a colleague; the whole row of oneself and to supervisors. */
export interface Agent {
  id: string
  name: string
  role?: Role
  presence?: Presence
  next_presence?: Presence | null
  status?: RoutingStatus
  since?: string
  presence_since?: string
  connected?: boolean
  holds?: Hold[]
  queue_ids?: string[]
}

export interface Queue {
  id: string
  name: string
  waiting: number
  longest_since: string | null
  in_work: number
  answered_today: number
  abandoned_today: number
  sla_seconds: number | null
  agents_ready: number
  agents_total: number
}

export interface Interaction {
  id: string
  conversation_id: string
  customer_id: string
  likely_customer_id: string | null
  customer_name: string
  identity_id: string
  address: string
  channel: Channel
  account_id: string
  queue_id: string | null
  state: InteractionState
  closed_how: ClosedHow | null
  priority: number
  owner_id: string | null
  assignment_id: string | null
  assignment_state: AssignmentState | null
  opened_at: string
  enqueued_at: string | null
  first_enqueued_at: string | null
  activated_at: string | null
  last_customer_at: string | null
  last_agent_at: string | null
  wrap_up_since: string | null
  parked_until: string | null
  due_at: string | null
  subject: string | null
  preview: string | null
  lang: string | null
  unread: number
  proof: Proof
  follow_up: boolean
}

export interface Identity {
  id: string
  kind: 'phone' | 'email' | 'telegram' | 'webchat'
  address: string
  standing: Standing
  why: string
  learnt_at: string
  ended_at: string | null
  link_why: string | null
  /** The version of a link that can be taken back. */
  undo: number | null
}

export interface PastInteraction {
  id: string
  channel: Channel
  subject: string | null
  state: InteractionState
  closed_how: ClosedHow | null
  queue_id: string | null
  opened_at: string
  closed_at: string | null
  /** When what is scheduled or parked begins. */
  until: string | null
}

export interface ReplyWay {
  channel: Channel
  /** Null when no account of ours can send by it. */
  account_id: string | null
  identity_id: string
  address: string
  open: boolean
  reason: string | null
}

export interface Customer {
  id: string
  name: string
  language: string | null
  tier: string | null
  company: string | null
  timezone: string | null
  tags: string[]
  created_at: string
  /** Nobody has proven to be them yet. */
  provisional: boolean
  fields: Record<string, string>
}

export interface Card {
  customer: Customer
  identities: Identity[]
  likely: { customer_id: string; name: string; why: string } | null
  interactions: PastInteraction[]
  reply_ways: ReplyWay[]
  counts: { entries: number; conversations: number }
  /** Of the newest entry that is counted; 0 where there is none. */
  seq: number
  first_at: string | null
  last_at: string | null
}

export interface Attachment {
  /** Absent until it is fetched from the provider. */
  id?: string | null
  filename: string
  content_type: string
  size: number
  inline: boolean
  cid: string | null
  lost?: string | null
}

export interface SystemFact {
  what: 'closed' | 'transferred' | 'scheduled'
  /** Of `closed`. */
  how?: ClosedHow | null
  code?: string | null
  /** Of `transferred`. */
  to_queue_id?: string | null
  to_agent_id?: string | null
  /** Of `scheduled`. */
  due_at?: string | null
}

export interface Entry {
  id: string
  seq: number
  kind: EntryKind
  direction: Direction
  channel: Channel
  account_id: string | null
  identity_id: string | null
  customer_id: string
  conversation_id: string
  interaction_id: string | null
  at: string
  from: { address: string; name: string | null } | null
  to: string[]
  /** Where a mail asks for answers, if not to its sender: answers don't go there. */
  reply_to?: string | null
  author_id: string | null
  author_name: string | null
  subject: string | null
  text: string | null
  quoted: string | null
  has_html: boolean
  lang: string | null
  attachments: Attachment[]
  state: EntryState
  state_at: string | null
  reason: string | null
  /** Of the next attempt, while it is queued. */
  next_at?: string | null
  proof: Standing | null
  proof_why: string | null
  segments: number | null
  erased: boolean
  system?: SystemFact | null
}

/** Ascending by `seq`; `before` is passed back to get the page of older ones. */
export interface Page {
  items: Entry[]
  before: number | null
}

export interface Offer {
  id: string
  interaction_id: string
  agent_id: string
  queue_id: string
  state: 'pending' | 'accepted' | 'declined' | 'timed_out' | 'cancelled' | 'rescinded'
  made_at: string
  expires_at: string
  interaction?: Interaction | null
  card?: Card | null
  timeline?: Page | null
}

export interface Account {
  id: string
  channel: Channel
  name: string
  addresses: string[]
  /** Where its work goes; null: to the first queue. */
  queue_id: string | null
  healthy: boolean
  detail: string | null
  last_in_at: string | null
  last_out_at: string | null
}

export interface Snapshot {
  epoch: string
  now: string
  me: User
  presences: Presence[]
  agents: Record<string, Agent>
  queues: Record<string, Queue>
  interactions: Record<string, Interaction>
  offers: Record<string, Offer>
  accounts: Record<string, Account>
  attention: { count: number }
}

export interface Viewer {
  agent_id: string
  typing: boolean
}

export type OfferEnd = 'accepted' | 'declined' | 'timed_out' | 'cancelled' | 'rescinded'

export type Frame =
  | { seq: number; type: 'snapshot'; data: Snapshot }
  | { seq: number; type: 'resumed'; data: { epoch: string } }
  | { seq: number; type: 'agent.changed'; data: Agent }
  | { seq: number; type: 'queue.changed'; data: Queue }
  | { seq: number; type: 'interaction.changed'; data: Interaction }
  | { seq: number; type: 'offer.changed'; data: Offer }
  | { seq: number; type: 'account.changed'; data: Account }
  | { seq: number; type: 'agent.removed' | 'queue.removed' | 'interaction.removed'; data: { id: string } }
  | { seq: number; type: 'offer.removed'; data: { id: string; reason?: OfferEnd } }
  | { seq: number; type: 'entry.changed'; data: { customer_ids: string[]; entry: Entry } }
  | { seq: number; type: 'card.changed'; data: { customer_id: string; card: Card } }
  | { seq: number; type: 'attention.changed'; data: { count: number } }
  | { seq: number; type: 'customers.changed'; data: Record<string, never> }
  | { seq: number; type: 'command.done'; data: { id: string; result: unknown } }
  | { seq: number; type: 'command.failed'; data: { id: string | null; problem: Problem } }
  | { seq: number; type: 'viewers.changed'; data: { conversation_id: string; viewers: Viewer[] } }
  | { seq: number; type: 'bye'; data: { reason: 'shutdown' | 'slow' | 'session'; retry_after_ms: number } }

export interface CommandMap {
  'presence.set': { data: { presence: Presence; next_presence?: Presence | null }; result: unknown }
  'status.clear': { data: Record<string, never>; result: unknown }
  'offer.accept': { data: { offer_id: string }; result: { interaction_id: string } }
  'offer.decline': { data: { offer_id: string }; result: unknown }
  'work.take_next': { data: Record<string, never>; result: { interaction_id: string | null } }
  'message.send': { data: SendData; result: { message_id: string } }
  'message.cancel': { data: { message_id: string }; result: unknown }
  'message.retry': { data: { message_id: string }; result: { message_id: string } }
  'note.add': { data: { conversation_id: string; text: string }; result: { entry_id: string } }
  'interaction.read': { data: { interaction_id: string; seq: number }; result: unknown }
  'interaction.wrap_up': { data: { interaction_id: string }; result: unknown }
  'interaction.hold': { data: { interaction_id: string }; result: unknown }
  'interaction.unhold': { data: { interaction_id: string }; result: unknown }
  'interaction.close': {
    data: { interaction_id: string; code?: string; disposition?: string; follow_up_at?: string }
    result: { follow_up_id?: string }
  }
  'interaction.park': { data: { interaction_id: string; until?: string }; result: unknown }
  'interaction.resume': { data: { interaction_id: string }; result: unknown }
  'interaction.transfer': {
    data: { interaction_id: string; queue_id?: string; agent_id?: string; note?: string }
    result: unknown
  }
  'interaction.set_aside': { data: { interaction_id: string; rule: 'spam' }; result: unknown }
  'interaction.assign': { data: { interaction_id: string; agent_id: string }; result: unknown }
  'interaction.requeue': { data: { interaction_id: string; queue_id?: string }; result: unknown }
  'agent.set_presence': { data: { agent_id: string; presence: Presence }; result: unknown }
  'customer.update': {
    data: {
      customer_id: string
      name?: string
      language?: string
      company?: string
      tier?: string
      tags?: string[]
    }
    result: unknown
  }
  'identity.confirm': { data: { identity_id: string; customer_id: string }; result: unknown }
  'identity.undo': { data: { identity_id: string; version: number }; result: { customer_id: string } }
  'attention.replay': { data: { attention_id: string }; result: { message_id: string; seq: number } }
  'attention.dismiss': { data: { attention_id: string }; result: unknown }
}

export interface SendData {
  interaction_id: string
  channel: Channel
  account_id: string
  identity_id: string
  text: string
  subject?: string
  upload_ids?: string[]
}

export type CommandName = keyof CommandMap

export interface CustomerHit {
  id: string
  name: string
  company: string | null
  language: string | null
  addresses: string[]
  provisional: boolean
  last_at: string | null
  last_text: string | null
}

export interface AttentionItem {
  id: string
  kind: 'unparseable' | 'send_failed' | 'send_unknown' | 'returned'
  at: string
  /** Empty where it is about no message. */
  channel: Channel | '' | null
  account_id: string | null
  reason: string
  message_id: string | null
  interaction_id: string | null
  size: number | null
  state: 'open' | 'replayed' | 'dismissed' | 'retried'
  /** When it was last read again in vain, and how often. */
  tried_at: string | null
  tries: number
  /** Addresses; empty where none is named. */
  from: string
  to: string[]
  customer_id: string | null
  customer_name: string
  preview: string
}

/** What came of reading a message again; null while nothing has. */
export interface ReplayOutcome {
  outcome: 'read' | 'set_aside' | 'failed' | null
  /** Why it failed again, or the rule that set it aside. */
  reason: string
  customer_id: string | null
  next: number
}

export interface WhyReason {
  code: string
  params: Record<string, string | number>
}

export interface WhyNoWorkAnswer {
  available: boolean
  reasons: WhyReason[]
}

export interface Upload {
  id: string
  filename: string
  content_type: string
  size: number
}
