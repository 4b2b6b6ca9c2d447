/** Unsent words, kept on this computer by conversation until they are sent. */
import { reactive } from 'vue'

export interface Draft {
  reply: string
  note: string
  mode: 'reply' | 'note'
  /** `channel|account|identity` of the way that was chosen. */
  way: string
  subject: string
}

let prefix = 'triggerhub.draft.'
const cache = reactive(new Map<string, Draft | null>())

/** Computers are shared: each user has their own drafts. */
export function useDraftsOf(userId: string): void {
  prefix = `triggerhub.draft.${userId}.`
  cache.clear()
}

export const emptyDraft = (): Draft => ({ reply: '', note: '', mode: 'reply', way: '', subject: '' })

export function readDraft(conversationId: string): Draft {
  return { ...emptyDraft(), ...load(conversationId) }
}

export function saveDraft(conversationId: string, draft: Draft): void {
  if (!draft.reply && !draft.note) {
    localStorage.removeItem(prefix + conversationId)
    cache.set(conversationId, null)
    return
  }
  localStorage.setItem(prefix + conversationId, JSON.stringify(draft))
  cache.set(conversationId, { ...draft })
}

/** The words of an unsent reply, for the list; empty when there are none. */
export function hasDraft(conversationId: string): string {
  return load(conversationId)?.reply.trim().slice(0, 80) ?? ''
}

function load(conversationId: string): Draft | null {
  const known = cache.get(conversationId)
  if (known !== undefined) return known
  const kept = localStorage.getItem(prefix + conversationId)
  let draft: Draft | null = null
  if (kept) {
    try {
      draft = { ...emptyDraft(), ...(JSON.parse(kept) as Partial<Draft>) }
    } catch {
      localStorage.removeItem(prefix + conversationId)
    }
  }
  cache.set(conversationId, draft)
  return draft
}
