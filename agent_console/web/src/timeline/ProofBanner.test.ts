import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'

import type { Card, Entry, Interaction } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import ProofBanner from './ProofBanner.vue'

const entry = { id: 'm1', identity_id: 'i_claimed', interaction_id: 'in1', proof: 'claimed', proof_why: 'new' } as Entry
const interaction = { id: 'in1', owner_id: 'us_1', customer_id: 'cu_new', likely_customer_id: 'cu_1' } as Interaction

describe('a sender who is not proven', () => {
  let live: ReturnType<typeof useLive>
  let sent: unknown[]

  beforeEach(() => {
    setActivePinia(createPinia())
    live = useLive()
    live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me }
    sent = []
    live.command = ((name: string, data: unknown) => {
      sent.push([name, data])
      return Promise.resolve({})
    }) as unknown as typeof live.command
  })

  const banner = (more: Partial<Entry> = {}) =>
    mount(ProofBanner, { props: { entry: { ...entry, ...more }, customerId: 'cu_1', interaction }, global: { plugins: [i18n] } })

  it('is confirmed as the customer on the screen, or set aside', async () => {
    const [them, spam] = banner().findAll('button')
    await them?.trigger('click')
    await spam?.trigger('click')
    expect(sent).toEqual([
      ['identity.confirm', { identity_id: 'i_claimed', customer_id: 'cu_1' }],
      ['interaction.set_aside', { interaction_id: 'in1', rule: 'spam' }],
    ])
  })

  it('sets its sentences apart as each language does', async () => {
    expect(banner().get('p').text()).toContain('not proven. Nothing')
    await speak('zh-CN')
    expect(banner().get('p').text()).toMatch(/^[^ ]+。其中/u)
    await speak('en')
  })

  it('has no code of ours among its words', () => {
    const words = banner().text()
    expect(words).toContain('Nothing in it proves the sender.')
    for (const code of ['new', 'related', 'reply_address', 'unauthenticated']) expect(banner({ proof_why: code }).text()).toBe(words)
  })

  it('is asked about no more once an agent has said who it is', () => {
    const card = { identities: [{ id: 'i_claimed', link_why: 'agent' }] } as unknown as Card
    live.state = { ...live.state, cards: { cu_1: card } }
    const settled = banner()
    expect(settled.findAll('button')).toHaveLength(0)
    expect(settled.text()).toContain('An agent has confirmed that it is them.')
  })
})
