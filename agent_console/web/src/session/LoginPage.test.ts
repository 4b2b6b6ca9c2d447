import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { About, Role, Session } from '@/api/types'
import { i18n } from '@/i18n'
import { setClock } from '@/marks/clock'
import LoginPage from './LoginPage.vue'

const NOW = Date.parse('2026-11-20T14:00:00.000Z')
const page = { template: '' }

describe('signing in', () => {
  let router: Router
  beforeEach(() => {
    setActivePinia(createPinia())
    setClock(NOW)
    vi.spyOn(calls, 'about').mockResolvedValue({ name: 'Company', version: '1', demo: false, languages: [], demo_logins: [] } as About)
    router = createRouter({
      history: createMemoryHistory(),
      routes: [{ path: '/', name: 'work', component: page }, { path: '/login', name: 'login', component: page }, { path: '/supervisor', name: 'supervisor', component: page }, { path: '/attention', name: 'attention', component: page }],
    })
  })

  async function enter(next: string) {
    await router.push(next)
    const login = mount(LoginPage, { global: { plugins: [i18n, router] }, attachTo: document.body })
    await login.get('#login').setValue('grace')
    await login.get('#password').setValue('right words')
    await login.get('form').trigger('submit')
    await flushPromises()
    return login
  }

  it.each<[Role, string, string]>([
    ['agent', '/login?next=/', '/'],
    ['supervisor', '/login?next=/?lang=zh', '/supervisor?lang=zh'],
    ['admin', '/login', '/supervisor'],
    ['supervisor', '/login?next=/attention', '/attention'],
  ])('as %s at %s leads to %s', async (role, at, to) => {
    vi.spyOn(calls, 'signIn').mockResolvedValue({ user: { id: 'u', role, language: 'en', queue_ids: [] }, csrf: 'x', hub: {} } as unknown as Session)
    await enter(at)
    expect(router.currentRoute.value.fullPath).toBe(to)
  })

  it('goes on at the password after a wrong one', async () => {
    vi.spyOn(calls, 'signIn').mockRejectedValue(new ProblemError({ title: 'No', status: 401, code: 'wrong_credentials' }, null))
    const login = await enter('/login')
    expect(document.activeElement?.id).toBe('password')
    expect(login.get<HTMLInputElement>('#login').element.value).toBe('grace')
    expect(login.get<HTMLInputElement>('#password').element.value).toBe('')
  })

  it('counts down to when it may be tried again', async () => {
    vi.spyOn(calls, 'signIn').mockRejectedValue(new ProblemError({ title: 'Slow down', status: 429, code: 'too_many_attempts' }, 295))
    const login = await enter('/login')
    expect(login.get('.complaint').text()).toMatch(/Try again in 29\d s/u)
    setClock(NOW + 285_000)
    await flushPromises()
    expect(login.get('.complaint').text()).toMatch(/Try again in (10|9) s/u)
    setClock(NOW + 296_000)
    await flushPromises()
    expect(login.find('.complaint').exists()).toBe(false)
  })
})
