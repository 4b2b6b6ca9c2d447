import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'

import VirtualRows from './VirtualRows.vue'

const ids = (count: number, first = 0) => Array.from({ length: count }, (_, index) => `r${first + index}`)

describe('a long list', () => {
  const shown = ref<string[]>([])
  const columns = ref(1)
  let wrapper: VueWrapper

  beforeEach(async () => {
    // A window of 520 pixels, which happy-dom doesn't lay out by itself.
    vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockImplementation(function (this: HTMLElement) {
      const scrolled = document.querySelector('.scroller')?.scrollTop ?? 0
      return new DOMRect(0, this.tagName === 'UL' ? -scrolled : 0, 300, 520)
    })
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(520)
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(300)
    shown.value = ids(500)
    columns.value = 1
    const page = defineComponent(() => () =>
      h('div', { style: 'overflow-y: auto', class: 'scroller' }, [
        h(VirtualRows, { ids: shown.value, height: 52, columns: columns.value }, { default: ({ id }: { id: string }) => h('button', id) }),
      ]))
    wrapper = mount(page, { attachTo: document.body })
    await flushPromises()
  })
  afterEach(() => wrapper.unmount())

  const rows = () => wrapper.findAll('li').map((row) => row.text())
  const scrollTo = async (top: number) => {
    const element = wrapper.get('.scroller').element
    element.scrollTop = top
    element.dispatchEvent(new Event('scroll'))
    await nextTick()
  }

  it('has only what is in sight in the page, and the height of all', () => {
    expect(rows().slice(0, 3)).toEqual(['r0', 'r1', 'r2'])
    expect(rows().length).toBeGreaterThan(9)
    expect(rows().length).toBeLessThan(30)
    expect(wrapper.get('ul').attributes('style')).toContain('height: 26000px')
    expect(wrapper.get('li').attributes()).toMatchObject({ 'aria-setsize': '500', 'aria-posinset': '1' })
  })

  it('stays as short while all 500 change place, and at ten thousand', async () => {
    for (let turn = 0; turn < 50; turn += 1) {
      shown.value = [...shown.value.slice(7), ...shown.value.slice(0, 7)]
      await nextTick()
    }
    expect(rows()[0]).toBe('r350')
    shown.value = ids(10_000)
    await nextTick()
    expect(rows().length).toBeLessThan(30)
    await scrollTo(9_000 * 52)
    expect(rows()).toContain('r9000')
    expect(rows()).not.toContain('r0')
    expect(rows().length).toBeLessThan(40)
  })

  it('keeps the row that someone works in, wherever the list goes', async () => {
    wrapper.get<HTMLButtonElement>('li button').element.focus()
    await scrollTo(300 * 52)
    expect(rows()).toContain('r0')
    expect(document.activeElement?.textContent).toBe('r0')
  })

  it('fills two columns line by line', async () => {
    columns.value = 2
    await nextTick()
    expect(wrapper.get('ul').attributes('style')).toContain('height: 13000px')
    expect(wrapper.findAll('li')[1]?.attributes('style')).toContain('left: 50%')
  })
})
