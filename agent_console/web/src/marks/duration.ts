/** Spans of time as they are read at a glance: `m:ss` up to an hour, then `3 h 10`, then days. */

export interface DurationUnits {
  /** For instance `{h} h {m}`. */
  hours: (hours: number, minutes: string) => string
  days: (days: number) => string
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function duration(ms: number, units: DurationUnits): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}:${two(seconds % MINUTE)}`
  if (seconds < 2 * DAY) return units.hours(Math.floor(seconds / HOUR), two(Math.floor((seconds % HOUR) / MINUTE)))
  return units.days(Math.floor(seconds / DAY))
}

/** A running clock, as beside one's own presence: `1:42:07`. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return `${Math.floor(seconds / HOUR)}:${two(Math.floor((seconds % HOUR) / MINUTE))}:${two(seconds % MINUTE)}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
