import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Interaction, Offer } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import { closing } from './mine'
import WorkList from './WorkList.vue'

const row = (id: string) => ({
  id, owner_id: 'us_1', state: 'active', assignment_state: 'wrap_up', customer_name: `Name ${id}`, channel: 'sms', preview: 'Words', unread: 0,
  opened_at: '2026-11-20T14:00:00.000Z', conversation_id: `cv_${id}`,
}) as Interaction
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:interactionId?', name: 'interaction', component: { template: '' } }] })

beforeEach(() => setActivePinia(createPinia()))

it('keeps the name of what has gone from under the pointer, and says why it has gone', async () => {
  const live = useLive()
  const hold = (...rows: Interaction[]) => {
    live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me, interactions: Object.fromEntries(rows.map((one) => [one.id, one])) }
    return nextTick()
  }
  live.greeted = true
  await hold(row('a'), row('b'), row('c'))
  const list = mount(WorkList, { props: { current: null }, global: { plugins: [i18n, router], stubs: { VirtualRows: { props: ['ids'], template: '<ul><li v-for="id in ids" :key="id"><slot :id="id" /></li></ul>' } } }, attachTo: document.body })
  await nextTick()
  const texts = () => list.findAll('.row').map((one) => `${one.find('.name').text()}: ${one.find('.first').text()}`)
  list.find('ul').element.parentElement?.dispatchEvent(new MouseEvent('mouseenter'))
  await nextTick()
  await closing('a', Promise.resolve({}))
  await hold(row('b'))
  expect(texts()).toEqual(['Name a: done', 'Name b: Wrap-up: choose a code', 'Name c: no longer yours'])
  expect(list.findAll('a.row')).toHaveLength(1)
  list.unmount()
})

it('tells having nothing in hand from there being nothing', async () => {
  const live = useLive()
  live.greeted = true
  live.state = { ...live.state, me: { id: 'us_1' } as typeof live.state.me }
  const list = mount(WorkList, { props: { current: null }, global: { plugins: [i18n, router] } })
  expect(list.text()).toContain('Nothing is waiting for you')
  live.state = { ...live.state, offers: { of: { id: 'of', interaction_id: 'a', agent_id: 'us_1', state: 'pending', made_at: '' } as Offer } }
  await nextTick()
  expect(list.text()).not.toContain('Nothing is waiting for you')
})
