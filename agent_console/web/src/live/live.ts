/** The live feed as a store: the reducer's state, the link's state, commands and watched customers. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { CommandMap, CommandName, Frame, OfferEnd } from '@/api/types'
import { hubTime, setClock } from '@/marks/clock'
import { useSession } from '@/session/session'
import { gather } from './gather'
import { emptyState, reduce, withPage, type LiveState } from './reducer'
import { LiveSocket, type CommandHandle, type LinkState } from './socket'

export interface EndedOffer {
  id: string
  reason: OfferEnd
  customerName: string
  at: number
}

/** What somebody waits for: taken in with all that came before it. */
const AT_ONCE: ReadonlySet<Frame['type']> = new Set(['snapshot', 'resumed', 'command.done', 'command.failed', 'bye'])

export const useLive = defineStore('live', () => {
  // Each part is followed by itself: a message tells nothing to those who show queues or agents.
  const parts = shallowReactive(emptyState())
  const state = computed({ get: () => parts, set: become })
  let held: LiveState = { ...parts }
  const link = ref<LinkState>('idle')
  const nextTryAt = ref<number | null>(null)
  const lostAt = ref<number | null>(null)
  const filledIn = ref<number | null>(null)
  const greeted = ref(false)
  /** Counts up whenever the list of customers may be another one. */
  const listTurned = ref(0)
  const endedOffer = ref<EndedOffer | null>(null)
  let socket: LiveSocket | null = null
  let seqWhenLost = 0
  const touched = new Map<string, Set<string>>()
  const watchers = new Map<string, number>()

  const me = computed(() => parts.me)
  const myAgent = computed(() => (me.value ? parts.agents[me.value.id] : undefined))
  const online = computed(() => link.value === 'open')

  // A picture shows what came since the last one: many frames in a row are drawn once.
  const frames = gather(takeIn)

  function onFrame(frame: Frame): void {
    if (frame.type === 'entry.changed') {
      for (const id of frame.data.customer_ids) touched.get(id)?.add(frame.data.entry.id)
    }
    frames.put(frame)
    // What waits for an answer finds the answer's frames taken in.
    if (AT_ONCE.has(frame.type)) frames.flush()
  }

  function become(next: LiveState): void {
    held = next
    Object.assign(parts, next)
  }

  function takeIn(batch: Frame[]): void {
    let next = held
    for (const frame of batch) {
      if (frame.type === 'snapshot') setClock(Date.parse(frame.data.now))
      if (frame.type === 'offer.removed') noteEndedOffer(next, frame.data.id, frame.data.reason)
      next = reduce(next, frame)
    }
    become(next)
    // While the line was cut it wasn't told.
    if (batch.some(({ type }) => type === 'customers.changed' || type === 'snapshot' || type === 'resumed')) listTurned.value += 1
    if (batch.some((frame) => frame.type === 'snapshot')) {
      greeted.value = true
      for (const id of watchers.keys()) void readAgain(id)
    }
  }

  function noteEndedOffer(before: LiveState, id: string, reason: OfferEnd | undefined): void {
    const offer = before.offers[id]
    if (!offer || !reason || offer.agent_id !== before.me?.id) return
    if (reason === 'accepted' || reason === 'declined') return
    endedOffer.value = { id, reason, customerName: offer.interaction?.customer_name ?? '', at: hubTime() }
  }

  function onState(next: LinkState, tryAt: number | null): void {
    frames.flush()
    if (next === 'waiting' && lostAt.value === null && greeted.value) {
      lostAt.value = hubTime()
      seqWhenLost = held.seq
    }
    if (next === 'open' && lostAt.value !== null) {
      lostAt.value = null
      // The frames that were missed follow at once; count them when they are in.
      setTimeout(() => { filledIn.value = Math.max(0, held.seq - seqWhenLost) }, 600)
      setTimeout(() => { filledIn.value = null }, 5000)
    }
    link.value = next
    nextTryAt.value = tryAt
  }

  function start(): void {
    if (socket) return
    const session = useSession()
    socket = new LiveSocket({
      connect: () => {
        const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
        return new WebSocket(`${scheme}://${location.host}/api/v1/live`)
      },
      csrf: () => session.session?.csrf ?? '',
      position: () =>
        held.epoch === null ? { after: null, epoch: null } : { after: held.seq, epoch: held.epoch },
      onFrame,
      onState,
      now: hubTime,
      // The browser doesn't say why a socket was refused, so ask whether the session still holds, and whose it is.
      onRefused: () => { void session.recheck() },
    })
    socket.start()
    window.addEventListener('online', tryNow)
  }

  function stop(): void {
    window.removeEventListener('online', tryNow)
    socket?.stop()
    socket = null
    frames.flush()
    become(emptyState())
    greeted.value = false
    lostAt.value = null
    watchers.clear()
    touched.clear()
  }

  function tryNow(): void {
    socket?.tryNow()
  }

  /** `id`: that under which an earlier page has asked for the same. */
  function send<N extends CommandName>(name: N, data: CommandMap[N]['data'], id?: string): CommandHandle<CommandMap[N]['result']> {
    if (!socket) throw new ProblemError({ title: 'Not connected', status: 0, code: 'offline' })
    return socket.command(name, data, id)
  }

  const command = <N extends CommandName>(name: N, data: CommandMap[N]['data']) => send(name, data).done

  /** Holds a customer's card and timeline, read once and kept up by the feed until released. */
  function hold(customerId: string): () => void {
    const count = watchers.get(customerId) ?? 0
    watchers.set(customerId, count + 1)
    if (count === 0) {
      socket?.watch(customerId)
      // What was held before may have missed frames since: shown at once, and read again.
      const timeline = held.timelines[customerId]
      if (timeline) become({ ...held, timelines: { ...held.timelines, [customerId]: { ...timeline, stale: true } } })
      void readAgain(customerId)
    }
    return () => {
      const left = (watchers.get(customerId) ?? 1) - 1
      if (left > 0) watchers.set(customerId, left)
      else {
        watchers.delete(customerId)
        socket?.unwatch(customerId)
      }
    }
  }

  const failures = ref<Record<string, string>>({})

  async function readAgain(customerId: string): Promise<void> {
    const changed = new Set<string>()
    touched.set(customerId, changed)
    try {
      const [card, page] = await Promise.all([calls.card(customerId), calls.timeline(customerId, null)])
      const next = withPage(held, customerId, page, changed)
      become({ ...next, cards: { ...next.cards, [customerId]: card } })
      const { [customerId]: _mended, ...rest } = failures.value
      failures.value = rest
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      failures.value = { ...failures.value, [customerId]: error.problem.code }
    } finally {
      touched.delete(customerId)
    }
  }

  async function readOlder(customerId: string): Promise<void> {
    const timeline = held.timelines[customerId]
    if (!timeline || timeline.before === null) return
    const page = await calls.timeline(customerId, timeline.before)
    become(withPage(held, customerId, page, new Set(timeline.items.map((entry) => entry.id))))
  }

  return {
    state, link, nextTryAt, lostAt, filledIn, greeted, listTurned, endedOffer, me, myAgent, online, failures,
    start, stop, tryNow, send, command, hold, readAgain, readOlder,
    list: (listing: boolean) => socket?.list(listing),
    view: (conversationId: string | null) => socket?.view(conversationId),
    typing: (conversationId: string, typing: boolean) => socket?.typing(conversationId, typing),
  }
})
