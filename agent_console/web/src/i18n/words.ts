/** Times, spans and the hub's own codes in the reader's language. */
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

import { duration } from '@/marks/duration'

/** English dates as this browser's English writes them. */
function dateLocale(language: string): string {
  if (language !== 'en') return language
  return navigator.language.startsWith('en-') ? navigator.language : 'en-GB'
}

export function useWords() {
  const { t, te, locale: language } = useI18n()
  const locale = computed(() => dateLocale(language.value))

  const timeOfDay = computed(
    () => new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', hour12: false }),
  )
  const shortDay = computed(() => new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short' }))
  const longDay = computed(
    () => new Intl.DateTimeFormat(locale.value, { weekday: 'long', day: 'numeric', month: 'long' }),
  )
  const longDate = computed(
    () => new Intl.DateTimeFormat(locale.value, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
  )
  const full = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'medium' }))
  const number = computed(() => new Intl.NumberFormat(locale.value))

  const span = (ms: number) =>
    duration(ms, {
      hours: (h, m) => t('time.hours', { h, m }),
      days: (d) => t('time.days', { d }),
    })

  /** A code the hub sent, in words when we have them, else as it came. */
  function said(group: string, code: string | null | undefined, params: Record<string, unknown> = {}): string {
    if (!code) return ''
    const key = `${group}.${code}`
    return /^[a-z0-9_]+$/.test(code) && te(key) ? t(key, params) : code
  }

  function day(at: Date, now: Date): string {
    const label = at.getFullYear() === now.getFullYear() ? longDay.value.format(at) : longDate.value.format(at)
    if (at.toDateString() === now.toDateString()) return t('time.today', { day: label })
    const yesterday = new Date(now)
    yesterday.setDate(now.getDate() - 1)
    return at.toDateString() === yesterday.toDateString() ? t('time.yesterday', { day: label }) : label
  }

  /** The time alone today, the day otherwise. */
  function moment(iso: string | null | undefined, now: number): string {
    if (!iso) return ''
    const at = new Date(iso)
    const today = new Date(now)
    if (at.toDateString() === today.toDateString()) return timeOfDay.value.format(at)
    return at.getFullYear() === today.getFullYear() ? shortDay.value.format(at) : longDateShort(at)
  }

  const longDateShort = (at: Date) =>
    new Intl.DateTimeFormat(locale.value, { day: 'numeric', month: 'short', year: 'numeric' }).format(at)

  function size(bytes: number): string {
    if (bytes < 1024) return `${bytes} B`
    if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`
    return `${(bytes / 1024 / 1024).toFixed(1)} MB`
  }

  return {
    t, span, said, day, moment, size, locale,
    time: (iso: string | null | undefined) => (iso ? timeOfDay.value.format(new Date(iso)) : ''),
    exact: (iso: string | null | undefined) => (iso ? full.value.format(new Date(iso)) : ''),
    count: (value: number) => number.value.format(value),
  }
}
