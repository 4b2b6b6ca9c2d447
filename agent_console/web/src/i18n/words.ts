/** Times, spans and the hub's own codes in the reader's language. */
import { computed } from 'vue'

import { duration } from '@/marks/duration'
import { spaced } from '@/marks/phone'
import { toldOf } from '@/marks/reasons'
import { i18n } from '.'
import { langOf, parted } from './script'

const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
const EXACT: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'medium' }
const SHORT_DAY: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' }
const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' }

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making a formatter costs more than a row: each is made once. */
export function dates(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  let formatter = formatters.get(key)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(locale, options)
    formatters.set(key, formatter)
  }
  return formatter
}

/** English dates as this browser's English writes them. */
function dateLocale(language: string): string {
  if (language !== 'en') return language
  return navigator.language.startsWith('en-') ? navigator.language : 'en-GB'
}

const numbers = new Map<string, Intl.NumberFormat>()
function numberFormat(locale: string): Intl.NumberFormat {
  let format = numbers.get(locale)
  if (!format) numbers.set(locale, format = new Intl.NumberFormat(locale))
  return format
}

const sinces = new Map<string, Intl.RelativeTimeFormat>()
function sinceFormat(locale: string): Intl.RelativeTimeFormat {
  let format = sinces.get(locale)
  if (!format) sinces.set(locale, format = new Intl.RelativeTimeFormat(locale, { style: 'short' }))
  return format
}

/** Whole units of the largest kind that there is one of, counted by the second. */
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]]

type Words = ReturnType<typeof speech>
let words: Words | null = null

/** The same for every row: a list of hundreds makes one of it. */
export function useWords(): Words {
  return words ??= speech()
}

function speech() {
  const { t: translated, te, locale: language } = i18n.global
  const locale = computed(() => dateLocale(language.value))

  // A sentence without gaps is put together once a language.
  const whole = computed(() => ({ language: language.value, known: new Map<string, string>() }))
  function sentence(key: string, ...gaps: unknown[]): string {
    if (gaps.length > 0) return (translated as (key: string, ...gaps: unknown[]) => string)(key, ...gaps)
    const { known } = whole.value
    let text = known.get(key)
    if (text === undefined) known.set(key, text = translated(key))
    return text
  }
  const t = sentence as typeof translated

  /** Between two sentences: a Chinese full stop brings its own space. */
  const gap = computed(() => (language.value === 'zh-CN' ? '' : ' '))

  const written = (at: Date, options: Intl.DateTimeFormatOptions) => dates(locale.value, options).format(at)

  const span = (ms: number) =>
    duration(ms, {
      hours: (h, m) => t('time.hours', { h, m }),
      days: (d) => t('time.days', { d }),
    })

  /** How long ago, in words: for what doesn't run as a clock does. */
  function ago(ms: number): string {
    const seconds = Math.max(0, Math.floor(ms / 1000))
    const [unit, length] = UNITS.find(([, least]) => seconds >= least) ?? ['second', 1]
    return parted(sinceFormat(locale.value).format(-Math.floor(seconds / length), unit))
  }

  /** A code the hub sent, in words when we have them, else as it came. */
  function said(group: string, code: string | null | undefined, params: Record<string, unknown> = {}): string {
    if (!code) return ''
    const key = `${group}.${code}`
    if (!/^[a-z0-9_]+$/.test(code)) return code
    return te(key) ? t(key, params) : code.replaceAll('_', ' ')
  }

  /** A customer's name, or words for one who has given none. */
  const named = (name: string | null | undefined) => spaced(name ?? '') || t('customers.unnamed')

  /** Why a message did not go out: our words for it, and the provider's own, with their language. */
  function told(reason: string | null | undefined): { why: string; quote: string; lang: string } {
    const { kind, quote } = toldOf(reason, (word) => te(`reason.${word}`))
    return { why: said('reason', kind), quote, lang: langOf(quote) ?? 'en' }
  }

  function day(at: Date, now: Date): string {
    const label = written(at, at.getFullYear() === now.getFullYear() ? DAY : { ...DAY, year: 'numeric' })
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
    if (at.toDateString() === today.toDateString()) return written(at, TIME)
    return written(at, at.getFullYear() === today.getFullYear() ? SHORT_DAY : { ...SHORT_DAY, year: 'numeric' })
  }

  function size(bytes: number): string {
    if (bytes < 1024) return `${bytes} B`
    if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`
    return `${(bytes / 1024 / 1024).toFixed(1)} MB`
  }

  return {
    t, gap, span, ago, said, named, told, day, moment, size, locale,
    time: (iso: string | null | undefined) => (iso ? written(new Date(iso), TIME) : ''),
    exact: (iso: string | null | undefined) => (iso ? written(new Date(iso), EXACT) : ''),
    count: (value: number) => numberFormat(locale.value).format(value),
  }
}
