/** Fetch with the session's CSRF token and problem+json errors. Knows no endpoint. */
import type { Problem } from './types'

const BASE = '/api/v1/'
let csrf = ''
let onSignedOut: () => void = () => {}

export class ProblemError extends Error {
  readonly problem: Problem
  readonly retryAfterSeconds: number | null

  constructor(problem: Problem, retryAfterSeconds: number | null = null) {
    super(problem.detail || problem.title)
    this.name = 'ProblemError'
    this.problem = problem
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function setCsrf(token: string): void {
  csrf = token
}

/** Called on every 401 except that of signing in itself. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler
}

export function url(path: string, query?: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value))
  }
  const tail = search.size > 0 ? `?${search}` : ''
  return `${BASE}${path}${tail}`
}

/** Throws `ProblemError`; a network failure is the problem `offline` with status 0. */
export async function request<T>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  address: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (signal) init.signal = signal
  if (body instanceof FormData) init.body = body
  else if (body !== undefined) {
    headers['content-type'] = 'application/json'
    init.body = JSON.stringify(body)
  }
  let response: Response
  try {
    response = await fetch(address, init)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ProblemError({ title: 'The server can’t be reached', status: 0, code: 'offline' })
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  const problem = await readProblem(response)
  if (response.status === 401 && problem.code !== 'wrong_credentials') onSignedOut()
  const after = Number.parseInt(response.headers.get('Retry-After') ?? '', 10)
  throw new ProblemError(problem, Number.isNaN(after) ? null : after)
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback = { title: response.statusText || `HTTP ${response.status}`, status: response.status, code: 'unexpected' }
  if (!(response.headers.get('content-type') ?? '').includes('json')) return fallback
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>) }
  } catch {
    return fallback
  }
}
