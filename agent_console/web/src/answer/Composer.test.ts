import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import * as calls from '@/api/calls'
import type { Card, Interaction, ReplyWay } from '@/api/types'
import { i18n } from '@/i18n'
import { useLive } from '@/live/live'
import Composer from './Composer.vue'
import { readDraft, useDraftsOf } from './drafts'
import UndoToast from '@/shell/UndoToast.vue'
import { useOutbox, type Returned } from './outbox'
import { useChosenFiles } from './uploads'

const way = (channel: ReplyWay['channel'], more: Partial<ReplyWay> = {}): ReplyWay => ({
  channel, account_id: `a_${channel}`, identity_id: `i_${channel}`, address: '+44 7700 900142', open: true, reason: null, ...more,
})
const interaction = {
  id: 'in1', conversation_id: 'cv1', customer_id: 'c1', channel: 'sms', account_id: 'a_sms', identity_id: 'i_sms', customer_name: 'Hannah Whitfield',
  last_customer_at: '2026-11-20T14:00:00.000Z', lang: 'en',
} as Interaction
const card = {
  customer: { id: 'c1', name: 'Hannah Whitfield', language: 'en' },
  reply_ways: [way('email'), way('sms'), way('whatsapp', { open: false, reason: 'opted_out' })],
} as Card

