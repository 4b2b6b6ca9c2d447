import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'

import type { Interaction } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import WrapUpPanel from './WrapUpPanel.vue'

it('makes the choice that Enter is pressed on, and ends the work by the next Enter', async () => {
  setActivePinia(createPinia())
  const sent: unknown[] = []
  useLive().command = ((name: string, data: unknown) => {
    sent.push([name, data])
    return Promise.resolve({})
  }) as unknown as ReturnType<typeof useLive>['command']
  const panel = mount(WrapUpPanel, { props: { interaction: { id: 'in1', wrap_up_since: null } as Interaction }, global: { plugins: [i18n] } })
  const code = panel.get('[role=radio]')
  await code.trigger('keydown', { key: 'Enter' })
  expect(code.attributes('aria-checked')).toBe('true')
  expect(sent).toEqual([])
  await code.trigger('keydown', { key: 'Enter' })
  await flushPromises()
  expect(sent).toEqual([['interaction.close', { interaction_id: 'in1', disposition: 'solved', code: 'question' }]])
})
