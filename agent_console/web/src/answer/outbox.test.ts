import { createPinia, setActivePinia } from 'pinia'
import { nextTick } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'

import { ProblemError } from '@/api/http'
import type { SendData } from '@/api/types'
import { useLive } from '@/live/live'
import { setClock } from '@/marks/clock'
import { readDraft, useDraftsOf } from './drafts'
import { useOutbox } from './outbox'

const NOW = Date.parse('2026-11-20T14:00:00.000Z')
const data = { interaction_id: 'in1', channel: 'sms', account_id: 'a', identity_id: 'i', text: 'Written in the dark' } as SendData

describe('a reply that the hub hasn’t answered for', () => {
  let sent: { id: string; text: string }[]
  let answers: Map<string, { resolve: (result: unknown) => void; reject: (error: Error) => void }>
  let ids = 0

  /** A page that is loaded: nothing is left but what the browser keeps. */
  function page(userId: string) {
    setActivePinia(createPinia())
    useLive().send = ((_: string, what: SendData, id = `c${++ids}`) => {
      sent.push({ id, text: what.text })
      return { id, done: new Promise((resolve, reject) => answers.set(id, { resolve, reject })), discard: () => false }
    }) as unknown as ReturnType<typeof useLive>['send']
    useDraftsOf(userId)
    const outbox = useOutbox()
    outbox.belongTo(userId)
    return outbox
  }

  beforeEach(() => {
    setClock(NOW)
    sent = []
    answers = new Map()
    ids = 0
  })

  it('is sent again by the page that is loaded next, under its own id, and not once it is known to be there', async () => {
    page('us_1').send('cv1', 'cu1', data)
    const outbox = page('us_1')
    expect(sent).toEqual([{ id: 'c1', text: data.text }, { id: 'c1', text: data.text }])
    expect(outbox.items.map((item) => item.conversationId)).toEqual(['cv1'])
    answers.get('c1')?.resolve({ message_id: 'm1' })
    await nextTick()
    page('us_1')
    expect(sent).toHaveLength(2)
  })

  it('waits for its author, whoever signs in meanwhile', async () => {
    page('us_1').send('cv1', 'cu1', data)
    answers.get('c1')?.reject(new ProblemError({ title: 'closed', status: 0, code: 'offline' }))
    await nextTick()
    expect(page('us_2').items).toEqual([])
    expect(sent).toHaveLength(1)
    expect(page('us_1').items).toHaveLength(1)
  })

  it('comes back to be changed when it is refused, and is kept no longer', async () => {
    const outbox = page('us_1')
    outbox.send('cv1', 'cu1', data)
    answers.get('c1')?.reject(new ProblemError({ title: 'no', status: 409, code: 'opted_out' }))
    await nextTick()
    expect(outbox.returned).toMatchObject([{ conversationId: 'cv1', problem: { code: 'opted_out' } }])
    page('us_1')
    expect(sent).toHaveLength(1)
  })

  it('is a draft again the next day', () => {
    page('us_1').send('cv1', 'cu1', data)
    setClock(NOW + 24 * 3_600_000)
    expect(page('us_1').items).toEqual([])
    expect(readDraft('cv1').reply).toBe(data.text)
    page('us_1')
    expect(readDraft('cv1').reply).toBe(data.text)
  })
})
