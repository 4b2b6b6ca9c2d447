/** Replies on their way to the hub: shown at once, taken back for five seconds, never lost. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { ProblemError } from '@/api/http'
import type { Channel, Problem, SendData } from '@/api/types'
import { useLive } from '@/live/live'
import { hubTime } from '@/marks/clock'

export const UNDO_MS = 5000

export interface Outgoing {
  id: string
  data: SendData
  conversationId: string
  customerId: string
  channel: Channel
  at: number
  /** Set once the hub has it. */
  messageId: string | null
}

export interface Returned {
  conversationId: string
  text: string
  problem: Problem | null
}

export const useOutbox = defineStore('outbox', () => {
  const live = useLive()
  const items = ref<Outgoing[]>([])
  /** The last one sent, while it can be undone. */
  const undoable = ref<{ messageId: string; outgoing: Outgoing; until: number } | null>(null)
  /** A text that came back (undone or refused): its composer takes it up again. */
  const returned = ref<Returned | null>(null)
  const discards = new Map<string, () => boolean>()
  let timer: ReturnType<typeof setTimeout> | null = null

  function send(conversationId: string, customerId: string, data: SendData): void {
    const handle = live.send('message.send', data)
    const outgoing: Outgoing = {
      id: handle.id, data, conversationId, customerId, channel: data.channel, at: hubTime(), messageId: null,
    }
    items.value.push(outgoing)
    discards.set(handle.id, handle.discard)
    handle.done.then(
      ({ message_id: messageId }) => {
        const held = items.value.find((item) => item.id === handle.id)
        if (held) held.messageId = messageId
        offerUndo(messageId, outgoing)
      },
      (error: unknown) => {
        remove(handle.id)
        const problem = error instanceof ProblemError ? error.problem : null
        returned.value = { conversationId, text: data.text, problem: problem?.code === 'discarded' ? null : problem }
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
    returned.value = { conversationId: last.outgoing.conversationId, text: last.outgoing.data.text, problem: null }
  }

  /** Only while it has not left: then its text comes back. */
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

  return { items, undoable, returned, send, undo, discard }
})
