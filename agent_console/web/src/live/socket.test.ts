import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Frame } from '@/api/types'
import { LiveSocket, type LinkState, type LiveSocketOptions, type SocketLike } from './socket'

class FakeSocket implements SocketLike {
  sent: Record<string, unknown>[] = []
  closed = false
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  send(text: string): void { this.sent.push(JSON.parse(text) as Record<string, unknown>) }
  close(): void { this.closed = true }
  greet(): void { this.onopen?.(new Event('open')) }
  say(frame: unknown): void { this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(frame) })) }
  breaks(): void { this.onclose?.(new CloseEvent('close')) }
}

const SNAPSHOT = { seq: 10, type: 'snapshot', data: { epoch: 'e1', now: '2026-11-20T14:05:11.120Z' } }

describe('the live socket', () => {
  let sockets: FakeSocket[]
  let frames: Frame[]
  let states: LinkState[]
  let position: { after: number | null; epoch: string | null }
  let refused: number
  let ids: number
  let live: LiveSocket
  const latest = () => sockets.at(-1) as FakeSocket
  const commands = (socket: FakeSocket) => socket.sent.filter((message) => message['type'] === 'command')

  beforeEach(() => {
    vi.useFakeTimers()
    sockets = []
    frames = []
    states = []
    position = { after: null, epoch: null }
    refused = 0
    ids = 0
    const options: LiveSocketOptions = {
      connect: () => { sockets.push(new FakeSocket()); return latest() },
      csrf: () => 'token',
      position: () => position,
      onFrame: (frame) => { frames.push(frame) },
      onState: (state) => { states.push(state) },
      onRefused: () => { refused += 1 },
      random: () => 1,
      newId: () => `c${++ids}`,
    }
    live = new LiveSocket(options)
    live.start()
  })
  afterEach(() => { vi.useRealTimers() })

  function ready(): void {
    latest().greet()
    latest().say(SNAPSHOT)
  }

  it('greets with nothing seen, then with the last frame seen', () => {
    latest().greet()
    expect(latest().sent).toEqual([{ type: 'hello', after: null, epoch: null, csrf: 'token', watch: [] }])
    latest().say(SNAPSHOT)
    position = { after: 17, epoch: 'e1' }
    latest().breaks()
    vi.advanceTimersByTime(500)
    latest().greet()
    expect(sockets).toHaveLength(2)
    expect(latest().sent[0]).toEqual({ type: 'hello', after: 17, epoch: 'e1', csrf: 'token', watch: [] })
  })

  it('waits longer each time, and starts anew once it was greeted', () => {
    for (const wait of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      latest().breaks()
      const before = sockets.length
      vi.advanceTimersByTime(wait - 1)
      expect(sockets).toHaveLength(before)
      vi.advanceTimersByTime(1)
      expect(sockets).toHaveLength(before + 1)
    }
    ready()
    latest().breaks()
    vi.advanceTimersByTime(500)
    expect(states.at(-1)).toBe('connecting')
  })

  it('holds a command until it is greeted and answers its promise', async () => {
    const { done } = live.command('offer.accept', { offer_id: 'o1' })
    expect(commands(latest())).toEqual([])
    ready()
    expect(commands(latest())).toEqual([{ type: 'command', id: 'c1', name: 'offer.accept', data: { offer_id: 'o1' } }])
    latest().say({ seq: 11, type: 'command.done', data: { id: 'c1', result: { interaction_id: 'i1' } } })
    await expect(done).resolves.toEqual({ interaction_id: 'i1' })
  })

  it('sends an unanswered command again under the same id after a cut, and an answered one not', async () => {
    ready()
    const first = live.command('work.take_next', {})
    const second = live.command('status.clear', {})
    latest().say({ seq: 11, type: 'command.done', data: { id: first.id, result: { interaction_id: null } } })
    await first.done
    latest().breaks()
    vi.advanceTimersByTime(500)
    latest().greet()
    latest().say({ seq: 11, type: 'resumed', data: { epoch: 'e1' } })
    expect(commands(latest())).toEqual([{ type: 'command', id: second.id, name: 'status.clear', data: {} }])
  })

  it('rejects with the problem the hub gave', async () => {
    ready()
    const { done } = live.command('offer.accept', { offer_id: 'o1' })
    latest().say({ seq: 11, type: 'command.failed', data: { id: 'c1', problem: { title: 'Gone', status: 409, code: 'not_pending' } } })
    await expect(done).rejects.toMatchObject({ problem: { code: 'not_pending' } })
  })

  it('takes back what has not left, and nothing that has', async () => {
    const kept = live.command('status.clear', {})
    expect(kept.discard()).toBe(true)
    await expect(kept.done).rejects.toMatchObject({ problem: { code: 'discarded' } })
    ready()
    expect(commands(latest())).toEqual([])
    const gone = live.command('status.clear', {})
    expect(gone.discard()).toBe(false)
  })

  it('watches again what it watched before the cut', () => {
    ready()
    live.watch('c1')
    live.view('v1')
    live.watch('c2')
    live.unwatch('c2')
    latest().breaks()
    vi.advanceTimersByTime(500)
    latest().greet()
    latest().say({ seq: 11, type: 'resumed', data: { epoch: 'e1' } })
    expect(latest().sent[0]).toMatchObject({ type: 'hello', watch: ['c1'] })
    expect(latest().sent.slice(1)).toEqual([{ type: 'viewing', conversation_id: 'v1' }])
  })

  it('makes up for what was watched, or not any more, while it was being greeted', () => {
    ready()
    live.watch('c1')
    latest().breaks()
    vi.advanceTimersByTime(500)
    latest().greet()
    live.unwatch('c1')
    live.watch('c2')
    latest().say({ seq: 11, type: 'resumed', data: { epoch: 'e1' } })
    expect(latest().sent.slice(1)).toEqual([{ type: 'watch', customer_id: 'c2' }, { type: 'unwatch', customer_id: 'c1' }])
  })

  it('obeys a farewell: waits as told, or asks who is signed in', () => {
    ready()
    latest().say({ seq: 10, type: 'bye', data: { reason: 'shutdown', retry_after_ms: 7000 } })
    expect(latest().closed).toBe(true)
    vi.advanceTimersByTime(6999)
    expect(sockets).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(sockets).toHaveLength(2)
    ready()
    expect(refused).toBe(0)
    latest().say({ seq: 10, type: 'bye', data: { reason: 'session', retry_after_ms: 0 } })
    expect(refused).toBe(1)
  })

  it('asks who is signed in when it was never greeted', () => {
    latest().breaks()
    expect(refused).toBe(1)
  })

  it('comes at once when asked, and never after it was stopped', () => {
    latest().breaks()
    live.tryNow()
    expect(sockets).toHaveLength(2)
    live.tryNow()
    expect(sockets).toHaveLength(2)
    live.stop()
    vi.advanceTimersByTime(60_000)
    live.tryNow()
    expect(sockets).toHaveLength(2)
    expect(states.at(-1)).toBe('idle')
  })
})
