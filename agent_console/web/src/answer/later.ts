/** Times to come back to something, by the hub's clock and in the zone of whoever reads them. */
import { hubTime } from '@/marks/clock'

export const inHours = (hours: number): Date => new Date(hubTime() + hours * 3_600_000)

/** Nine in the morning, so many days from now. */
export function morning(days: number): Date {
  const day = new Date(hubTime())
  day.setDate(day.getDate() + days)
  day.setHours(9, 0, 0, 0)
  return day
}

/** The next one; on a Monday, that of next week. */
export const monday = (): Date => morning(((8 - new Date(hubTime()).getDay()) % 7) || 7)
