import { describe, expect, it } from 'vitest'

import type { Interaction, ReplyWay } from '@/api/types'
import { chosenWay, inOrder } from './ways'

const way = (identity: string, account: string, more: Partial<ReplyWay> = {}): ReplyWay => ({
  channel: 'email', account_id: account, identity_id: identity, address: 'g@alder.example', open: true, reason: null, ...more,
})
const interaction = { channel: 'email', identity_id: 'claimed', account_id: 'billing' } as Interaction

describe('ways to answer', () => {
  it('begin with the one that the conversation came by; an address known twice is one', () => {
    const ways = [way('verified', 'billing'), way('verified', 'support'), way('claimed', 'billing'), way('phone', 'main', { channel: 'sms', address: '+15550100' })]
    expect(inOrder(ways, interaction).map((one) => [one.identity_id, one.account_id])).toEqual([
      ['claimed', 'billing'], ['verified', 'support'], ['phone', 'main'],
    ])
    expect(chosenWay(ways, interaction, '')?.identity_id).toBe('claimed')
  })
  it('keep an open one when its double is closed', () => {
    const ways = [way('claimed', 'billing', { open: false, reason: 'ended' }), way('verified', 'billing')]
    expect(inOrder(ways, interaction).map((one) => one.identity_id)).toEqual(['verified'])
  })
})
