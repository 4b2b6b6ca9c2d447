import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, ref } from 'vue'

import { vChoices } from './choices'

function group(manual: boolean, first: string) {
  const page = mount(defineComponent({
    directives: { choices: vChoices },
    setup: () => ({ chosen: ref(first), all: ['a', 'b', 'c'] }),
    template: `<div v-choices${manual ? '.manual' : ''} role="radiogroup"><span>–</span><button v-for="one in all" :key="one" role="radio" :aria-checked="chosen === one" @click="chosen = one">{{ one }}</button></div>`,
  }), { attachTo: document.body })
  const radios = () => page.findAll<HTMLElement>('[role=radio]')
  return {
    stops: () => radios().map((one) => one.element.tabIndex),
    chosen: () => radios().find((one) => one.attributes('aria-checked') === 'true')?.text(),
    focused: () => document.activeElement?.textContent,
    focus: (at: number) => radios()[at]?.element.focus(),
    leave: () => radios().forEach((one) => one.element.blur()),
    press: (key: string, more: object = {}) => page.get('button:focus').trigger('keydown', { key, ...more }),
  }
}

it('stop Tab once: at what is chosen, else at the first', () => {
  expect(group(false, '').stops()).toEqual([0, -1, -1])
  expect(group(false, 'b').stops()).toEqual([-1, 0, -1])
})

it('are gone round and chosen by the arrows', async () => {
  const them = group(false, 'b')
  them.focus(1)
  await them.press('ArrowRight')
  expect([them.focused(), them.chosen(), them.stops()]).toEqual(['c', 'c', [-1, -1, 0]])
  await them.press('ArrowDown')
  expect([them.focused(), them.chosen()]).toEqual(['a', 'a'])
  await them.press('ArrowUp')
  await them.press('ArrowLeft')
  expect([them.focused(), them.chosen()]).toEqual(['b', 'b'])
  await them.press('ArrowLeft', { ctrlKey: true })
  await them.press('x')
  expect(them.chosen()).toBe('b')
})

it('are only gone round where a choice is carried out at once', async () => {
  const them = group(true, 'b')
  them.focus(1)
  await them.press('ArrowRight')
  expect([them.focused(), them.chosen(), them.stops()]).toEqual(['c', 'b', [-1, -1, 0]])
  them.leave()
  expect(them.stops()).toEqual([-1, 0, -1])
})
