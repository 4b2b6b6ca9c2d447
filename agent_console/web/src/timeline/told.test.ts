import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import type { Entry } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import { useAnnouncer } from '@/shell/announcer'
import { useTold } from './told'

const message = (id: string, more: Partial<Entry> = {}) => ({ id, kind: 'message', direction: 'in', conversation_id: 'cv1', text: `Words ${id}`, ...more }) as Entry
const entries = ref<Entry[]>([])
const next = async (...more: Entry[]) => {
  entries.value = [...entries.value, ...more]
  await nextTick()
  await nextTick()
}

beforeEach(async () => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  const live = useLive()
  live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me }
  entries.value = []
  mount({ setup() { useTold(entries, () => 'cv1', () => 'Hannah'); return () => null } }, { global: { plugins: [i18n] } })
  await next(message('a'))
})
afterEach(() => { vi.useRealTimers() })

it('tells what comes in, not what was there, is ours, or belongs elsewhere', async () => {
  const announcer = useAnnouncer()
  expect(announcer.text).toBe('')
  await next(message('b', { direction: 'out' }), message('c', { conversation_id: 'cv2' }))
  expect(announcer.text).toBe('')
  await next(message('d'))
  expect(announcer.text).toBe('Hannah wrote: Words d')
})

it('tells the last of many, not each', async () => {
  const announcer = useAnnouncer()
  const said = vi.spyOn(announcer, 'say')
  for (const id of ['b', 'c', 'd', 'e']) await next(message(id))
  vi.advanceTimersByTime(5000)
  await nextTick()
  await nextTick()
  expect(said.mock.calls.length).toBeLessThanOrEqual(2)
  expect(announcer.text).toBe('Hannah wrote: Words e')
})

it('tells that a reply of one’s own could not be sent', async () => {
  const reply = message('r', { direction: 'out', author_id: 'us_1', state: 'sending' })
  await next(reply)
  entries.value = [...entries.value.slice(0, -1), { ...reply, state: 'failed' }]
  await nextTick()
  await nextTick()
  expect(useAnnouncer().text).toBe('Could not be sent: Words r')
})
