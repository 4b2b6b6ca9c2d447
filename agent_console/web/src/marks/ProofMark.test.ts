import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Card, CustomerHit, Interaction, Offer, Proof } from '@/api/types'
import CustomerCard from '@/customer/CustomerCard.vue'
import CustomerRow from '@/customer/CustomerRow.vue'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import DrillRow from '@/supervisor/DrillRow.vue'
import TimelineHead from '@/timeline/TimelineHead.vue'
import OfferCard from '@/work/OfferCard.vue'
import WorkRow from '@/work/WorkRow.vue'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/c/:customerId', name: 'customer', component: {} }, { path: '/:interactionId?', name: 'interaction', component: {} }] })
const global = { plugins: [i18n, router] }
const work = (proof: Proof) => ({ id: 'in1', conversation_id: 'cv1', customer_id: 'c2', customer_name: 'Ada', likely_customer_id: null, channel: 'email', state: 'active', unread: 0, opened_at: '2026-11-20T14:00:00.000Z', proof }) as Interaction
const person = (provisional: boolean) => ({ customer: { id: 'c2', name: 'Ada', tags: [], fields: {}, provisional }, identities: [], likely: null, interactions: [], counts: { entries: 1, conversations: 1 } }) as unknown as Card
const offer = { id: 'of1', interaction_id: 'in1', queue_id: 'q1', made_at: '2026-11-20T14:00:00.000Z', expires_at: '2026-11-20T14:00:30.000Z' } as Offer

const places = {
  'the list of work': (unproven) => mount(WorkRow, { props: { row: work(unproven ? 'claimed' : 'verified'), current: false }, global }),
  'the list of work, once confirmed': () => mount(WorkRow, { props: { row: work('confirmed'), current: false }, global }),
  'a row behind a number': (unproven) => mount(DrillRow, { props: { row: work(unproven ? 'claimed' : 'verified'), chosen: false, within: null, running: false }, global }),
  'an offer': (unproven) => {
    const live = useLive()
    live.state = { ...live.state, interactions: { in1: work(unproven ? 'claimed' : 'verified') } }
    return mount(OfferCard, { props: { offer, keyed: false }, global })
  },
  'the head of the timeline': (unproven) => mount(TimelineHead, { props: { interaction: work(unproven ? 'claimed' : 'verified'), card: person(true), name: 'Ada', cardOpen: false, slim: false }, global }),
  'the head without work': (unproven) => mount(TimelineHead, { props: { interaction: null, card: person(unproven), name: 'Ada', cardOpen: false, slim: false }, global }),
  'the list of customers': (unproven) => mount(CustomerRow, { props: { hit: { id: 'c2', name: 'Ada', addresses: [], provisional: unproven } as unknown as CustomerHit, current: false }, global }),
  'the card of who is provisional': (unproven) => mount(CustomerCard, { props: { customerId: 'c2', card: person(unproven), overlay: false, interaction: null }, global }),
  'the card of whom somebody claims to be': (unproven) => mount(CustomerCard, { props: { customerId: 'c2', card: person(false), overlay: false, interaction: { ...work('claimed'), customer_id: 'c3', likely_customer_id: unproven ? 'c2' : null } }, global }),
} satisfies Record<string, (unproven: boolean) => ReturnType<typeof mount>>

describe('whoever is not proven is marked', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it.each(Object.entries(places))('in %s', (name, show) => {
    const marks = (unproven: boolean) => (show as (unproven: boolean) => ReturnType<typeof mount>)(unproven).findAll('.proof-mark')
    expect(marks(false)).toHaveLength(0)
    if (name.endsWith('once confirmed')) return
    const [mark, ...more] = marks(true)
    expect(more).toHaveLength(0)
    expect(mark?.attributes('aria-label') ?? mark?.text()).toMatch(/not proven/iu)
  })
})
