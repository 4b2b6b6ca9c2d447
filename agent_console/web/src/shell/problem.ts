/** A problem in the reader's words: the translation of its code, else its own sentence. */
import { useI18n } from 'vue-i18n'

import type { Problem } from '@/api/types'

export function useProblemText(): (problem: Problem) => string {
  const { t, te } = useI18n()
  return (problem) => {
    const key = `problem.${problem.code}`
    return te(key) ? t(key) : problem.detail || problem.title
  }
}
