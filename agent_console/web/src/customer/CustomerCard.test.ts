import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Card, Entry, Identity, Interaction, PastInteraction, Role, User } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import { setClock } from '@/marks/clock'
import CustomerCard from './CustomerCard.vue'

const past = (id: string, more: Partial<PastInteraction> = {}) => ({ id, channel: 'sms', subject: null, state: 'active', closed_at: null, ...more }) as PastInteraction
const card = {
  customer: { id: 'c1', name: '周雨桐', language: 'zh-CN', timezone: 'Asia/Shanghai', tags: [], fields: {} },
  identities: [{ id: 'i1', kind: 'email', address: 'reservations@fjordgate.example', standing: 'verified', why: 'import', learnt_at: '2026-11-20T14:00:00.000Z', ended_at: null, link_why: 'first_contact', undo: null } as Identity],
  likely: null, interactions: [past('in1'), past('in2'), past('in3', { channel: 'email', subject: 'A broken lamp' })],
} as unknown as Card

describe('the card', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    setClock(Date.parse('2026-11-20T09:27:00.000Z'))
  })
  afterEach(() => speak('en'))
  const show = (more: Record<string, unknown> = {}) => mount(CustomerCard, { props: { customerId: 'c1', card, overlay: false, interaction: null, ...more }, global: { plugins: [i18n], stubs: { RouterLink: true } } })
  const living = (timezone: string) => ({ card: { ...card, customer: { ...card.customer, timezone } } })

  it.each([
    ['en', 'Asia/Shanghai', /17:27 in Shanghai/u], ['en', 'America/New_York', /04:27 in New York/u],
    // Whether a browser has a Chinese name for a city is its own affair.
    ['zh-CN', 'Asia/Shanghai', /中国时间 17:27/u], ['zh-CN', 'America/New_York', /(纽约|北美东部)时间 04:27/u], ['zh-CN', 'Etc/GMT+5', /GMT-5 04:27/u],
  ] as const)('says in %s where in %s it is what time', async (language, timezone, words) => {
    await speak(language)
    expect(show(living(timezone)).find('.facts').text()).toMatch(words)
  })

  it('lists what was before, not what is on the screen', () => {
    expect(show({ interaction: { id: 'in1', customer_id: 'c1' } as Interaction }).findAll('.past')).toHaveLength(2)
    expect(show().findAll('.past')).toHaveLength(3)
  })

  it('tells what has no subject apart by its first words', () => {
    const live = useLive()
    const entry = (seq: number, text: string, more: Partial<Entry> = {}) => ({ id: `e${seq}`, seq, kind: 'message', interaction_id: 'in1', text, ...more }) as Entry
    live.state = { ...live.state, timelines: { c1: { items: [entry(1, 'A note', { kind: 'note' }), entry(2, 'Where is it?'), entry(3, 'Hello?')], before: null, stale: false } } }
    expect(show().findAll('.past .clip').map((row) => row.text())).toEqual(['Where is it?', 'SMS', 'A broken lamp'])
  })

  it('ends the line of an address before its @ or a dot', () => {
    const address = show().get('.address')
    expect(address.element.innerHTML.replaceAll(/<wbr[^>]*>/gu, '|').replaceAll(/<!--.*?-->/gu, '')).toBe('reservations|@fjordgate|.example')
  })

  describe('with an address that an agent gave them', () => {
    let sent: unknown[]
    const live = () => useLive()
    /** `rows`: the work that I see; the second address of the card may be taken back. */
    const as = (role: Role, ...rows: Partial<Interaction>[]) => {
      live().state = { ...live().state, me: { id: 'us_1', role } as User, interactions: Object.fromEntries(rows.map((row, at) => [`w${at}`, row as Interaction])) }
    }
    const moved = { ...card.identities[0], id: 'i2', standing: 'claimed', ended_at: '2026-11-20T09:00:00.000Z', link_why: 'agent', undo: 2 } as Identity
    const rows = (more: Record<string, unknown> = {}) => show({ card: { ...card, identities: [...card.identities, moved] }, ...more })
    beforeEach(() => {
      sent = []
      live().command = ((...what: unknown[]) => { sent.push(what); return Promise.resolve({}) }) as unknown as ReturnType<typeof useLive>['command']
    })

    it('takes that back, and offers it for no other', async () => {
      as('agent', { customer_id: 'c1', owner_id: 'us_1' })
      const [undo, ...more] = rows().findAll('.row .link')
      expect(more).toEqual([])
      expect(undo?.element.closest('.row')?.textContent).toContain('confirmed by an agent')
      await undo?.trigger('click')
      expect(sent).toEqual([['identity.undo', { identity_id: 'i2', version: 2 }]])
    })

    it('says how it came to them also to those whose word does not count', () => {
      as('agent', { customer_id: 'c1', owner_id: 'us_2' }, { customer_id: 'c2', owner_id: 'us_1' }, { customer_id: 'c1', owner_id: null })
      expect(rows().findAll('.row .link')).toEqual([])
      expect(rows().text()).toContain('confirmed by an agent')
    })

    it.each(['supervisor', 'admin'] as const)('lets whoever is %s take it back', (role) => {
      as(role)
      expect(rows().findAll('.row .link')).toHaveLength(1)
    })

    it('takes a word on who wrote from those alone who hold that work', () => {
      const claim = { id: 'in1', customer_id: 'c9', likely_customer_id: 'c1', identity_id: 'i9', address: 'x@y.example', owner_id: null as string | null }
      const likely = { customer_id: 'c1', name: 'Ada', why: 'address' }
      const them = (owner_id: string | null) => {
        as('agent', { ...claim, owner_id })
        live().state = { ...live().state, cards: { c9: { ...card, likely } as unknown as Card } }
        return rows({ interaction: { ...claim, owner_id } }).findAll('.match button')
      }
      expect(them(null)).toEqual([])
      expect(them('us_2')).toEqual([])
      expect(them('us_1')).toHaveLength(1)
      // Nor are the addresses of whom it is said to be in their hands.
      expect(rows().findAll('.row .link')).toEqual([])
    })
  })
})