describe('the composer', () => {
  let live: ReturnType<typeof useLive>
  let sent: { name: string; data: unknown }[]
  let wrapper: VueWrapper

  beforeEach(() => {
    setActivePinia(createPinia())
    useDraftsOf('u1') // what the test before left unsent is forgotten
    live = useLive()
    live.link = 'open'
    sent = []
    live.send = ((name: string, data: unknown) => {
      sent.push({ name, data })
      return { id: `k${sent.length}`, done: Promise.resolve({ message_id: 'm1', entry_id: 'e1' }), discard: () => false }
    }) as unknown as typeof live.send
    live.command = ((name: string, data: unknown) => {
      sent.push({ name, data })
      return Promise.resolve({ entry_id: 'e1' })
    }) as unknown as typeof live.command
    wrapper = open()
  })

  function open(more: Record<string, unknown> = {}): VueWrapper {
    return mount(Composer, {
      props: { conversationId: 'cv1', customerId: 'c1', interaction, card, closedBecause: '', ...more },
      global: { plugins: [i18n] }, attachTo: document.body,
    })
  }
  const text = () => wrapper.get('textarea')
  const press = (init: KeyboardEventInit & { keyCode?: number }) => {
    const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })
    if (init.keyCode) Object.defineProperty(event, 'keyCode', { value: init.keyCode })
    text().element.dispatchEvent(event)
    return nextTick()
  }
  const type = async (words: string) => {
    const field = text().element
    field.value = words
    field.setSelectionRange(words.length, words.length)
    await text().trigger('input')
  }
  const tab = (name: string) => wrapper.findAll('[role=tab]').find((one) => one.text().includes(name))

  it('sends a reply by the way the conversation came, on Ctrl Enter', async () => {
    await type('Ruth comes at seven.')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toEqual([{ name: 'message.send', data: { interaction_id: 'in1', channel: 'sms', account_id: 'a_sms', identity_id: 'i_sms', text: 'Ruth comes at seven.' } }])
    expect(text().element.value).toBe('')
  })

  it('says to whom an answer goes while the sender is not proven, and not of a note', async () => {
    expect(wrapper.find('.proof-mark').exists()).toBe(false)
    await wrapper.setProps({ interaction: { ...interaction, proof: 'claimed' } })
    expect(wrapper.get('.unproven').text()).toContain('Your answer goes to +44 7700 900142.')
    await tab('Note')?.trigger('click')
    expect(wrapper.find('.unproven').exists()).toBe(false)
  })

  it('sends nothing on Enter alone, nor an empty text', async () => {
    await press({ key: 'Enter', ctrlKey: true })
    await type('Hello')
    await press({ key: 'Enter' })
    expect(sent).toEqual([])
  })

  it('sends nothing on the Enter that confirms Chinese input', async () => {
    await type('你好')
    await text().trigger('compositionstart')
    await press({ key: 'Enter', isComposing: true })
    await press({ key: 'Enter', ctrlKey: true, isComposing: true })
    await press({ key: 'Process', keyCode: 229, ctrlKey: true })
    await text().trigger('compositionend')
    expect(sent).toEqual([])
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toHaveLength(1)
  })

  it('keeps a note and a reply apart, in words and in where they go', async () => {
    await type('for the customer')
    await tab('Note')?.trigger('click')
    expect(wrapper.get('.composer').classes()).toContain('note')
    expect(text().element.value).toBe('')
    expect(wrapper.find('[role=radiogroup]').exists()).toBe(false)
    await type('for colleagues')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toEqual([{ name: 'note.add', data: { conversation_id: 'cv1', text: 'for colleagues' } }])
    await tab('Reply')?.trigger('click')
    expect(text().element.value).toBe('for the customer')
  })

  it('shows a closed channel with its reason and does not offer it', () => {
    const closed = wrapper.get('.way.closed')
    expect(closed.text()).toContain('opted out')
    expect(closed.element.tagName).toBe('SPAN')
  })

  it('lets only a note be written where no reply may be', () => {
    wrapper.unmount()
    wrapper = open({ closedBecause: 'Accept the offer to reply.' })
    expect(tab('Reply')?.attributes('disabled')).toBeDefined()
    expect(wrapper.get('.composer').classes()).toContain('note')
    expect(wrapper.text()).toContain('Accept the offer to reply.')
  })

  it('offers canned replies after a colon of either width, and Enter chooses one without sending', async () => {
    await type('：la')
    expect(wrapper.find('[role=listbox]').exists()).toBe(true)
    await press({ key: 'Enter' })
    await nextTick()
    expect(text().element.value).toContain('sorry that your delivery is late')
    expect(sent).toEqual([])
  })

  it('opens no canned replies while the input method composes', async () => {
    await text().trigger('compositionstart')
    await type(':')
    expect(wrapper.find('[role=listbox]').exists()).toBe(false)
  })

  it('says that the customer wrote while one was typing', async () => {
    await type('You will have it by')
    expect(wrapper.text()).not.toContain('while you were typing')
    await wrapper.setProps({ interaction: { ...interaction, last_customer_at: '2026-11-20T14:01:00.000Z' } })
    expect(wrapper.text()).toContain('Hannah Whitfield wrote while you were typing')
  })

  it('keeps the draft of each conversation', async () => {
    await type('half a sentence')
    wrapper.unmount()
    expect(readDraft('cv1').reply).toBe('half a sentence')
    expect(readDraft('cv2').reply).toBe('')
    wrapper = open()
    expect(text().element.value).toBe('half a sentence')
  })

  it('keeps the last words when the page is left', async () => {
    await type('half a sen')
    window.dispatchEvent(new Event('pagehide'))
    expect(localStorage.getItem(Object.keys(localStorage).find((key) => key.endsWith('cv1')) ?? '')).toContain('half a sen')
  })

  it('counts segments for SMS only', async () => {
    await type('您'.repeat(71))
    expect(wrapper.get('.meter').text()).toContain('4 / 67')
    await wrapper.findAll('[role=radio]').find((one) => one.text().includes('E-mail'))?.trigger('click')
    expect(wrapper.find('.meter').exists()).toBe(false)
  })

  const clip = () => wrapper.find('.foot [aria-label^="Attach"]')
  const by = (name: string) => wrapper.findAll('[role=radio]').find((one) => one.text().includes(name))?.trigger('click')
  const drop = () => {
    const event = new Event('drop', { bubbles: true, cancelable: true })
    Object.defineProperty(event, 'dataTransfer', { value: { files: [new File(['x'], 'a.txt')] } })
    wrapper.element.dispatchEvent(event)
    return flushPromises()
  }

  it('offers files only where the channel can carry them', async () => {
    const upload = vi.spyOn(calls, 'upload').mockResolvedValue({ id: 'u1', filename: 'a.txt', content_type: 'text/plain', size: 1 })
    expect(clip().exists()).toBe(false)
    await drop()
    expect(upload).not.toHaveBeenCalled()
    expect(wrapper.get('.files').text()).toContain('can’t be sent by SMS')
    await by('E-mail')
    expect(wrapper.find('.files').exists()).toBe(false)
    expect(clip().exists()).toBe(true)
    await drop()
    expect(upload).toHaveBeenCalledTimes(1)
    await type('Here it is')
    await by('SMS')
    expect(wrapper.get('.files').text()).toContain('choose another channel')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toEqual([])
    await by('E-mail')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toMatchObject([{ data: { channel: 'email', upload_ids: ['u1'] } }])
  })

  it('does not send a text that is longer than the channel takes', async () => {
    await by('SMS')
    await type('😀'.repeat(1600))
    expect(wrapper.find('.long').exists()).toBe(false)
    await type('😀'.repeat(1601))
    expect(wrapper.get('.long').text()).toContain('1,601 of at most 1,600')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent).toEqual([])
    await by('E-mail')
    expect(wrapper.find('.long').exists()).toBe(false)
  })

  const undone = async () => {
    await flushPromises()
    await useOutbox().undo()
    await nextTick()
  }
  const chosen = () => wrapper.findAll('.strip li').map((one) => one.text())

  it('takes an undone reply up again', async () => {
    await type('Too early')
    await press({ key: 'Enter', ctrlKey: true })
    await flushPromises()
    expect(useOutbox().undoable?.messageId).toBe('m1')
    await undone()
    expect(sent.at(-1)).toEqual({ name: 'message.cancel', data: { message_id: 'm1' } })
    expect(text().element.value).toBe('Too early')
  })

  it('takes it back by Ctrl Z in the field that is empty now, and leaves Ctrl Z to a field with words', async () => {
    const toast = mount(UndoToast, { global: { plugins: [i18n] } })
    await type('Too early')
    await press({ key: 'Enter', ctrlKey: true })
    await flushPromises()
    await type('next')
    await press({ key: 'z', ctrlKey: true })
    expect(sent).toHaveLength(1)
    await type('')
    await press({ key: 'z', ctrlKey: true })
    await flushPromises()
    expect(sent.at(-1)).toEqual({ name: 'message.cancel', data: { message_id: 'm1' } })
    expect(text().element.value).toBe('Too early')
    toast.unmount()
  })

  it('takes up its files, its subject and its channel too, and sends them the next time', async () => {
    vi.spyOn(calls, 'upload').mockResolvedValue({ id: 'u1', filename: 'a.txt', content_type: 'text/plain', size: 1 })
    await by('E-mail')
    await wrapper.get('.subject input').setValue('Your parcel')
    await drop()
    await type('Here it is')
    await press({ key: 'Enter', ctrlKey: true })
    expect(chosen()).toEqual([])
    await by('SMS')
    await undone()
    expect(text().element.value).toBe('Here it is')
    expect(chosen()).toEqual([expect.stringContaining('a.txt')])
    expect((wrapper.get('.subject input').element as HTMLInputElement).value).toBe('Your parcel')
    await press({ key: 'Enter', ctrlKey: true })
    expect(sent.at(-1)).toMatchObject({ name: 'message.send', data: { channel: 'email', text: 'Here it is', subject: 'Your parcel', upload_ids: ['u1'] } })
  })

  it('adds an undone reply to the one that is being written, which keeps its channel', async () => {
    await type('First')
    await press({ key: 'Enter', ctrlKey: true })
    await by('E-mail')
    await type('Second')
    await undone()
    expect(text().element.value).toBe('First\n\nSecond')
    expect(wrapper.get('.way[aria-checked=true]').text()).toContain('E-mail')
  })

  it('keeps each reply that comes back, and chosen files, for the conversation that they are of', async () => {
    vi.spyOn(calls, 'upload').mockResolvedValue({ id: 'u1', filename: 'a.txt', content_type: 'text/plain', size: 1 })
    await by('E-mail')
    await drop()
    await type('Taken back elsewhere')
    await press({ key: 'Enter', ctrlKey: true })
    await flushPromises()
    wrapper.unmount()
    const elsewhere = { conversationId: 'cv2', data: { text: 'Another one' }, files: [], problem: null } as unknown as Returned
    await useOutbox().undo()
    useOutbox().returned.push(elsewhere)
    wrapper = open()
    await nextTick()
    expect(text().element.value).toBe('Taken back elsewhere')
    expect(useOutbox().returned).toEqual([elsewhere])
    wrapper.unmount()
    wrapper = open()
    expect(chosen()).toEqual([expect.stringContaining('a.txt')])
    useChosenFiles().belongTo('us_2')
    await nextTick()
    expect(chosen()).toEqual([])
  })
})
