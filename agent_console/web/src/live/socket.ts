/**
 * One WebSocket to the hub: greets with the last frame seen, comes back by itself, and carries
 * commands until they are answered. Knows frames only as far as the conversation itself needs.
 */
import { ProblemError } from '@/api/http'
import type { CommandMap, CommandName, Frame } from '@/api/types'

export type LinkState = 'idle' | 'connecting' | 'open' | 'waiting'

export interface SocketLike {
  send(text: string): void
  close(): void
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent) => void) | null
  onclose: ((event: CloseEvent) => void) | null
}

export interface LiveSocketOptions {
  connect: () => SocketLike
  csrf: () => string
  /** Position and epoch of the last frame that was taken in. */
  position: () => { after: number | null; epoch: string | null }
  onFrame: (frame: Frame) => void
  onState: (state: LinkState, nextTryAt: number | null) => void
  /** The connection broke before it was greeted, or the hub ended the session. */
  onRefused: () => void
  now?: () => number
  random?: () => number
  /** Unique in this user's life, since the hub carries out a known id only once. */
  newId?: () => string
}

interface Pending {
  name: CommandName
  data: unknown
  sent: boolean
  resolve: (result: never) => void
  reject: (error: Error) => void
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000

export class LiveSocket {
  private readonly options: LiveSocketOptions
  private readonly pending = new Map<string, Pending>()
  private readonly watching = new Set<string>()
  private viewing: string | null = null
  private listing = false
  private socket: SocketLike | null = null
  private ready = false
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private stopped = true

  constructor(options: LiveSocketOptions) {
    this.options = options
  }

  start(): void {
    this.stopped = false
    this.open()
  }

  stop(): void {
    this.stopped = true
    this.clearTimer()
    const socket = this.socket
    this.socket = null
    this.ready = false
    socket?.close()
    for (const { reject } of this.pending.values()) reject(offline())
    this.pending.clear()
    this.watching.clear()
    this.options.onState('idle', null)
  }

  /** Now, not at the end of the wait: asked by a person, or the network came back. */
  tryNow(): void {
    if (this.stopped || this.socket) return
    this.clearTimer()
    this.open()
  }

  /** Answered once, however often the connection breaks meanwhile. Rejects with `ProblemError`. */
  command<N extends CommandName>(
    name: N, data: CommandMap[N]['data'], id = (this.options.newId ?? randomId)(),
  ): CommandHandle<CommandMap[N]['result']> {
    const done = new Promise<CommandMap[N]['result']>((resolve, reject) => {
      const pending: Pending = { name, data, sent: false, resolve, reject }
      this.pending.set(id, pending)
      if (this.ready) this.transmit(id, pending)
    })
    return { id, done, discard: () => this.discard(id) }
  }

  watch(customerId: string): void {
    if (this.watching.has(customerId)) return
    this.watching.add(customerId)
    if (this.ready) this.say({ type: 'watch', customer_id: customerId })
  }

  unwatch(customerId: string): void {
    if (this.watching.delete(customerId) && this.ready) this.say({ type: 'unwatch', customer_id: customerId })
  }

  view(conversationId: string | null): void {
    if (this.viewing === conversationId) return
    this.viewing = conversationId
    if (this.ready) this.say({ type: 'viewing', conversation_id: conversationId })
  }

  /** Whether the list of customers is on the screen. */
  list(listing: boolean): void {
    if (this.listing === listing) return
    this.listing = listing
    if (this.ready) this.say({ type: 'listing', listing })
  }

  typing(conversationId: string, typing: boolean): void {
    if (this.ready) this.say({ type: 'typing', conversation_id: conversationId, typing })
  }

  private open(): void {
    this.options.onState('connecting', null)
    const socket = this.options.connect()
    this.socket = socket
    let greeted = false
    let told = new Set<string>()
    socket.onopen = () => {
      const { after, epoch } = this.options.position()
      socket.send(JSON.stringify({ type: 'hello', after, epoch, csrf: this.options.csrf(), watch: [...this.watching] }))
      told = new Set(this.watching)
    }
    socket.onmessage = (event) => {
      if (this.socket !== socket) return
      const frame = JSON.parse(String(event.data)) as Frame
      if (frame.type === 'snapshot' || frame.type === 'resumed') {
        greeted = true
        this.options.onFrame(frame)
        this.begin(told)
        return
      }
      this.take(frame, socket)
    }
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.lost()
      if (!greeted) this.options.onRefused()
    }
  }

  /** `told`: whom the greeting named as watched. */
  private begin(told: Set<string>): void {
    this.ready = true
    this.attempt = 0
    this.options.onState('open', null)
    for (const id of this.watching) if (!told.has(id)) this.say({ type: 'watch', customer_id: id })
    for (const id of told) if (!this.watching.has(id)) this.say({ type: 'unwatch', customer_id: id })
    if (this.viewing) this.say({ type: 'viewing', conversation_id: this.viewing })
    if (this.listing) this.say({ type: 'listing', listing: true })
    for (const [id, pending] of this.pending) this.transmit(id, pending)
  }

  private take(frame: Frame, socket: SocketLike): void {
    if (frame.type === 'command.done' || frame.type === 'command.failed') {
      const id = frame.data.id ?? '' // of what was no command, none is pending
      const pending = this.pending.get(id)
      this.pending.delete(id)
      this.options.onFrame(frame)
      if (frame.type === 'command.done') pending?.resolve(frame.data.result as never)
      else pending?.reject(new ProblemError(frame.data.problem))
      return
    }
    if (frame.type === 'bye') {
      this.socket = null
      socket.close()
      if (frame.data.reason === 'session') {
        this.lost()
        this.options.onRefused()
      } else this.lost(frame.data.retry_after_ms)
      return
    }
    this.options.onFrame(frame)
  }

  private lost(waitMs?: number): void {
    this.socket = null
    this.ready = false
    if (this.stopped) return
    const wait = waitMs ?? this.backOff()
    const now = (this.options.now ?? Date.now)()
    this.options.onState('waiting', now + wait)
    this.clearTimer()
    this.timer = setTimeout(() => this.open(), wait)
  }

  /** Full jitter upon an exponential ceiling, so that consoles don't return in step. */
  private backOff(): number {
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt)
    this.attempt += 1
    return Math.round(ceiling / 2 + (this.options.random ?? Math.random)() * (ceiling / 2))
  }

  private transmit(id: string, pending: Pending): void {
    pending.sent = true
    this.say({ type: 'command', id, name: pending.name, data: pending.data })
  }

  /** True when the command had never left; one that has left can't be taken back. */
  private discard(id: string): boolean {
    const pending = this.pending.get(id)
    if (!pending || pending.sent) return false
    this.pending.delete(id)
    pending.reject(new ProblemError({ title: 'Discarded', status: 0, code: 'discarded' }))
    return true
  }

  private say(message: object): void {
    this.socket?.send(JSON.stringify(message))
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}

export interface CommandHandle<R> {
  id: string
  done: Promise<R>
  discard: () => boolean
}

function offline(): ProblemError {
  return new ProblemError({ title: 'The connection was closed', status: 0, code: 'offline' })
}

/**
 * The time, then random: the hub keeps what was said lately side by side.
 * Not `randomUUID`: that exists only in secure contexts, and a hub may be reached by plain HTTP.
 */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  const time = Date.now().toString(16).padStart(12, '0')
  return `c${time}${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
