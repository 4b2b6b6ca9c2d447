/** The two languages; each is loaded when it is first spoken. */
import { createI18n } from 'vue-i18n'

import type { Language } from '@/api/types'
import en from './en.json'

type Messages = typeof en

export const LANGUAGES: { id: Language; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'zh-CN', name: '简体中文' },
]

export const i18n = createI18n<[Messages], Language, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as Record<Language, Messages>,
})

export async function speak(language: Language): Promise<void> {
  if (!i18n.global.availableLocales.includes(language)) {
    const messages = (await import('./zh-CN.json')).default
    i18n.global.setLocaleMessage(language, messages as Messages)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
}

/** `zh`, `zh-Hans`, `en-GB`, … to a language we speak. */
export function nearest(tag: string | null | undefined): Language | null {
  if (!tag) return null
  const lower = tag.toLowerCase()
  if (lower.startsWith('zh')) return 'zh-CN'
  return lower.startsWith('en') ? 'en' : null
}
