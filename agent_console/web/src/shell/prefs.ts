/** What a person set on this computer. A query (`?theme=dark&lang=zh`) wins for one visit. */
import { useLocalStorage, usePreferredDark } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, watchEffect } from 'vue'

import type { Language } from '@/api/types'
import { nearest, speak } from '@/i18n'

export type Theme = 'auto' | 'light' | 'dark'

export const usePrefs = defineStore('prefs', () => {
  const query = new URLSearchParams(location.search)
  const asked = query.get('theme')
  const theme = useLocalStorage<Theme>('triggerhub.theme', 'auto')
  const themeOnce = ref<Theme | null>(asked === 'dark' || asked === 'light' ? asked : null)
  const savedLanguage = useLocalStorage<Language | ''>('triggerhub.language', '')
  const languageOnce = nearest(query.get('lang'))
  const sound = useLocalStorage('triggerhub.sound', true)
  const notify = useLocalStorage('triggerhub.notify', true)
  const systemDark = usePreferredDark()

  const language = ref<Language>(
    languageOnce ?? (savedLanguage.value || (nearest(navigator.language) ?? 'en')),
  )
  const dark = computed(() => {
    const wanted = themeOnce.value ?? theme.value
    return wanted === 'auto' ? systemDark.value : wanted === 'dark'
  })
  watchEffect(() => { document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light' })

  function setTheme(wanted: Theme): void {
    themeOnce.value = null
    theme.value = wanted
  }

  async function setLanguage(wanted: Language): Promise<void> {
    await speak(wanted)
    savedLanguage.value = wanted
    language.value = wanted
  }

  /** The user's own language, as the hub keeps it, unless the query or this computer says otherwise. */
  async function suggestLanguage(wanted: Language): Promise<void> {
    if (languageOnce || savedLanguage.value) return
    await speak(wanted)
    language.value = wanted
  }

  return { theme, dark, language, sound, notify, setTheme, setLanguage, suggestLanguage }
})
