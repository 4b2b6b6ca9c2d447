import { describe, expect, it } from 'vitest'

import type { Agent } from '@/api/types'
import { duration, stopwatch } from './duration'
import { initials } from './initials'
import { spaced } from './phone'
import { inOrder, presenceLabel, presenceMark } from './presence'
import { slaLevel } from './sla'

const units = { hours: (h: number, m: string) => `${h} h ${m}`, days: (d: number) => `${d} d` }
const S = 1000
const H = 3600 * S

describe('durations', () => {
  it.each([[-5 * S, '0:00'], [48 * S, '0:48'], [392 * S, '6:32'], [H - 1, '59:59'], [H, '1 h 00'], [3 * H + 640 * S, '3 h 10'], [47 * H, '47 h 00'], [49 * H, '2 d']])('%i ms is %s', (ms, text) => {
    expect(duration(ms, units)).toBe(text)
  })
  it('run on as a clock beside presence', () => expect(stopwatch(6127 * S)).toBe('1:42:07'))
})

describe('SLA', () => {
  it('is amber in the last quarter and red from the target on', () => {
    expect(slaLevel(0, 400, 299)).toBe('ok')
    expect(slaLevel(0, 400, 300)).toBe('warn')
    expect(slaLevel(0, 400, 400)).toBe('breach')
  })
  it('is silent without a target', () => expect(slaLevel(null, null, 1)).toBe('none'))
})

describe('presence', () => {
  const agent = (more: Partial<Agent>): Agent => ({ id: 'a', name: 'A', presence: 'available', status: 'idle', holds: [], ...more })
  it.each<[Partial<Agent>, string, string]>([
    [{}, 'available', 'presence.idle'],
    [{ status: 'interacting', holds: [{ interaction_id: 'i', channel: 'sms', state: 'connected' }] }, 'interacting', 'presence.interacting'],
    [{ status: 'interacting', holds: [{ interaction_id: 'i', channel: 'sms', state: 'wrap_up' }] }, 'wrapup', 'presence.wrapup'],
    [{ status: 'not_responding' }, 'missed', 'presence.missed'],
    [{ presence: 'meal', status: 'off_queue' }, 'away', 'presence.meal'],
    [{ presence: 'Coaching', status: 'off_queue' }, 'away', 'Coaching'],
    [{ presence: 'menu', status: 'off_queue' }, 'away', 'menu'],
    [{ presence: 'offline', status: 'off_queue' }, 'offline', 'presence.offline'],
  ])('%o is shown as %s', (more, mark, label) => {
    expect(presenceMark(agent(more))).toBe(mark)
    expect(presenceLabel(agent(more), (key) => key)).toBe(label)
  })
})

it('offers the presences of the company before the last, which is to be away', () => {
  expect(inOrder(['offline', 'available', 'Coaching', 'Driving']).slice(-4)).toEqual(['busy', 'Coaching', 'Driving', 'offline'])
})

it.each([['Amara Okafor', 'AO'], ['陈思远', '陈'], ['Chen Siyuan 陈思远', '陈'], ['+44 7700 900142', '#'], ['amara', 'A'], ['', '?']])('the initials of "%s" are %s', (name, letters) => {
  expect(initials(name)).toBe(letters)
})

it.each([['+447700900142', '+44 7700 900142'], ['+8613800001234', '+86 138 0000 1234'], ['+15550100199', '+1 555 010 0199'], ['a@b.example', 'a@b.example'], ['+4930901820', '+49 309 018 20']])('%s reads as %s', (address, words) => {
  expect(spaced(address)).toBe(words)
})
