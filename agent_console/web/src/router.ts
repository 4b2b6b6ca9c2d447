import { createRouter, createWebHistory, START_LOCATION } from 'vue-router'

import * as calls from '@/api/calls'
import { useSession } from '@/session/session'
import { useNotices } from '@/shell/notices'
import WorkPage from '@/work/WorkPage.vue'

const loginPage = () => import('@/session/LoginPage.vue')
const customersPage = () => import('@/customer/CustomersPage.vue')
const attentionPage = () => import('@/attention/AttentionPage.vue')
const supervisorPage = () => import('@/supervisor/SupervisorPage.vue')

export const router = createRouter({
  history: createWebHistory('/'),
  routes: [
    { path: '/login', name: 'login', component: loginPage },
    { path: '/', name: 'work', component: WorkPage },
    { path: '/work/:interactionId', name: 'interaction', component: WorkPage, props: true },
    { path: '/customers', name: 'customers', component: customersPage },
    { path: '/customers/:customerId', name: 'customer', props: true, component: customersPage },
    { path: '/attention', name: 'attention', component: attentionPage },
    { path: '/supervisor', name: 'supervisor', meta: { supervisor: true }, component: supervisorPage },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

router.beforeEach(async (to) => {
  const session = useSession()
  if (to.name === 'login') return true
  let known: boolean
  try {
    known = await session.restore()
  } catch {
    known = false
  }
  if (!known) return { name: 'login', query: { ...to.query, next: to.fullPath } }
  if (to.meta['supervisor'] && !session.supervises) return { name: 'work' }
  return true
})

/** What the pages are made of, for whoever may open them. One that can't be had now is asked for when it is opened. */
export async function fetchPages(supervises: boolean): Promise<void> {
  const pages = [customersPage, loginPage, ...(supervises ? [attentionPage, supervisorPage] : [])]
  await Promise.allSettled(pages.map((page) => page()))
}

/** A page's code could not be fetched: the hub is away, or it serves another build by now. */
export async function pageMissing(address: string, leave: (address: string) => void): Promise<void> {
  try {
    await calls.about()
    leave(address)
  } catch {
    useNotices().problem = { title: 'This page can’t be opened now', status: 0, code: 'page_missing' }
  }
}

router.onError((_, to, from) => {
  // Whatever has just been loaded anew is not loaded anew again.
  if (from !== START_LOCATION) void pageMissing(to.fullPath, (address) => { location.assign(address) })
})
