import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Card, Entry } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import EntryMessage from './EntryMessage.vue'

const entry = {
  id: 'm1', seq: 1, kind: 'message', direction: 'in', channel: 'email', at: '2026-11-20T14:00:00.000Z', from: { address: 'ada@customer.example', name: 'Ada' },
  to: ['support@demo.example'], subject: 'A broken lamp', text: 'It does not light.', quoted: null, has_html: false, attachments: [], state: 'received', proof: 'verified', erased: false,
} as unknown as Entry

describe('a mail in the timeline', () => {
  beforeEach(() => setActivePinia(createPinia()))
  afterEach(() => speak('en'))

  const shown = (more: Partial<Entry> = {}) => mount(EntryMessage, {
    props: { entry: { ...entry, ...more }, current: true, customerId: 'c1', customerName: 'Ada' }, global: { plugins: [i18n], stubs: ['RouterLink'] },
  })

  it('tells where it asks for answers, and that they go to its sender', async () => {
    const mail = shown({ reply_to: 'desk@elsewhere.example' })
    expect(mail.get('.elsewhere').text()).toBe('Asks for answers to desk@elsewhere.example. A reply goes to the sender all the same.')
    await speak('zh-CN')
    expect(mail.get('.elsewhere').text()).toBe('对方希望回复至 desk@elsewhere.example，但您的回复仍会发给发件人。')
  })

  it.each([[undefined], [null], ['Ada@Customer.example']])('says nothing of %s', (reply_to) => {
    expect(shown({ reply_to } as Partial<Entry>).find('.elsewhere').exists()).toBe(false)
  })

  it('is marked while it is not proven, until an agent has said who it is', async () => {
    const live = useLive()
    const claim = { identity_id: 'i_claimed', proof: 'claimed' } as const
    expect(shown(claim).text()).toContain('claims to be ada@customer.example')
    expect(shown({ ...claim, proof: 'verified' }).find('.proof-mark').exists()).toBe(false)
    const mail = shown(claim)
    expect(mail.find('.proof-mark').exists()).toBe(true)
    live.state = { ...live.state, cards: { c1: { identities: [{ id: 'i_claimed', link_why: 'agent' }] } as unknown as Card } }
    await mail.vm.$nextTick()
    expect(mail.find('.proof-mark').exists()).toBe(false)
    expect(mail.text()).toContain('An agent has confirmed that it is them.')
  })

  const part = { filename: 'photo.jpg', content_type: 'image/jpeg', size: 0, inline: false, cid: null }

  it('offers no file that is not there: on its way, or lost, and why', async () => {
    const mail = shown({ attachments: [part, { ...part, lost: 'media_host it is not there' }, { ...part, id: 'att_1', size: 2048 }] })
    const tiles = mail.findAll('.tile')
    expect(tiles.map((one) => one.element.tagName)).toEqual(['SPAN', 'SPAN', 'A'])
    expect(tiles.map((one) => one.get('.text').text())).toEqual([
      'photo.jpgBeing fetched…', `photo.jpg${i18n.global.t('reason.media_host')}`, 'photo.jpg2 kB',
    ])
    await speak('zh-CN')
    expect(tiles[0]?.text()).toContain('正在获取…')
  })
})
