import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Card, Interaction } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { useLive } from '@/live/live'
import ProofBanner from './ProofBanner.vue'

const interaction = { id: 'in1', identity_id: 'i_claimed', owner_id: 'us_1', customer_id: 'cu_new', likely_customer_id: 'cu_1', proof: 'claimed' } as Interaction

describe('work whose sender is not proven', () => {
  let sent: unknown[]

  beforeEach(() => {
    setActivePinia(createPinia())
    const live = useLive()
    live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me, cards: { cu_1: { customer: { name: 'Ada Lamp' } } as Card } }
    sent = []
    live.command = ((name: string, data: unknown) => {
      sent.push([name, data])
      return Promise.resolve({})
    }) as unknown as typeof live.command
  })
  afterEach(() => speak('en'))

  const banner = (more: Partial<Interaction> = {}, customerId = 'cu_1') =>
    mount(ProofBanner, { props: { interaction: { ...interaction, ...more }, customerId }, global: { plugins: [i18n] } })

  it('is confirmed as the customer on the screen, or set aside', async () => {
    const [them, spam] = banner().findAll('button')
    await them?.trigger('click')
    await spam?.trigger('click')
    expect(sent).toEqual([
      ['identity.confirm', { identity_id: 'i_claimed', customer_id: 'cu_1' }],
      ['interaction.set_aside', { interaction_id: 'in1', rule: 'spam' }],
    ])
  })

  it('says whose card is shown for it, in each language', async () => {
    expect(banner().text()).toContain('This may not be Ada Lamp')
    await speak('zh-CN')
    expect(banner().text()).toMatch(/^发件人未验证.*（Ada Lamp）/u)
  })

  it('says whose history is shown beside the card of who wrote', () => {
    const live = useLive()
    live.state = { ...live.state, cards: { cu_new: { likely: { name: 'Ada Lamp' } } as Card } }
    const own = banner({}, 'cu_new')
    expect(own.text()).toContain('This may not be Ada Lamp')
    expect(own.text()).not.toContain('It is them')
  })

  it('is nobody to be confirmed where nobody else is shown for it', () => {
    const alone = banner({ likely_customer_id: null }, 'cu_new')
    expect(alone.findAll('button').map((one) => one.text())).toEqual(['Spam'])
    expect(alone.text()).toContain('Nothing in it proves the sender.')
  })

  it('is only told of to whom it is offered', () => {
    const offered = banner({ owner_id: null })
    expect(offered.text()).toContain('Sender not proven')
    expect(offered.findAll('button')).toHaveLength(0)
  })
})
