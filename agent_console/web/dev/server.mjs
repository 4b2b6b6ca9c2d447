/**
 * A stand-in for the hub while the console is being built: docs/console-contract.md, in memory.
 *   node server.mjs [--port 5199] [--empty] [--long 10000] [--offer 4]
 * With a built console in ../../static it serves that too. POST /dev/drop cuts every live socket,
 * POST /dev/down?ms=N refuses new ones for a while, POST /dev/offer makes an offer.
 */
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { WebSocketServer } from 'ws'

import { iso, world } from './data.mjs'

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '5199' }, empty: { type: 'boolean', default: false }, long: { type: 'string', default: '0' }, offer: { type: 'string', default: '3' } },
})
const STATIC = fileURLToPath(new URL('../../static', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const CSP = "default-src 'self'; img-src 'self' data: blob:; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
const w = world({ empty: options.empty, long: Number(options.long) })
const EPOCH = `e${Date.now()}`
const sockets = new Set()
const log = []
const answered = new Map()
let downUntil = 0

const userOf = (request) => w.users.find((user) => (request.headers.cookie ?? '').includes(`triggerhub_session=${user.id}`))
const session = (user) => ({ user, csrf: 'dev', hub: { name: 'Kestrel Coffee Machines', demo: true, timezone: 'Europe/London' } })
const shownTo = (user) => (row) => user.role !== 'agent' || row.owner_id === user.id || [...w.offers.values()].some((o) => o.agent_id === user.id && o.interaction_id === row.id)

function snapshot(user) {
  const pick = (map, keep = () => true) => Object.fromEntries([...map].filter(([, row]) => keep(row)))
  const agents = user.role === 'agent' ? new Map([...w.agents].map(([id, row]) => [id, id === user.id ? row : { id, name: row.name }])) : w.agents
  return {
    epoch: EPOCH, now: iso(Date.now()), me: user, presences: ['offline', 'available', 'break', 'meal', 'meeting', 'training', 'busy'], agents: pick(agents), queues: pick(w.queues, (q) => user.role !== 'agent' || user.queue_ids.includes(q.id)),
    interactions: pick(w.interactions, shownTo(user)), offers: pick(w.offers, (o) => o.agent_id === user.id), accounts: pick(w.accounts), attention: { count: w.attention.filter((n) => n.state === 'open').length },
  }
}

function push(type, data, keep = () => true) {
  const frame = { seq: w.next(), type, data }
  log.push({ frame, keep })
  for (const socket of sockets) if (socket.user && keep(socket.user)) socket.send(JSON.stringify(frame))
}
const changed = (row) => {
  for (const user of w.users) {
    if (shownTo(user)(row)) push('interaction.changed', row, (u) => u.id === user.id)
    else push('interaction.removed', { id: row.id }, (u) => u.id === user.id)
  }
}
const say = (customerId, more) => {
  const one = w.entry(customerId, more)
  push('entry.changed', { customer_ids: [customerId], entry: one })
  return one
}
const state = (customerId, one, next) => { Object.assign(one, { state: next, state_at: iso(Date.now()) }); push('entry.changed', { customer_ids: [customerId], entry: { ...one } }) }

function offer(user = w.users[0]) {
  const row = [...w.interactions.values()].find((one) => one.state === 'queued' && ['q_del', 'q_zh'].includes(one.queue_id) && /hannah|zhou/.test(one.id)) ?? [...w.interactions.values()].find((one) => one.state === 'queued')
  if (!row || [...w.offers.values()].length > 0) return
  row.state = 'offered'
  const id = `of_${w.next()}`
  const made = { id, interaction_id: row.id, agent_id: user.id, queue_id: row.queue_id, state: 'pending', made_at: iso(Date.now()), expires_at: iso(Date.now() + 30_000), interaction: row, card: w.customers.get(row.customer_id), timeline: page(row.customer_id, null, 50) }
  w.offers.set(id, made)
  push('offer.changed', made, (u) => u.id === user.id)
  setTimeout(() => { if (w.offers.has(id)) { end(id, 'timed_out'); row.state = 'queued'; const me = w.agents.get(user.id); me.status = 'not_responding'; me.since = iso(Date.now()); push('agent.changed', me) } }, 30_000)
}
function end(id, reason) {
  const one = w.offers.get(id)
  w.offers.delete(id)
  push('offer.removed', { id, reason }, (u) => u.id === one.agent_id)
}

class Refusal extends Error { constructor(status, code, title) { super(title); Object.assign(this, { status, code, title }) } }
const need = (value) => { if (!value) throw new Refusal(404, 'not_found', 'It does not exist'); return value }

const commands = {
  'presence.set'(user, d) { const me = w.agents.get(user.id); Object.assign(me, { presence: d.presence, next_presence: d.next_presence ?? null }); if (!d.next_presence) Object.assign(me, { presence_since: iso(Date.now()), since: iso(Date.now()), status: d.presence === 'available' ? 'idle' : 'off_queue' }); push('agent.changed', { ...me }) },
  'status.clear'(user) { const me = w.agents.get(user.id); me.status = 'idle'; push('agent.changed', { ...me }) },
  'agent.set_presence'(user, d) { commands['presence.set']({ id: d.agent_id }, d) },
  'offer.accept'(user, d) { const one = w.offers.get(d.offer_id); if (!one) throw new Refusal(409, 'offer_not_pending', 'Not pending'); const row = w.interactions.get(one.interaction_id); take(user, row); end(d.offer_id, 'accepted'); return { interaction_id: row.id } },
  'offer.decline'(user, d) { const one = need(w.offers.get(d.offer_id)); w.interactions.get(one.interaction_id).state = 'queued'; end(d.offer_id, 'declined') },
  'work.take_next'(user) { const row = [...w.interactions.values()].find((one) => one.state === 'queued' && user.queue_ids.includes(one.queue_id)); if (!row) return { interaction_id: null }; take(user, row); return { interaction_id: row.id } },
  'message.send'(user, d) {
    const row = need(w.interactions.get(d.interaction_id))
    const customerId = row.likely_customer_id ?? row.customer_id
    const one = say(customerId, { conversation_id: row.conversation_id, interaction_id: row.id, direction: 'out', channel: d.channel, account_id: d.account_id, identity_id: d.identity_id, at: iso(Date.now()), text: d.text, state: 'queued', author_id: user.id, author_name: user.name, subject: d.subject ?? null })
    row.last_agent_at = iso(Date.now())
    changed({ ...row })
    const steps = ['sending', 'sent', 'delivered', 'read']
    const step = (at) => setTimeout(() => { if (one.state === 'cancelled') return; state(customerId, one, steps[at]); if (at + 1 < steps.length) step(at + 1) }, at === 0 ? 5000 : 1500)
    step(0)
    setTimeout(() => customerWrites(row, /\p{Script=Han}/u.test(d.text) ? '收到，谢谢！' : 'Thank you, that helps.'), 12_000)
    return { message_id: one.id }
  },
  'message.cancel'(user, d) { for (const [id, list] of w.timelines) { const one = list.find((e) => e.id === d.message_id); if (one) { if (one.state !== 'queued') throw new Refusal(409, 'too_late', 'Already sent'); state(id, one, 'cancelled') } } },
  'message.retry'(user, d) { for (const [id, list] of w.timelines) { const one = list.find((e) => e.id === d.message_id); if (one) { one.reason = null; state(id, one, 'queued'); setTimeout(() => state(id, one, 'sent'), 2000) } } return { message_id: d.message_id } },
  'note.add'(user, d) { const row = [...w.interactions.values()].find((one) => one.conversation_id === d.conversation_id); const customerId = row?.customer_id ?? [...w.timelines].find(([, list]) => list.some((e) => e.conversation_id === d.conversation_id))?.[0]; const one = say(need(customerId), { kind: 'note', direction: 'none', channel: row?.channel ?? 'email', conversation_id: d.conversation_id, at: iso(Date.now()), text: d.text, author_id: user.id, author_name: user.name, state: 'recorded', proof: null }); return { entry_id: one.id } },
  'interaction.read'(user, d) { const row = need(w.interactions.get(d.interaction_id)); row.unread = 0; changed({ ...row }) },
  'interaction.wrap_up'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, { assignment_state: 'wrap_up', wrap_up_since: iso(Date.now()) }); changed({ ...row }) },
  'interaction.close'(user, d) { const row = need(w.interactions.get(d.interaction_id)); w.interactions.delete(row.id); say(row.customer_id, { kind: 'system', direction: 'none', channel: row.channel, conversation_id: row.conversation_id, at: iso(Date.now()), text: null, state: 'recorded', system: { what: 'closed', how: 'handled', code: d.code ?? null } }); push('interaction.removed', { id: row.id }) },
  'interaction.park'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, { state: 'parked', parked_until: d.until ?? null }); changed({ ...row }) },
  'interaction.resume'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, { state: 'active', parked_until: null }); changed({ ...row }) },
  'interaction.transfer'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, d.queue_id ? { queue_id: d.queue_id, owner_id: null, state: 'queued' } : { owner_id: d.agent_id }); changed({ ...row }) },
  'interaction.set_aside'(user, d) { w.interactions.delete(d.interaction_id); push('interaction.removed', { id: d.interaction_id }) },
  'interaction.assign'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, { owner_id: d.agent_id, state: 'active', assignment_state: 'connected' }); changed({ ...row }) },
  'interaction.requeue'(user, d) { const row = need(w.interactions.get(d.interaction_id)); Object.assign(row, { queue_id: d.queue_id ?? row.queue_id, owner_id: null, state: 'queued', assignment_state: null }); changed({ ...row }) },
  'customer.update'(user, d) { const card = need(w.customers.get(d.customer_id)); const { customer_id: id, ...by } = d; Object.assign(card.customer, by); push('card.changed', { customer_id: id, card }) },
  'identity.confirm'(user, d) { const card = need(w.customers.get(d.customer_id)); const one = card.identities.find((i) => i.id === d.identity_id); if (one) Object.assign(one, { standing: 'verified', why: 'agent_word' }); for (const e of w.timelines.get(d.customer_id)) if (e.proof === 'claimed') { e.proof = 'verified'; push('entry.changed', { customer_ids: [d.customer_id], entry: { ...e } }) } push('card.changed', { customer_id: d.customer_id, card }) },
  'attention.replay'(user, d) { settle(d.attention_id, 'replayed') },
  'attention.dismiss'(user, d) { settle(d.attention_id, 'dismissed') },
}
function settle(id, to) { need(w.attention.find((n) => n.id === id)).state = to; push('attention.changed', { count: w.attention.filter((n) => n.state === 'open').length }) }
function take(user, row) { Object.assign(row, { state: 'active', owner_id: user.id, assignment_state: 'connected', activated_at: iso(Date.now()), due_at: iso(Date.now() + 5 * 60_000) }); changed({ ...row }) }
function customerWrites(row, text) {
  if (!w.interactions.has(row.id)) return
  say(row.customer_id, { conversation_id: row.conversation_id, interaction_id: row.id, channel: row.channel, account_id: row.account_id, at: iso(Date.now()), text })
  Object.assign(row, { last_customer_at: iso(Date.now()), preview: text, unread: row.unread + 1, due_at: iso(Date.now() + 5 * 60_000) })
  changed({ ...row })
}

