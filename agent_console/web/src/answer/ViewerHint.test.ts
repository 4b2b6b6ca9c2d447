import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, expect, it } from 'vitest'

import type { Agent } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import ViewerHint from './ViewerHint.vue'

afterEach(() => speak('en'))

it.each([['Amara Okafor', 'Amara Okafor 正在输入'], ['孙晓雯', '孙晓雯正在输入']])('sets the name of %s apart as Chinese does', async (name, words) => {
  await speak('zh-CN')
  setActivePinia(createPinia())
  const live = useLive()
  live.state = { ...live.state, agents: { a1: { id: 'a1', name } as Agent }, viewers: { cv1: [{ agent_id: 'a1', typing: true }] } }
  expect(mount(ViewerHint, { props: { conversationId: 'cv1' }, global: { plugins: [i18n] } }).get('.clip').text()).toBe(words)
})
