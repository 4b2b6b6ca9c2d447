import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'

import type { Agent } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import TargetPicker from './TargetPicker.vue'

beforeEach(() => setActivePinia(createPinia()))

const options = (...agents: Agent[]) => {
  const live = useLive()
  live.state = { ...live.state, agents: Object.fromEntries(agents.map((agent) => [agent.id, agent])) }
  return mount(TargetPicker, { props: { label: 'Transfer to…' }, global: { plugins: [i18n] } }).findAll('[role=option]')
}

it('shows no presence of a colleague of whom none is known, and their own role', () => {
  const [plain, grace] = options({ id: 'a', name: 'Amara' }, { id: 'g', name: 'Grace', role: 'supervisor' })
  expect(plain?.find('.dot').exists()).toBe(false)
  expect(plain?.text()).toBe('Amara')
  expect(grace?.text()).toBe('GraceSupervisor')
})

it('shows the presence that a supervisor is told', () => {
  const [amara] = options({ id: 'a', name: 'Amara', role: 'agent', presence: 'available', status: 'idle', holds: [] })
  expect(amara?.find('.dot.available').exists()).toBe(true)
})