function page(customerId, before, limit) {
  const all = need(w.timelines.get(customerId)).filter((e) => before === null || e.seq < before)
  const items = all.slice(-limit)
  return { items, before: all.length > items.length ? items[0].seq : null }
}
function hit(card) {
  const list = w.timelines.get(card.customer.id)
  return { id: card.customer.id, name: card.customer.name, company: card.customer.company, language: card.customer.language, addresses: card.identities.map((i) => i.address), provisional: card.customer.provisional, last_at: card.last_at, last_text: list.at(-1)?.text ?? null }
}

async function api(request, path, query, user) {
  const body = await readBody(request)
  const { method } = request
  if (path === 'about') return { name: 'Kestrel Coffee Machines', version: '0.1.0', demo: true, languages: ['en', 'zh-CN'], demo_logins: w.users.map((u) => ({ login: u.login, password: 'demo', name: u.name, role: u.role })) }
  if (path === 'session' && method === 'POST') {
    const found = w.users.find((u) => u.login === body.login && body.password === 'demo')
    if (!found) throw new Refusal(401, 'wrong_credentials', 'Wrong credentials')
    return { cookie: `triggerhub_session=${found.id}; Path=/; HttpOnly; SameSite=Lax`, json: session(found) }
  }
  if (!user) throw new Refusal(401, 'unauthenticated', 'Sign in')
  if (path === 'session') {
    if (method === 'DELETE') return { cookie: 'triggerhub_session=; Path=/; Max-Age=0', json: null }
    if (method === 'PATCH') user.language = body.language
    return session(user)
  }
  const [what, id, more] = path.split('/')
  if (what === 'customers' && !id) { const q = (query.get('q') ?? '').toLowerCase().replace(/[\s()-]/g, ''); return { items: [...w.customers.values()].map(hit).filter((h) => JSON.stringify(h).toLowerCase().replace(/[\s()-]/g, '').includes(q)).slice(0, Number(query.get('limit') ?? 20)), after: null } }
  if (what === 'customers' && more === 'timeline') return page(id, query.get('before') ? Number(query.get('before')) : null, Number(query.get('limit') ?? 50))
  if (what === 'customers') return need(w.customers.get(id))
  if (what === 'attention') return { items: w.attention.filter((n) => query.get('state') === 'all' || n.state === 'open'), after: null }
  if (what === 'interactions') return { items: [...w.interactions.values()].filter((r) => (!query.get('queue') || r.queue_id === query.get('queue')) && (!query.get('owner') || r.owner_id === query.get('owner'))), after: null }
  if (what === 'why-no-work') return { available: true, reasons: options.empty ? [{ code: 'no_waiting', params: {} }] : [{ code: 'left_out', params: { until: iso(Date.now() + 120_000) } }, { code: 'at_capacity', params: { channel: 'sms' } }] }
  if (what === 'uploads') return { id: `up_${w.next()}`, filename: 'file', content_type: 'application/octet-stream', size: 1 }
  throw new Refusal(404, 'not_found', 'Not found')
}
async function readBody(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  const text = Buffer.concat(parts).toString()
  return (request.headers['content-type'] ?? '').includes('json') && text ? JSON.parse(text) : {}
}

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==', 'base64')
const server = createServer(async (request, response) => {
  const address = new URL(request.url, 'http://localhost')
  const send = (status, body, type = 'application/json', headers = {}) => { response.writeHead(status, { 'content-type': type, ...headers }); response.end(body) }
  if (address.pathname.startsWith('/dev/')) {
    if (address.pathname === '/dev/down') downUntil = Date.now() + Number(address.searchParams.get('ms') ?? 5000)
    if (address.pathname !== '/dev/offer') for (const socket of sockets) socket.terminate()
    else offer(w.users.find((u) => u.login === address.searchParams.get('to')) ?? w.users[0])
    return send(204)
  }
  if (address.pathname.startsWith('/api/v1/')) {
    const path = address.pathname.slice('/api/v1/'.length)
    if (path.endsWith('/html')) return send(200, '<!doctype html><body style="font:14px sans-serif"><p>Good morning,</p><p>the <b>left machine</b> in our breakfast room leaves a puddle after about an hour.</p></body>', 'text/html; charset=utf-8', { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" })
    if (path.startsWith('attachments/')) return send(200, PIXEL, 'image/png')
    if (path.endsWith('/raw')) return send(200, 'raw bytes', 'message/rfc822', { 'content-disposition': 'attachment' })
    try {
      const result = await api(request, path, address.searchParams, userOf(request))
      const json = result?.cookie ? result.json : result
      return send(json === null ? 204 : 200, json === null ? undefined : JSON.stringify(json), 'application/json', result?.cookie ? { 'set-cookie': result.cookie } : {})
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return send(error.status, JSON.stringify({ type: 'about:blank', title: error.title, status: error.status, code: error.code }), 'application/problem+json')
    }
  }
  const wanted = join(STATIC, normalize(address.pathname))
  const file = extname(wanted) && wanted.startsWith(STATIC) && existsSync(wanted) ? wanted : join(STATIC, 'index.html')
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': CSP })
  return createReadStream(file).pipe(response)
})

const live = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket, head) => {
  const user = userOf(request)
  if (!user || Date.now() < downUntil) return socket.destroy()
  return live.handleUpgrade(request, socket, head, (client) => open(client, user))
})

