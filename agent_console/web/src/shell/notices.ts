/** What went wrong with something a person asked for, said once where they look. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

import { ProblemError } from '@/api/http'
import type { Problem } from '@/api/types'

/** Long enough to be read before another page takes it away. */
const READ_MS = 3000

export const useNotices = defineStore('notices', () => {
  const problem = ref<Problem | null>(null)
  /** How many parts of the page show it. */
  const places = ref(0)
  let since = 0
  watch(problem, () => { since = performance.now() }, { flush: 'sync' })

  /** Carries out `work`; a refusal by the hub becomes a notice and the answer is undefined. */
  async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      const result = await work
      problem.value = null
      return result
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      problem.value = error.problem
      return undefined
    }
  }

  const dismiss = (): void => { problem.value = null }
  /** Another page is on the screen, which what was refused is not about. */
  function moveOn(): void {
    if (performance.now() - since >= READ_MS) dismiss()
  }

  return { problem, places, attempt, dismiss, moveOn }
})
