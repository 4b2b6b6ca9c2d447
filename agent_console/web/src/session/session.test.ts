import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { Session } from '@/api/types'
import { useSession } from './session'

const of = (id: string, csrf: string) => ({ user: { id, role: 'agent', language: 'en', queue_ids: [] }, csrf, hub: {} }) as unknown as Session
const elsewhere = () => {
  window.dispatchEvent(Object.assign(new Event('storage'), { key: 'triggerhub.session' }))
  return flushPromises()
}

describe('a session in several pages of one browser', () => {
  let session: ReturnType<typeof useSession>
  beforeEach(async () => {
    setActivePinia(createPinia())
    session = useSession()
    vi.spyOn(calls, 'signIn').mockResolvedValue(of('us_1', 'first'))
    await session.signIn('ann', 'right words')
  })

  it('goes on when its user has signed in again on another page', async () => {
    vi.spyOn(calls, 'readSession').mockResolvedValue(of('us_1', 'second'))
    await elsewhere()
    expect(session.session?.csrf).toBe('second')
    expect(session.ended).toBe(false)
  })

  it('ends when somebody else has signed in there', async () => {
    vi.spyOn(calls, 'readSession').mockResolvedValue(of('us_2', 'theirs'))
    await elsewhere()
    expect(session.session).toBeNull()
    expect(session.ended).toBe(true)
  })

  it('holds while the hub can’t be asked', async () => {
    vi.spyOn(calls, 'readSession').mockRejectedValue(new ProblemError({ title: 'away', status: 0, code: 'offline' }))
    await elsewhere()
    expect(session.user?.id).toBe('us_1')
  })
})
