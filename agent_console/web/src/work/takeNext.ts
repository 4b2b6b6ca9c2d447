/** Take the longest waiting of my queues and open it. */
import { ref } from 'vue'
import { useRouter } from 'vue-router'

import { useLive } from '@/live/live'
import { useNotices } from '@/shell/notices'

export function useTakeNext() {
  const live = useLive()
  const notices = useNotices()
  const router = useRouter()
  const nothing = ref(false)

  async function takeNext(): Promise<void> {
    const result = await notices.attempt(live.command('work.take_next', {}))
    if (!result) return
    nothing.value = result.interaction_id === null
    if (result.interaction_id) {
      await router.push({ name: 'interaction', params: { interactionId: result.interaction_id }, hash: '#reply' })
    }
  }
  return { takeNext, nothing }
}
