import { mount } from '@vue/test-utils'
import { beforeEach, expect, it } from 'vitest'

import type { Queue } from '@/api/types'
import { i18n } from '@/i18n'
import { setClock } from '@/marks/clock'
import AlertBar from './AlertBar.vue'

const NOW = Date.parse('2026-11-20T14:00:00.000Z')
beforeEach(() => setClock(NOW))

it('says of those who wait only what is known: how many, and the longest', () => {
  const queue = { id: 'q', name: 'Hotels', waiting: 20, longest_since: new Date(NOW - 312_000).toISOString(), sla_seconds: 120, agents_ready: 0 } as Queue
  const text = mount(AlertBar, { props: { queues: [queue], clock: '14:00' }, global: { plugins: [i18n] } }).text()
  expect(text).toContain('Hotels: longest wait 5:12, target 2:00. 20 waiting, nobody ready.')
})
