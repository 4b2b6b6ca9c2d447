/**
 * Why a message did not go out, sorted into the few kinds that have a translation.
 *
 * The hub's reason is a word of ours, `code words`, or a provider's own English. The kind comes from
 * our code, from an SMTP reply (RFC 5321) with its status (RFC 3463), or from Twilio's number; what
 * the provider said is kept as a quotation. A test holds `reasons.json` against the hub's sentences.
 */
import table from './reasons.json'

export interface Told {
  /** A word of the group `reason`, or of the hub; empty when it can't be told. */
  kind: string
  /** Somebody else's words; empty when they add nothing. */
  quote: string
}

const CODE = /^(?:smtp_\d{3}|twilio\.\w+|[245]\.\d{1,3}\.\d{1,3}|[a-z][a-z0-9]*(?:_[a-z0-9]+)*)(?=\s|$)/u
const STATUS = /(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])/u
const REPLY = /^(?:smtp;\s*)?([45]\d\d)(?=[\s-]|$)/u

const codes: Partial<Record<string, string>> = table.codes
const sentences = Object.entries(table.sentences)

/** `known`: whether a word of the hub has a translation. */
export function toldOf(reason: string | null | undefined, known: (word: string) => boolean): Told {
  const text = (reason ?? '').trim()
  if (/^[a-z0-9_]+$/u.test(text)) return { kind: codes[text] ?? text, quote: '' }
  const code = CODE.exec(text)?.[0] ?? ''
  const ofCode = kindOfCode(code, known)
  const rest = ofCode ? text.slice(code.length).trim() : text
  const [sentence, ofSentence] = sentences.find(([start]) => rest.startsWith(start)) ?? ['', '']
  // Our own sentence is told by the kind; what follows it is the provider's.
  const said = rest.slice(sentence.length).replace(/^[:\s]+/u, '').replace(/^smtp;\s*/u, '').replace(/^'([^']*)'$/u, '$1')
    // How long we waited, in our own sentence.
    .replace(/^[\d.]+ s$/u, '')
  const kind = ofSentence || kindOfStatus(said) || ofCode || kindOfReply(said)
  // A provider's number is what one looks up: it stays with the words.
  const number = /^twilio\.(\d+)$/u.exec(code)?.[1]
  return { kind, quote: number && !said.includes(number) ? `${number} ${said}`.trim() : said }
}

function kindOfCode(code: string, known: (word: string) => boolean): string {
  if (code === '') return ''
  const reply = /^smtp_(\d{3})$/u.exec(code)?.[1]
  if (reply) return kindOfReply(reply)
  if (STATUS.test(code)) return kindOfStatus(code)
  if (codes[code]) return codes[code]
  if (code.startsWith('twilio.http_')) return 'carrier_busy'
  if (code.startsWith('twilio.')) return 'rejected'
  return known(code) ? code : ''
}

function kindOfStatus(text: string): string {
  const [, cls, subject, detail] = STATUS.exec(text) ?? []
  if (!cls) return ''
  return codes[`x.${subject}.${detail}`] ?? codes[`${cls}.${subject}`] ?? (cls === '4' ? 'later' : 'mail_refused')
}

function kindOfReply(text: string): string {
  const reply = REPLY.exec(text)?.[1]
  if (!reply) return ''
  return codes[`smtp_${reply}`] ?? (reply.startsWith('4') ? 'later' : 'mail_refused')
}
