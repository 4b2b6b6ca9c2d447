import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'

import type { Account } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import ChannelHealth from './ChannelHealth.vue'

const account = (id: string, detail: string) => ({ id, channel: 'email', name: id, addresses: [], healthy: detail === '', detail, last_in_at: null, last_out_at: null }) as unknown as Account

it('opens the work whose answers can’t leave, where there is some', async () => {
  setActivePinia(createPinia())
  const live = useLive()
  live.state = { ...live.state, accounts: { ac_1: account('ac_1', ''), ac_2: account('ac_2', 'late:3'), ac_3: account('ac_3', 'relay_down') } }
  const shown = mount(ChannelHealth, { global: { plugins: [i18n] } })
  const [late, ...more] = shown.findAll('button')
  expect(more).toEqual([])
  expect(late?.text()).toContain('In 3 interactions')
  await late?.trigger('click')
  expect(shown.emitted('drill')).toEqual([['ac_2']])
})
