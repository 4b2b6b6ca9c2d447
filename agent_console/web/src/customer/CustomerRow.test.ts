import { mount, RouterLinkStub } from '@vue/test-utils'
import { expect, it } from 'vitest'

import type { CustomerHit } from '@/api/types'
import { i18n } from '@/i18n'
import CustomerRow from './CustomerRow.vue'

const hit = { id: 'cu1', name: 'Ann Lee', company: 'Harbour Inns', language: 'en', addresses: ['ann@b.example'], last_at: null, last_text: 'On which day?' } as CustomerHit
const row = (more: Partial<CustomerHit>) => mount(CustomerRow, { props: { hit: { ...hit, ...more }, current: false }, global: { plugins: [i18n], stubs: { RouterLink: RouterLinkStub } } })

it('has room for the company and the last words', () => {
  expect(row({}).text()).toContain('Harbour Inns')
  expect(row({}).text()).toContain('On which day?')
  expect(row({ last_text: '' }).get('.words').text()).toBe('ann@b.example')
})
