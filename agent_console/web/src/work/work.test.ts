import { describe, expect, it } from 'vitest'
import { ref } from 'vue'

import type { Interaction } from '@/api/types'
import { byUrgency, urgency } from './mine'
import { useSettledOrder } from './settled'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 20, 14, minute)).toISOString()
const row = (id: string, more: Partial<Interaction> = {}) => ({
  id, state: 'active', assignment_state: 'connected', opened_at: at(0), last_customer_at: at(5), last_agent_at: null, due_at: null, ...more,
}) as Interaction

describe('my work', () => {
  it('has first what is due first, then wrap-up, then what waits for the customer, then what is parked', () => {
    const rows = [
      row('parked', { state: 'parked' }),
      row('answered', { last_agent_at: at(9), due_at: at(1) }),
      row('wrap-up', { assignment_state: 'wrap_up' }),
      row('no target'),
      row('later', { due_at: at(30) }),
      row('sooner', { due_at: at(20) }),
    ]
    expect(rows.toSorted(byUrgency).map((one) => one.id)).toEqual(['sooner', 'later', 'no target', 'wrap-up', 'answered', 'parked'])
  })
  it('is late only while an answer is owed', () => {
    const now = Date.parse(at(40))
    expect(urgency(row('a', { due_at: at(30) }), now)).toBe('breach')
    expect(urgency(row('a', { due_at: at(30), last_agent_at: at(6) }), now)).toBe('none')
    expect(urgency(row('a', { due_at: at(30), state: 'parked' }), now)).toBe('none')
  })
})

describe('a settled order', () => {
  it('moves nothing while someone points at it, and sorts when they leave', () => {
    const wanted = ref(['a', 'b', 'c'])
    const busy = ref(true)
    const shown = useSettledOrder(wanted, busy)
    wanted.value = ['d', 'c', 'a']
    expect(shown.value).toEqual(['a', 'b', 'c', 'd'])
    busy.value = false
    expect(shown.value).toEqual(['d', 'c', 'a'])
    wanted.value = ['c', 'd', 'a']
    expect(shown.value).toEqual(['c', 'd', 'a'])
  })
})
