import { describe, expect, it } from 'vitest'

import en from '@/i18n/en.json'
import table from './reasons.json'
import { toldOf } from './reasons'

const known = (word: string) => word in en.reason
const told = (reason: string | null) => {
  const { kind, quote } = toldOf(reason, known)
  return [kind, quote]
}

describe('why a message did not go out', () => {
  it.each([
    [null, '', ''],
    ['crash', 'crash', ''],
    ['agent_away', 'agent_away', ''],
    ['some_new_word', 'some_new_word', ''],
    ['erased its words were erased', 'erased', 'its words were erased'],
    // What the relay says: its status is told before its reply.
    ['the relay answered: 451 4.2.2 Mailbox full', 'mailbox_full', '451 4.2.2 Mailbox full'],
    ['the relay answered: 450 greylisted, come back', 'later', '450 greylisted, come back'],
    ['421 shutting down', 'later', '421 shutting down'],
    ['smtp_550 the relay answered: 550 5.1.1 no such user', 'no_such_mailbox', '550 5.1.1 no such user'],
    ['smtp_550 the relay answered: 550 go away', 'mail_refused', '550 go away'],
    ['smtp_554 the relay answered: 554 5.7.1 listed', 'policy', '554 5.7.1 listed'],
    ['the relay answered: 451 4.7.1 greylisted', 'later', '451 4.7.1 greylisted'],
    ['5.1.1 smtp; 550 5.1.1 <(address)> unknown', 'no_such_mailbox', '550 5.1.1 <(address)> unknown'],
    ['5.4.7', 'expired', ''],
    ['the relay refuses us: 421 4.7.0 too many connections', 'relay_refuses', '421 4.7.0 too many connections'],
    ["the relay can't be reached: [Errno 111] refused", 'relay_down', '[Errno 111] refused'],
    ['the relay is too slow', 'relay_slow', ''],
    // What the carrier says: its number stays where its words don't have it.
    ['twilio.21610 Attempt to send to unsubscribed recipient', 'opted_out', '21610 Attempt to send to unsubscribed recipient'],
    ["twilio.30003 the carrier reports 'undelivered'", 'unreachable', '30003 undelivered'],
    ['twilio.99999 Something new', 'rejected', '99999 Something new'],
    ["twilio.http_502 the carrier's gateway answered 502", 'carrier_busy', '502'],
    ['the carrier answered 503', 'carrier_busy', '503'],
    ['no answer in time', 'timeout', ''],
    ['mail_binary these bytes are no mail', 'not_mail', ''],
    ['mail_time not read within 10 s', 'read_slow', ''],
    ['mail_parser it broke on this mail', 'parser', ''],
    ['not_settled it could not be settled; the hub\'s log says why', 'unsettled', ''],
    ['broke_off reading it broke off again and again; the hub\'s log says why', 'broke_off', ''],
    ['erased the bytes were erased', 'erased', ''],
    // As they were before they began with a word of ours.
    ['binary: these bytes are no mail', 'not_mail', ''],
    ['time: not read within 10 s', 'read_slow', ''],
    ['the hub broke off while this was being sent', 'crash', ''],
    // Prose that nobody has a word for is quoted, and numbers in it are not taken for codes.
    ['a boundary of 450 characters', '', 'a boundary of 450 characters'],
    ['server 10.4.2.2 is full', '', 'server 10.4.2.2 is full'],
  ])('%s', (reason, kind, quote) => expect(told(reason)).toEqual([kind, quote]))

  it('has words for every kind', () => {
    const kinds = [...Object.values(table.codes), ...Object.values(table.sentences)]
    expect(kinds.filter((kind) => kind !== '' && !known(kind))).toEqual([])
  })
})
