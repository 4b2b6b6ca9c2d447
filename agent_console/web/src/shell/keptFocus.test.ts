import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { nextTick, ref } from 'vue'

import { useKeptFocus } from './keptFocus'

const settled = () => new Promise((done) => { setTimeout(done) })

function page() {
  const here = ref({ button: true, aside: true })
  const taken = ref(false)
  mount({
    setup() {
      useKeptFocus()
      return { here, taken }
    },
    template: `<div><aside v-if="here.aside" id="part"><button v-if="here.button" id="gone">Decline</button></aside>
      <main id="main"><textarea id="other"></textarea></main></div>`,
  }, { attachTo: document.body })
  document.querySelector<HTMLElement>('#gone')?.focus()
  return here
}
const focused = () => document.activeElement?.id

it('gives the focus of what has gone to the part of the page where it stood', async () => {
  page().value = { button: false, aside: true }
  await nextTick()
  await settled()
  expect(focused()).toBe('part')
})

it('gives it to the main part when all around it has gone too', async () => {
  page().value = { button: false, aside: false }
  await nextTick()
  await settled()
  expect(focused()).toBe('main')
})

it('leaves it where somebody has put it meanwhile', async () => {
  const here = page()
  document.querySelector<HTMLElement>('#other')?.focus()
  here.value = { button: false, aside: false }
  await nextTick()
  await settled()
  expect(focused()).toBe('other')
})
