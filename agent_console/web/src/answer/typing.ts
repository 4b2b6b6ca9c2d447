/** Colleagues see that someone answers: said at most every three seconds, and taken back after five. */
import { useDebounceFn } from '@vueuse/core'
import { onBeforeUnmount } from 'vue'

import { useLive } from '@/live/live'

const SAY_EVERY_MS = 3000
const OVER_AFTER_MS = 5000

/** What to call at each key. */
export function useTyping(conversationId: string): () => void {
  const live = useLive()
  let typing = false
  let lastSaid = 0

  function over(): void {
    if (typing) live.typing(conversationId, false)
    typing = false
  }
  const overSoon = useDebounceFn(over, OVER_AFTER_MS)
  onBeforeUnmount(over)

  return () => {
    const now = Date.now()
    if (!typing || now - lastSaid > SAY_EVERY_MS) live.typing(conversationId, true)
    typing = true
    lastSaid = now
    void overSoon()
  }
}
