import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { expect, it } from 'vitest'

import type { Interaction } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import { setClock } from '@/marks/clock'
import WrapUpPanel from './WrapUpPanel.vue'

function wrapUp(sent: unknown[]) {
  setActivePinia(createPinia())
  useLive().command = ((name: string, data: unknown) => {
    sent.push([name, data])
    return Promise.resolve({})
  }) as unknown as ReturnType<typeof useLive>['command']
  return mount(WrapUpPanel, { props: { interaction: { id: 'in1', wrap_up_since: null } as Interaction }, global: { plugins: [i18n] } })
}

it('makes the choice that Enter is pressed on, and ends the work by the next Enter', async () => {
  const sent: unknown[] = []
  const panel = wrapUp(sent)
  const code = panel.get('[role=radio]')
  await code.trigger('keydown', { key: 'Enter' })
  expect(code.attributes('aria-checked')).toBe('true')
  expect(sent).toEqual([])
  await code.trigger('keydown', { key: 'Enter' })
  await flushPromises()
  expect(sent).toEqual([['interaction.close', { interaction_id: 'in1', disposition: 'solved', code: 'question' }]])
})

it('plans a follow-up at nine on the next Monday', async () => {
  const sent: unknown[] = []
  setClock(new Date(2026, 10, 23, 8).getTime()) // a Monday: the one after it is meant
  const panel = wrapUp(sent)
  await panel.findAll('[role=radio]').find((one) => one.text().includes('Monday'))?.trigger('click')
  await panel.get('.btn-primary').trigger('click')
  await flushPromises()
  expect(sent).toEqual([['interaction.close', { interaction_id: 'in1', disposition: 'solved', follow_up_at: new Date(2026, 10, 30, 9).toISOString() }]])
})
