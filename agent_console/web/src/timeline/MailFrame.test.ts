import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import { i18n } from '@/i18n'
import MailFrame from './MailFrame.vue'

describe('the frame of a formatted mail', () => {
  const inner = {} as Window
  beforeEach(() => { vi.spyOn(HTMLIFrameElement.prototype, 'contentWindow', 'get').mockReturnValue(inner) })
  afterEach(() => vi.restoreAllMocks())
  const show = () => mount(MailFrame, { props: { messageId: 'm1', title: 'A lamp', room: 200 }, global: { plugins: [i18n] } })
  const tell = (data: unknown, source: unknown = inner) => {
    window.dispatchEvent(Object.defineProperty(new MessageEvent('message', { data }), 'source', { value: source }))
    return nextTick()
  }

  it('is as high as the mail says, within bounds', async () => {
    const frame = show().get<HTMLIFrameElement>('iframe')
    const height = () => frame.element.style.height
    expect(height()).toBe('200px')
    await tell({ height: 73, held: 0 })
    expect(height()).toBe('73px')
    await tell({ height: 1e9 })
    expect(height()).toBe('3000px')
    await tell({ height: 'all of it' })
    await tell(null)
    await tell('height')
    expect(height()).toBe('3000px')
  })

  it('believes nobody else', async () => {
    const frame = show().get<HTMLIFrameElement>('iframe')
    await tell({ height: 73, held: 3 }, window)
    expect(frame.element.style.height).toBe('200px')
  })

  it('offers images where some are held back', async () => {
    const mail = show()
    expect(mail.find('.gate').exists()).toBe(false)
    await tell({ height: 73, held: 2 })
    expect(mail.get('.gate').text()).toContain('2 remote images blocked')
    await mail.get('.gate button').trigger('click')
    expect(mail.find('.gate').exists()).toBe(false)
    expect(mail.get('iframe').attributes('src')).toContain('images=1')
  })

  it('is a frame without origin', () => {
    expect(show().get<HTMLIFrameElement>('iframe').attributes('sandbox')?.split(' ').sort()).toEqual(['allow-popups', 'allow-popups-to-escape-sandbox', 'allow-scripts'])
  })
})
