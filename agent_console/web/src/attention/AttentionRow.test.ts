import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'

import type { AttentionItem } from '@/api/types'
import { i18n } from '@/i18n'
import AttentionRow from './AttentionRow.vue'

const item = { id: 'at1', at: '2026-11-20T14:00:00.000Z', channel: 'email', account_id: 'ac', message_id: 'm1', size: 3080, state: 'open' } as AttentionItem
beforeEach(() => setActivePinia(createPinia()))
const row = (more: Partial<AttentionItem>) =>
  mount(AttentionRow, { props: { item: { ...item, ...more }, account: 'Support' }, global: { plugins: [i18n] }, attachTo: document.createElement('tbody') })

it('offers the original of what came in, and of nothing that we meant to send', () => {
  expect(row({ kind: 'unparseable', reason: 'mail_binary these bytes are no mail' }).find('a').attributes('href')).toContain('m1')
  expect(row({ kind: 'send_failed', reason: 'mailbox_full' }).find('a').exists()).toBe(false)
})

it('says why, also where the hub gives its sentence alone', () => {
  for (const reason of ['mail_binary these bytes are no mail', 'these bytes are no mail']) {
    expect(row({ kind: 'unparseable', reason }).get('.why').text()).toBe('this is no mail')
  }
})
