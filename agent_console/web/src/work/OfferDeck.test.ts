import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Interaction, Offer } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import { setClock } from '@/marks/clock'
import OfferDeck from './OfferDeck.vue'

const NOW = Date.parse('2026-11-20T14:00:00.000Z')
const made = new Date(NOW).toISOString()
const work = (id: string, more: Partial<Interaction> = {}) => ({ id, customer_id: `c_${id}`, customer_name: `Name ${id}`, channel: 'sms', preview: `Words ${id}`, ...more }) as Interaction
const offerOf = (id: string, more: Partial<Offer> = {}) => ({
  id: `of_${id}`, interaction_id: id, agent_id: 'us_1', queue_id: 'q1', state: 'pending', made_at: made, expires_at: new Date(NOW + 30_000).toISOString(), ...more,
}) as Offer

describe('the offers', () => {
  let live: ReturnType<typeof useLive>
  let sent: unknown[]
  let deck: VueWrapper

  const hold = (...held: [Interaction, Offer][]) => {
    live.state = {
      ...live.state,
      interactions: Object.fromEntries(held.map(([row]) => [row.id, row])),
      offers: Object.fromEntries(held.map(([, offer]) => [offer.id, offer])),
    }
    return nextTick()
  }
  const both: [Interaction, Offer][] = [[work('a'), offerOf('a')], [work('b'), offerOf('b', { made_at: new Date(NOW + 1).toISOString() })]]

  beforeEach(async () => {
    setActivePinia(createPinia())
    setClock(NOW)
    live = useLive()
    live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me }
    sent = []
    live.command = ((name: string, data: { offer_id: string }) => {
      sent.push([name, data.offer_id])
      return Promise.resolve({ interaction_id: 'x' })
    }) as unknown as typeof live.command
    const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:interactionId?', name: 'interaction', component: { template: '' } }] })
    await hold(...both)
    deck = mount(OfferDeck, { global: { plugins: [i18n, router] }, attachTo: document.body })
  })

  afterEach(() => deck.unmount())

  const point = async (at: boolean) => {
    deck.element.dispatchEvent(new MouseEvent(at ? 'mouseenter' : 'mouseleave'))
    await nextTick()
  }
  const accepts = () => deck.findAll('button.btn-primary')
  const press = (key: string, at: number, init: KeyboardEventInit = {}) => {
    window.dispatchEvent(Object.defineProperty(new KeyboardEvent('keydown', { key, ...init }), 'timeStamp', { value: at }))
    return flushPromises()
  }

  it('keep their places while someone points at one of them', async () => {
    await point(true)
    await accepts()[0]?.trigger('click')
    await hold(...both.slice(1))
    await flushPromises()
    expect(deck.findAll('.offer').map((card) => card.text().includes('Name a'))).toEqual([true, false])
    expect(deck.findAll('.offer')[0]?.text()).toContain('Accepted')
    expect(accepts()).toHaveLength(1)
    expect(sent).toEqual([['offer.accept', 'of_a']])
    await point(false)
    expect(deck.findAll('.offer').map((card) => card.text().includes('Name b'))).toEqual([true])
  })

  it('are cleared of what has gone when the pointer only lies there', async () => {
    await point(true)
    await hold(...both.slice(1))
    setClock(NOW + 3000)
    await nextTick()
    expect(deck.findAll('.offer')).toHaveLength(2)
    setClock(NOW + 9000)
    await nextTick()
    expect(deck.findAll('.offer')).toHaveLength(1)
  })

  it('say that one is gone which was not answered here', async () => {
    await point(true)
    await hold(...both.slice(1))
    expect(deck.findAll('.offer')[0]?.text()).toContain('No longer offered')
  })

  it('are answered once by a key that is held or pressed twice', async () => {
    await press('a', 5000)
    await hold(...both.slice(1))
    await press('a', 5200)
    await press('a', 6000, { repeat: true })
    expect(sent).toEqual([['offer.accept', 'of_a']])
    await press('a', 7000)
    expect(sent).toHaveLength(2)
  })

  it('have no more seconds than they were given', async () => {
    setClock(NOW - 900)
    await nextTick()
    expect(deck.find('.ring .figure').text()).toBe('30')
  })

  it('show what a mail is about', async () => {
    await hold([work('m', { channel: 'email', subject: 'A broken lamp' }), offerOf('m')])
    expect(deck.text()).toContain('A broken lamp')
  })
})
