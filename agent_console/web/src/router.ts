import { createRouter, createWebHistory } from 'vue-router'

import { useSession } from '@/session/session'
import WorkPage from '@/work/WorkPage.vue'

export const router = createRouter({
  history: createWebHistory('/'),
  routes: [
    { path: '/login', name: 'login', component: () => import('@/session/LoginPage.vue') },
    { path: '/', name: 'work', component: WorkPage },
    { path: '/work/:interactionId', name: 'interaction', component: WorkPage, props: true },
    { path: '/customers', name: 'customers', component: () => import('@/customer/CustomersPage.vue') },
    {
      path: '/customers/:customerId', name: 'customer', props: true,
      component: () => import('@/customer/CustomersPage.vue'),
    },
    { path: '/attention', name: 'attention', component: () => import('@/attention/AttentionPage.vue') },
    {
      path: '/supervisor', name: 'supervisor', meta: { supervisor: true },
      component: () => import('@/supervisor/SupervisorPage.vue'),
    },
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
