/** When a wait becomes amber (the last quarter of its target) and red (past it). */
export type SlaLevel = 'none' | 'ok' | 'warn' | 'breach'

/** `since` and `due` in ms; without a target there is nothing to be late for. */
export function slaLevel(since: number | null, due: number | null, now: number): SlaLevel {
  if (due === null) return since === null ? 'none' : 'ok'
  if (now >= due) return 'breach'
  if (since === null || since >= due) return 'ok'
  return now - since >= (due - since) * 0.75 ? 'warn' : 'ok'
}
