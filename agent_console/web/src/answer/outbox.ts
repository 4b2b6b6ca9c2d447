/** Replies on their way to the hub: shown at once, taken back for five seconds, kept until the hub has them. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { ProblemError } from '@/api/http'
import type { Channel, Problem, SendData } from '@/api/types'
import { useLive } from '@/live/live'
import { hubTime } from '@/marks/clock'
import { readDraft, saveDraft } from './drafts'
import { dropUnsent, keepUnsent, readUnsent } from './unsent'
import type { Pending } from './uploads'

export const UNDO_MS = 5000
/** What was written longer ago is a draft again, for somebody to look at before it leaves. */
const STALE_MS = 12 * 3_600_000

export interface Outgoing {
  id: string
  data: SendData
  /** What `upload_ids` of the data stands for. */
  files: Pending[]
  conversationId: string
  customerId: string
  channel: Channel
  at: number
  /** Set once the hub has it. */
  messageId: string | null
}

export interface Returned {
  conversationId: string
  data: SendData
  files: Pending[]
  problem: Problem | null
}

export const useOutbox = defineStore('outbox', () => {
  const live = useLive()
  const items = ref<Outgoing[]>([])
  /** The last one sent, while it can be undone. */
  const undoable = ref<{ messageId: string; outgoing: Outgoing; until: number } | null>(null)
  /** Replies that came back (undone or refused): the composer of each takes it up again, when there is one. */
  const returned = ref<Returned[]>([])
  const discards = new Map<string, () => boolean>()
  let timer: ReturnType<typeof setTimeout> | null = null
  let owner = ''

  /** Computers are shared. What this user wrote and the hub hasn't answered for goes its way again. */
  function belongTo(userId: string): void {
    if (userId !== owner) {
      items.value = []
      returned.value = []
      undoable.value = null
    }
    owner = userId
    for (const one of readUnsent(userId)) {
      if (items.value.some((item) => item.id === one.id)) continue
      if (hubTime() - one.at < STALE_MS) send(one.conversationId, one.customerId, one.data, one.files, one)
      else {
        dropUnsent(userId, one.id)
        const draft = readDraft(one.conversationId)
        saveDraft(one.conversationId, { ...draft, reply: [one.data.text, draft.reply].filter((words) => words !== '').join('\n\n') })
      }
    }
  }

  /** `again`: that of an earlier page, under whose id the hub carries it out only once. */
  function send(
    conversationId: string, customerId: string, data: SendData, files: Pending[] = [], again?: { id: string; at: number },
  ): void {
    const by = owner
    const handle = live.send('message.send', data, again?.id)
    const outgoing: Outgoing = {
      id: handle.id, data, files, conversationId, customerId, channel: data.channel, at: again?.at ?? hubTime(), messageId: null,
    }
    items.value.push(outgoing)
    keepUnsent(by, outgoing)
    discards.set(handle.id, handle.discard)
    handle.done.then(
      ({ message_id: messageId }) => {
        dropUnsent(by, handle.id)
        const held = items.value.find((item) => item.id === handle.id)
        if (held) held.messageId = messageId
        offerUndo(messageId, outgoing)
      },
      (error: unknown) => {
        remove(handle.id)
        const problem = error instanceof ProblemError ? error.problem : null
        // Whoever signs out leaves it here until they are back.
        if (problem?.code === 'offline') return
        dropUnsent(by, handle.id)
        giveBack(outgoing, problem?.code === 'discarded' ? null : problem)
      },
    ).finally(() => discards.delete(handle.id))
  }

  function offerUndo(messageId: string, outgoing: Outgoing): void {
    if (timer !== null) clearTimeout(timer)
    undoable.value = { messageId, outgoing, until: hubTime() + UNDO_MS }
    timer = setTimeout(() => { undoable.value = null }, UNDO_MS)
  }

  async function undo(): Promise<void> {
    const last = undoable.value
    if (!last) return
    undoable.value = null
    await live.command('message.cancel', { message_id: last.messageId })
    remove(last.outgoing.id)
    giveBack(last.outgoing, null)
  }

  function giveBack({ conversationId, data, files }: Outgoing, problem: Problem | null): void {
    returned.value = [...returned.value, { conversationId, data, files, problem }]
  }

  /** What came back to this conversation, once. */
  function takeReturned(conversationId: string): Returned[] {
    const own = returned.value.filter((one) => one.conversationId === conversationId)
    if (own.length > 0) returned.value = returned.value.filter((one) => one.conversationId !== conversationId)
    return own
  }

  /** Only while it has not left: then it comes back. */
  function discard(id: string): void {
    discards.get(id)?.()
  }

  function remove(id: string): void {
    items.value = items.value.filter((item) => item.id !== id)
  }

  // The hub's own entry takes the place of what was shown meanwhile.
  const arrived = computed(() => {
    const ids = new Set<string>()
    for (const item of items.value) {
      const entries = live.state.timelines[item.customerId]?.items ?? []
      if (item.messageId && entries.some((entry) => entry.id === item.messageId)) ids.add(item.id)
    }
    return ids
  })
  watch(arrived, (ids) => {
    if (ids.size > 0) items.value = items.value.filter((item) => !ids.has(item.id))
  })

  return { items, undoable, returned, belongTo, send, undo, discard, takeReturned }
})
