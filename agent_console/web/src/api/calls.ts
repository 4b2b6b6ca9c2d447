/** The HTTP calls of the contract, one function each. */
import { request, url } from './http'
import type {
  About, AttentionItem, Card, CustomerHit, Interaction, Language, Page, ReplayOutcome, Session, Upload,
  WhyNoWorkAnswer,
} from './types'

export const about = () => request<About>('GET', url('about'))
export const readSession = () => request<Session>('GET', url('session'))
export const signIn = (login: string, password: string) =>
  request<Session>('POST', url('session'), { login, password })
export const signOut = () => request<void>('DELETE', url('session'))
export const saveLanguage = (language: Language) =>
  request<Session>('PATCH', url('session'), { language })

export const customers = (query: { q?: string; limit?: number; after?: string | null }, signal?: AbortSignal) =>
  request<{ items: CustomerHit[]; after: string | null }>('GET', url('customers', query), undefined, signal)
export const card = (customerId: string) => request<Card>('GET', url(`customers/${customerId}`))
export const timeline = (customerId: string, before: number | null, limit = 50) =>
  request<Page>('GET', url(`customers/${customerId}/timeline`, { before, limit }))

export interface InteractionQuery {
  queue?: string | null
  state?: string | null
  owner?: string | null
  answered_since?: string | null
  late?: string | null
  after?: string | null
  limit?: number
}
export const interactions = (query: InteractionQuery) =>
  request<{ items: Interaction[]; after: string | null }>('GET', url('interactions', { ...query }))

export const attention = (state: 'open' | 'all', after: string | null = null) =>
  request<{ items: AttentionItem[]; after: string | null }>('GET', url('attention', { state, after }))
export const outcome = (messageId: string, after: number, wait: number) =>
  request<ReplayOutcome>('GET', url(`messages/${messageId}/outcome`, { after, wait }))
export const whyNoWork = () => request<WhyNoWorkAnswer>('GET', url('why-no-work'))

export function upload(file: File): Promise<Upload> {
  const form = new FormData()
  form.append('file', file, file.name || 'pasted.png')
  return request<Upload>('POST', url('uploads'), form)
}

export const htmlAddress = (messageId: string, images: boolean) =>
  url(`messages/${messageId}/html`, { images: images ? 1 : 0 })
export const rawAddress = (messageId: string) => url(`messages/${messageId}/raw`)
export const attachmentAddress = (attachmentId: string) => url(`attachments/${attachmentId}`)
