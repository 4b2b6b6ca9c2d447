import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { About } from '@/api/types'
import { i18n, speak } from '@/i18n'
import { pageMissing } from '@/router'
import NoticeLine from './NoticeLine.vue'
import { useNotices } from './notices'

const refused = () => Promise.reject(new ProblemError({ title: 'No', status: 409, code: 'not_pending' }))

describe('what the hub refused', () => {
  beforeEach(() => { setActivePinia(createPinia()) })
  const line = (fallback: boolean) => mount(NoticeLine, { props: { fallback }, global: { plugins: [i18n] } })

  it('is said once: by the page, and by the shell only where no page does', async () => {
    const shell = line(true)
    const page = line(false)
    await useNotices().attempt(refused())
    await nextTick()
    expect(page.get('[role=alert]').text()).toContain('no longer')
    expect(shell.find('[role=alert]').exists()).toBe(false)
    page.unmount()
    await nextTick()
    expect(shell.get('[role=alert]').text()).toContain('no longer')
    await shell.get('button').trigger('click')
    expect(shell.find('[role=alert]').exists()).toBe(false)
  })

  it('stays long enough to be read when the page changes, and isn’t taken along for ever', async () => {
    const notices = useNotices()
    const time = vi.spyOn(performance, 'now').mockReturnValue(1000)
    await notices.attempt(refused())
    time.mockReturnValue(2000)
    notices.moveOn()
    expect(notices.problem?.code).toBe('not_pending')
    time.mockReturnValue(9000)
    notices.moveOn()
    expect(notices.problem).toBeNull()
  })
})

describe('a page whose code can’t be fetched', () => {
  beforeEach(() => { setActivePinia(createPinia()) })

  it('is loaded anew where the hub answers, and is named as missing where it doesn’t', async () => {
    const leave = vi.fn<(address: string) => void>()
    const about = vi.spyOn(calls, 'about').mockResolvedValue({} as About)
    await pageMissing('/customers', leave)
    expect(leave).toHaveBeenCalledWith('/customers')
    about.mockRejectedValue(new ProblemError({ title: 'away', status: 0, code: 'offline' }))
    await pageMissing('/supervisor', leave)
    expect(leave).toHaveBeenCalledTimes(1)
    await speak('zh-CN')
    expect(mount(NoticeLine, { global: { plugins: [i18n] } }).text()).toContain('恢复连接后')
    await speak('en')
  })
})
