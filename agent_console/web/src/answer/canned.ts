/** Canned replies: asked for by `:` or `：` at the start of a word, in the customer's language. */
import type { Language } from '@/api/types'
import list from './canned.json'

export interface Canned {
  key: string
  text: string
}

/** What stands between the colon and the caret; null when no canned reply is being asked for. */
export function askedFor(text: string, caret: number): { from: number; query: string } | null {
  const match = /(?:^|\s|[，。！？、])([:：]([\p{L}\p{N}_-]*))$/u.exec(text.slice(0, caret))
  return match?.[1] === undefined ? null : { from: caret - match[1].length, query: (match[2] ?? '').toLowerCase() }
}

export function find(query: string, language: Language): Canned[] {
  return list
    .map((one) => ({ key: one.key, text: one[language] }))
    .filter((one) => one.key.startsWith(query) || (query !== '' && one.text.toLowerCase().includes(query)))
}

export function filled(text: string, values: { customer: string; agent: string }): string {
  const han = /\p{Script=Han}/u.test(values.customer)
  const first = /^[+\d]/.test(values.customer) || values.customer.includes('@')
    ? ''
    : han ? values.customer : (values.customer.split(/\s/u)[0] ?? '')
  return text
    .replaceAll('{first_name}', first)
    .replaceAll('{agent}', values.agent)
    .replace(/ +([,，.。!！])/gu, '$1')
    .replace(/^[，,]\s*/u, '')
}
