import { mount, RouterLinkStub } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'

import type { AttentionItem } from '@/api/types'
import { i18n } from '@/i18n'
import AttentionRow from './AttentionRow.vue'
import type { Again } from './rereading'

const item = { id: 'at1', at: '2026-11-20T14:00:00.000Z', channel: 'email', account_id: 'ac', message_id: 'm1', size: 3080, state: 'open', from: 'eve@out.example', to: ['support@demo.example'], customer_id: null, customer_name: '', preview: '', tries: 0, tried_at: null } as AttentionItem
beforeEach(() => setActivePinia(createPinia()))
const row = (more: Partial<AttentionItem>, again?: Partial<Again>) =>
  mount(AttentionRow, { props: { item: { ...item, ...more }, account: 'Support', again: again && { item, state: 'running', reason: '', customerId: null, ...again } }, global: { plugins: [i18n], stubs: { RouterLink: RouterLinkStub } }, attachTo: document.createElement('tbody') })

it('offers the original of what came in, and of nothing that we meant to send', () => {
  expect(row({ kind: 'unparseable', reason: 'mail_binary these bytes are no mail' }).find('a').attributes('href')).toContain('m1')
  expect(row({ kind: 'send_failed', reason: 'mailbox_full' }).find('a').exists()).toBe(false)
})

it('says why, also where the hub gives its sentence alone', () => {
  for (const reason of ['mail_binary these bytes are no mail', 'these bytes are no mail']) {
    expect(row({ kind: 'unparseable', reason }).get('.why').text()).toBe('this is no mail')
  }
})

it('says of what came in whence, whither and how large, and of what went out to whom and what', () => {
  const came = row({ kind: 'unparseable', reason: 'mail_binary' })
  expect(came.findAll('.kind, .who, .second').map((part) => part.text().replace(/\s+/gu, ' '))).toEqual(['Can’t be read', 'E-mail · Support · 3 kB', 'from eve@out.example', 'to support@demo.example'])
  const went = row({ kind: 'send_failed', reason: 'mailbox_full', to: ['ann@b.example'], customer_id: 'cu1', customer_name: 'Ann', preview: 'On its way', size: null })
  expect(went.findAll('.who, .words').map((part) => part.text().replace(/\s+/gu, ' '))).toEqual(['to Ann (ann@b.example)', 'On its way'])
  expect(row({ kind: 'unparseable', reason: '', from: '' }).get('.about').text()).toContain('from an unnamed sender')
})

it('says that reading it again was in vain, since when, and when last', () => {
  const tried = row({ kind: 'unparseable', reason: 'mail_binary', tries: 2, tried_at: '2026-11-20T15:30:00.000Z' })
  expect(tried.get('.why').text().replace(/\s+/gu, ' ')).toBe('Read again 2 times, failed again: this is no mail')
  expect(tried.get('.when').text()).toContain('last tried')
  expect(row({ kind: 'unparseable', reason: 'mail_binary', tries: 1 }).get('.why').text()).toContain('Read again, failed again:')
})

it('says what comes of reading it again, and leads to whose it is', async () => {
  const running = row({ kind: 'unparseable', reason: 'mail_binary' }, { state: 'running' })
  expect(running.get('.why').text()).toBe('Reading it again …')
  await running.findAll('button')[0]?.trigger('click')
  expect(running.emitted('replay')).toBeUndefined()
  const read = row({ kind: 'unparseable', reason: 'mail_binary' }, { state: 'read', customerId: 'cu1' })
  expect(read.get('.why').text()).toBe('It can be read now.')
  expect(read.findComponent(RouterLinkStub).props('to')).toMatchObject({ params: { customerId: 'cu1' } })
  const aside = row({ kind: 'unparseable', reason: 'mail_binary' }, { state: 'set_aside', reason: 'second_delivery' })
  expect(aside.get('.why').text()).toContain('the same mail came before')
})