function open(client, user) {
  sockets.add(client)
  client.on('close', () => sockets.delete(client))
  client.on('message', (raw) => {
    const message = JSON.parse(String(raw))
    const reply = (type, data) => client.send(JSON.stringify({ seq: w.seq(), type, data }))
    if (message.type === 'hello') {
      client.user = user
      if (message.epoch === EPOCH && message.after !== null) {
        reply('resumed', { epoch: EPOCH })
        for (const { frame, keep } of log) if (frame.seq > message.after && keep(user)) client.send(JSON.stringify(frame))
      } else reply('snapshot', snapshot(user))
      if (!options.empty && user.role === 'agent' && Number(options.offer) > 0) setTimeout(() => offer(user), Number(options.offer) * 1000)
    }
    if (message.type === 'viewing' && message.conversation_id === 'cv_c_chen') reply('viewers.changed', { conversation_id: 'cv_c_chen', viewers: w.viewers })
    if (message.type === 'command') {
      if (!answered.has(message.id)) {
        try {
          answered.set(message.id, ['command.done', { id: message.id, result: commands[message.name](user, message.data) ?? {} }])
        } catch (error) {
          if (!(error instanceof Refusal)) throw error
          answered.set(message.id, ['command.failed', { id: message.id, problem: { type: 'about:blank', title: error.title, status: error.status, code: error.code } }])
        }
      }
      reply(...answered.get(message.id))
    }
  })
}

server.listen(Number(options.port), '127.0.0.1', () => console.log(`http://localhost:${server.address().port} (log in with any name below, password demo)`))
