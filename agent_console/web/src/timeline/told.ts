/** What comes into the conversation on the screen is told to whoever doesn't see it; how much comes, once in a while. */
import { useThrottleFn } from '@vueuse/core'
import { computed, watch, type Ref } from 'vue'

import type { Entry } from '@/api/types'
import { useWords } from '@/i18n/words'
import { useLive } from '@/live/live'
import { useAnnouncer } from '@/shell/announcer'

const TELL_EVERY_MS = 4000
const LATEST = 20
const WORDS = 200

/** `conversationId`: that of the work in hand; others are not told. */
export function useTold(entries: Readonly<Ref<readonly Entry[]>>, conversationId: () => string | null, customerName: () => string): void {
  const live = useLive()
  const announcer = useAnnouncer()
  const { t } = useWords()

  const own = computed(() => entries.value.slice(-LATEST).filter((entry) => entry.conversation_id === conversationId() && entry.kind === 'message'))
  const received = computed(() => own.value.findLast((entry) => entry.direction === 'in'))
  const failed = computed(() => own.value.findLast((entry) => entry.author_id === live.me?.id && entry.state === 'failed'))
  const words = (entry: Entry) => (entry.text ?? entry.subject ?? '').slice(0, WORDS)
  const tell = useThrottleFn(() => {
    if (received.value) announcer.say(t('timeline.wrote', { who: customerName(), words: words(received.value) }))
  }, TELL_EVERY_MS, true)

  watch(() => [conversationId(), entries.value.length > 0, received.value?.id] as const, ([id, there, at], [idBefore, wasThere, before]) => {
    if (at && at !== before && id === idBefore && there && wasThere) void tell()
  })
  watch(() => [conversationId(), entries.value.length > 0, failed.value?.id] as const, ([id, there, at], [idBefore, wasThere, before]) => {
    if (failed.value && at !== before && id === idBefore && there && wasThere) announcer.say(t('timeline.notSent', { words: words(failed.value) }))
  })
}
