/** Who is signed in. */
import { useEventListener } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError, setCsrf } from '@/api/http'
import type { Language, Session } from '@/api/types'
import { usePrefs } from '@/shell/prefs'

/** Written when the cookie has changed: the other pages hear of it. */
const CHANGED = 'triggerhub.session'

export const useSession = defineStore('session', () => {
  const session = ref<Session | null>(null)
  const asked = ref(false)
  /** Signed out by the hub, not by the person: their drafts are kept and they should know. */
  const ended = ref(false)

  const user = computed(() => session.value?.user ?? null)
  const supervises = computed(() => user.value?.role === 'supervisor' || user.value?.role === 'admin')

  async function take(next: Session): Promise<void> {
    session.value = next
    setCsrf(next.csrf)
    ended.value = false
    await usePrefs().suggestLanguage(next.user.language)
  }

  /** False when nobody is signed in; throws when the hub can't be asked. */
  async function restore(): Promise<boolean> {
    if (session.value) return true
    try {
      await take(await calls.readSession())
      return true
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) return false
      throw error
    } finally {
      asked.value = true
    }
  }

  async function signIn(login: string, password: string): Promise<void> {
    await take(await calls.signIn(login, password))
    tellOthers()
  }

  /** Another page of this browser may have signed in since, again or as somebody else: their cookie is this page's. */
  async function recheck(): Promise<void> {
    const before = user.value?.id
    if (before === undefined) return
    try {
      const now = await calls.readSession()
      if (user.value?.id !== before) return
      if (now.user.id === before) await take(now)
      else forget(true)
    } catch (error) {
      // That nobody is signed in any more is said by the call itself; an unreachable hub says nothing.
      if (!(error instanceof ProblemError)) throw error
    }
  }

  const tellOthers = () => localStorage.setItem(CHANGED, String(Date.now()))
  useEventListener(window, 'storage', (event) => { if (event.key === CHANGED) void recheck() })

  async function signOut(): Promise<void> {
    try {
      await calls.signOut()
    } finally {
      forget(false)
      tellOthers()
    }
  }

  function forget(byHub: boolean): void {
    ended.value = byHub && session.value !== null
    session.value = null
    setCsrf('')
  }

  async function saveLanguage(language: Language): Promise<void> {
    await usePrefs().setLanguage(language)
    if (session.value) await take(await calls.saveLanguage(language))
  }

  return { session, asked, ended, user, supervises, restore, signIn, signOut, recheck, forget, saveLanguage }
})
