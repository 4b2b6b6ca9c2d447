/** What went wrong with something a person asked for, said once where they look. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { ProblemError } from '@/api/http'
import type { Problem } from '@/api/types'

export const useNotices = defineStore('notices', () => {
  const problem = ref<Problem | null>(null)

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

  return { problem, attempt, dismiss: () => { problem.value = null } }
})
