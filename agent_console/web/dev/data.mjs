/** An invented company for developing the console without a hub. All names and numbers are reserved ones. */

const MIN = 60_000
const HOUR = 60 * MIN
const DAY = 24 * HOUR

export const iso = (at) => new Date(at).toISOString()

export function world({ empty = false, long = 0 } = {}) {
  const now = Date.now()
  let seq = 1_048_000
  const next = () => ++seq

  const users = [
    { id: 'u_amara', login: 'amara', name: 'Amara Okafor', role: 'agent', language: 'en', queue_ids: ['q_del', 'q_bil', 'q_zh', 'q_mail'] },
    { id: 'u_jonas', login: 'jonas', name: 'Jonas Weber', role: 'agent', language: 'en', queue_ids: ['q_del', 'q_mail'] },
    { id: 'u_chen', login: 'chen', name: '陈志强', role: 'agent', language: 'zh-CN', queue_ids: ['q_zh', 'q_del'] },
    { id: 'u_ruth', login: 'ruth', name: 'Ruth Adeyemi', role: 'agent', language: 'en', queue_ids: ['q_bil', 'q_del'] },
    { id: 'u_sofia', login: 'sofia', name: 'Sofia Lindqvist', role: 'supervisor', language: 'en', queue_ids: [] },
  ]
  const agent = (id, name, presence, status, ago, holds = [], connected = true) => ({
    id, name, role: 'agent', presence, next_presence: null, status, since: iso(now - ago), presence_since: iso(now - ago), connected, holds,
    queue_ids: users.find((user) => user.id === id)?.queue_ids ?? ['q_del', 'q_mail'],
  })
  const agents = [
    agent('u_amara', 'Amara Okafor', 'available', empty ? 'idle' : 'interacting', 102 * MIN, []),
    agent('u_jonas', 'Jonas Weber', 'available', 'not_responding', 4.2 * MIN),
    agent('u_chen', '陈志强', 'available', 'interacting', 2.25 * MIN, [hold('webchat'), hold('webchat'), hold('email')]),
    agent('u_ruth', 'Ruth Adeyemi', 'available', 'interacting', 18.7 * MIN, [hold('sms')]),
    agent('u_liu', '刘洋', 'break', 'off_queue', 31 * MIN),
    agent('u_tom', 'Tom Ashworth', 'available', 'interacting', 0.9 * MIN, [hold('email', 'wrap_up')]),
    agent('u_elena', 'Elena Marsh', 'available', 'idle', 1.2 * MIN),
    agent('u_yusuf', 'Yusuf Demir', 'training', 'off_queue', 24 * MIN),
    agent('u_zhao', '赵敏', 'available', 'interacting', 1.7 * MIN, [hold('sms'), hold('sms'), hold('email')]),
    agent('u_kwame', 'Kwame Boateng', 'available', 'idle', 0.55 * MIN),
    agent('u_nora', 'Nora Lindgren', 'offline', 'off_queue', 140 * MIN, [], false),
    agent('u_sofia', 'Sofia Lindqvist', 'busy', 'off_queue', 66 * MIN),
  ]
  function hold(channel, state = 'connected') { return { interaction_id: 'x', channel, state } }

  const queue = (id, name, waiting, longest, inWork, answered, abandoned, sla, ready, all) => ({
    id, name, waiting, longest_since: waiting > 0 ? iso(now - longest) : null, in_work: inWork, answered_today: answered,
    abandoned_today: abandoned, sla_seconds: sla, agents_ready: ready, agents_total: all,
  })
  const queues = empty
    ? [queue('q_del', 'Deliveries', 0, 0, 0, 0, 0, 300, 2, 4), queue('q_bil', 'Billing', 0, 0, 0, 0, 0, 360, 1, 2), queue('q_zh', '中文服务', 0, 0, 0, 0, 0, 300, 1, 2), queue('q_mail', 'E-mail, general', 0, 0, 0, 0, 0, 14_400, 2, 4)]
    : [
        queue('q_del', 'Deliveries', 7, 161_000, 11, 143, 3, 300, 6, 18),
        queue('q_bil', 'Billing', 3, 295_000, 4, 58, 2, 360, 2, 9),
        queue('q_zh', '中文服务', 4, 310_000, 5, 44, 4, 300, 0, 5),
        queue('q_mail', 'E-mail, general', 22, 3 * HOUR + 10 * MIN, 9, 96, 0, 14_400, 7, 24),
        queue('q_chat', 'Web chat', 0, 0, 2, 31, 1, 60, 3, 6),
      ]
  const account = (id, channel, name, addresses, healthy, detail, ago) => ({
    id, channel, name, addresses, healthy, detail, last_in_at: ago === null ? null : iso(now - ago), last_out_at: iso(now - HOUR),
  })
  const accounts = [
    account('a_mail', 'email', 'Support', ['support@kestrel.example'], true, null, 4000),
    account('a_sms', 'sms', 'SMS UK', ['+44 7700 900100'], true, null, 90_000),
    account('a_chat', 'webchat', 'Website', ['kestrel.example'], true, null, 30_000),
    account('a_wa', 'whatsapp', 'WhatsApp', ['+44 7700 900101'], true, null, 12 * MIN),
    account('a_tg', 'telegram', 'Telegram', ['@kestrel_example'], false, 'late:3', 2.2 * MIN),
  ]

  const customers = new Map()
  const timelines = new Map()
  const interactions = new Map()
  const offers = new Map()

  function customer(id, name, more = {}) {
    const { identities = [], ways = [], ...rest } = more
    customers.set(id, {
      customer: { id, name, language: null, tier: null, company: null, timezone: 'Europe/London', tags: [], created_at: iso(now - 900 * DAY), provisional: false, fields: {}, ...rest },
      identities: identities.map(([kind, address, standing, why, ended], at) => ({
        id: `${id}_i${at}`, kind, address, standing, why, learnt_at: iso(now - (400 - at * 60) * DAY), ended_at: ended ? iso(now - 30 * DAY) : null,
      })),
      likely: null, interactions: [],
      reply_ways: ways.map(([channel, accountId, at, address, open, reason]) => ({ channel, account_id: accountId, identity_id: `${id}_i${at}`, address, open, reason: reason ?? null })),
      counts: { entries: 0, conversations: 0 }, first_at: null, last_at: null,
    })
    timelines.set(id, [])
  }
  function entry(customerId, more) {
    const card = customers.get(customerId)
    const one = {
      id: `m_${next()}`, seq, kind: 'message', direction: 'in', channel: 'email', account_id: 'a_mail', identity_id: card.identities[0]?.id ?? null,
      customer_id: customerId, conversation_id: `cv_${customerId}`, interaction_id: null, at: iso(now), from: { address: card.identities[0]?.address ?? '', name: card.customer.name },
      to: [], author_id: null, author_name: null, subject: null, text: '', quoted: null, has_html: false, lang: null, attachments: [],
      state: 'received', state_at: null, reason: null, proof: 'verified', proof_why: null, segments: null, erased: false, ...more,
    }
    if (one.direction === 'out') Object.assign(one, { author_id: one.author_id ?? 'u_amara', author_name: one.author_name ?? 'Amara Okafor', proof: null, state: more.state ?? 'delivered' })
    timelines.get(customerId).push(one)
    card.counts.entries += 1
    card.first_at ??= one.at
    card.last_at = one.at
    return one
  }
  function interaction(id, customerId, more) {
    const card = customers.get(customerId)
    const row = {
      id, conversation_id: `cv_${customerId}`, customer_id: customerId, likely_customer_id: null, customer_name: card.customer.name,
      identity_id: card.identities[0]?.id ?? 'i', address: card.identities[0]?.address ?? '', channel: 'email', account_id: 'a_mail', queue_id: 'q_del',
      state: 'active', closed_how: null, priority: 0, owner_id: 'u_amara', assignment_id: `as_${id}`, assignment_state: 'connected',
      opened_at: iso(now - HOUR), enqueued_at: iso(now - HOUR), first_enqueued_at: iso(now - HOUR), activated_at: iso(now - 6 * MIN),
      last_customer_at: iso(now - MIN), last_agent_at: null, wrap_up_since: null, parked_until: null, due_at: null, subject: null, preview: '',
      lang: null, unread: 0, proof: 'verified', follow_up: false, ...more,
    }
    interactions.set(id, row)
    return row
  }

  const V = 'verified'
  customer('c_chen', 'Chen Siyuan 陈思远', {
    language: 'zh-CN', tier: 'gold', company: 'Brightwater Hotel', tags: ['Hotel', 'Renewal in 24 days'], timezone: 'Europe/London',
    fields: { customer_number: 'K-20418', since: '2023' },
    identities: [['phone', '+44 7700 900142', V, 'one_time_code'], ['email', 's.chen@brightwater.example', V, 'dkim_aligned'], ['webchat', 'visitor 8c1f', V, 'one_time_code'], ['phone', '+44 7700 900147', 'claimed', 'from_header'], ['phone', '+44 7700 900111', V, 'carrier', true]],
    ways: [['webchat', 'a_chat', 2, 'this browser', false, 'ended'], ['sms', 'a_sms', 0, '+44 7700 900142', true], ['email', 'a_mail', 1, 's.chen@brightwater.example', true], ['whatsapp', 'a_wa', 0, '+44 7700 900142', false, 'opted_out']],
  })
  if (!empty) {
    const c = 'c_chen'
    const old = { conversation_id: 'cv_chen_pump', channel: 'email', subject: 'Left machine leaves a puddle', identity_id: 'c_chen_i1' }
    for (let at = 0; at < (long || 60); at++) {
      const theirs = at % 2 === 0
      entry(c, {
        ...old, subject: `Order ${10_000 + at}`, conversation_id: `cv_chen_${Math.floor(at / 6)}`, at: iso(now - 700 * DAY + (at * 650 * DAY) / (long || 60)),
        direction: theirs ? 'in' : 'out', channel: ['email', 'sms', 'webchat'][Math.floor(at / 6) % 3],
        text: theirs ? ['When will the beans arrive? We are running low and have a full house this weekend.', '请问这次的发票可以开公司抬头吗？谢谢。', 'The second machine is fine, thank you.'][at % 3] : 'Thank you for your message. I have checked with the warehouse and it leaves today.', author_name: 'Jonas Weber', author_id: 'u_jonas',
      })
    }
    entry(c, { ...old, at: iso(now - 3 * DAY), has_html: true, text: 'Good morning, the left machine in our breakfast room leaves a puddle after about an hour. Photo attached. Service starts at six, so a fix before the weekend would help us a lot.', attachments: [{ id: 'at_1', filename: 'pump-left.png', content_type: 'image/png', size: 412_000, inline: false, cid: null }, { id: 'at_2', filename: '保修单.pdf', content_type: 'application/pdf', size: 88_100, inline: false, cid: null }, { filename: 'puddle.jpg', content_type: 'image/jpeg', size: 0, inline: false, cid: null }, { filename: 'label.jpg', content_type: 'image/jpeg', size: 0, inline: false, cid: null, lost: 'media_host it is not there' }] })
    entry(c, { ...old, at: iso(now - 3 * DAY + 22 * MIN), direction: 'out', state: 'read', text: 'Thank you for the photo. That is the pump seal; a new pump is on its way to you under warranty, no charge.', quoted: Array.from({ length: 14 }, (_, n) => `> line ${n + 1} of the mail above`).join('\n') })
    entry(c, { conversation_id: 'cv_chen_sms', channel: 'sms', identity_id: 'c_chen_i0', at: iso(now - 2 * DAY), text: 'Any news of the pump? We have a full house on Friday.', account_id: 'a_sms' })
    entry(c, { conversation_id: 'cv_chen_sms', channel: 'sms', identity_id: 'c_chen_i0', at: iso(now - 2 * DAY + 9 * MIN), direction: 'out', state: 'failed', reason: "twilio.30003 the carrier reports 'undelivered'", text: 'It leaves the warehouse tonight.', segments: 1 })
    entry(c, { conversation_id: 'cv_chen_sms', channel: 'sms', identity_id: 'c_chen_i0', at: iso(now - 2 * DAY + 12 * MIN), direction: 'out', state: 'unknown', reason: 'the hub broke off while this was being sent', text: 'It leaves the warehouse tonight, tracking follows.', segments: 1 })
    entry(c, { conversation_id: 'cv_chen_sms', channel: 'sms', at: iso(now - DAY), erased: true, text: null })
    entry(c, { ...old, conversation_id: 'cv_chen_claim', at: iso(now - 68 * MIN), subject: null, proof: 'claimed', proof_why: 'unauthenticated', from: { address: 's.chen@brightwater.example', name: 'Chen' }, text: 'Please send the refund to our new bank account, details to follow.', interaction_id: 'in_claim' })
    entry(c, { kind: 'note', direction: 'none', channel: 'webchat', at: iso(now - 41 * MIN), author_id: 'u_jonas', author_name: 'Jonas Weber', state: 'recorded', proof: null, text: '@Amara engineer Ruth is free Saturday 07:00–09:00, pump is in the van. Do not promise earlier. No refund by mail, see above.' })
    entry(c, { kind: 'system', direction: 'none', channel: 'webchat', at: iso(now - 7 * MIN), text: null, state: 'recorded', system: { what: 'opened', queue_id: 'q_del' } })
    entry(c, { channel: 'webchat', at: iso(now - 6.5 * MIN), account_id: 'a_chat', interaction_id: 'in_chen', text: 'Hello, only one box came. Breakfast is at six tomorrow, can somebody come before that?' })
    entry(c, { channel: 'email', account_id: 'a_mail', interaction_id: 'in_chen', at: iso(now - 6 * MIN), direction: 'out', state: 'queued', reason: 'the relay answered: 452 4.2.2 The mailbox of this recipient is over its quota', next_at: iso(now + 9 * MIN), subject: 'Your second box', text: 'The second box is on Ruth’s van.' })
    entry(c, { channel: 'webchat', at: iso(now - 5 * MIN), account_id: 'a_chat', interaction_id: 'in_chen', direction: 'out', state: 'read', text: 'Hello Mr Chen, I see the signed note. Let me check the engineer’s round.' })
    entry(c, { channel: 'webchat', at: iso(now - 48_000), account_id: 'a_chat', interaction_id: 'in_chen', text: '好的，谢谢！I must leave the desk now, please text me.', lang: 'zh-CN' })
    interaction('in_chen', c, { channel: 'webchat', account_id: 'a_chat', identity_id: 'c_chen_i2', subject: 'One box of two, engineer before 06:00', preview: '好的，谢谢！I must leave the desk now, please text me.', last_customer_at: iso(now - 48_000), last_agent_at: iso(now - 5 * MIN), due_at: iso(now + 4.2 * MIN), lang: 'zh-CN' })
    customers.get(c).interactions = [['sms', 'Any news of the pump?', 2], ['email', 'Left machine leaves a puddle', 3], ['webchat', 'Descaler, 24 bottles', 79], ['email', '发票抬头', 140]].map(([channel, subject, ago], at) => ({ id: `p${at}`, channel, subject, state: 'closed', closed_how: 'handled', queue_id: 'q_del', opened_at: iso(now - ago * DAY), closed_at: iso(now - ago * DAY + HOUR), until: null }))
  }

  const simple = (id, name, channel, text, more = {}, row = {}) => {
    const kind = channel === 'email' ? 'email' : channel === 'webchat' ? 'webchat' : channel === 'telegram' ? 'telegram' : 'phone'
    const n = customers.size
    const address = kind === 'email' ? `${id.slice(2)}@mail.example` : kind === 'telegram' ? `@${id.slice(2)}_example` : `+44 7700 9002${String(n).padStart(2, '0')}`
    const accountId = { email: 'a_mail', sms: 'a_sms', whatsapp: 'a_wa', webchat: 'a_chat', telegram: 'a_tg' }[channel]
    customer(id, name, { identities: [[kind, address, V, kind === 'email' ? 'dkim_aligned' : 'carrier']], ways: [[channel, accountId, 0, address, true]], ...more })
    entry(id, { channel, account_id: accountId, at: iso(now - 40 * DAY), text: 'Thank you, all arrived.' })
    const last = entry(id, { channel, account_id: accountId, at: row.last_customer_at ?? iso(now - 3 * MIN), text, subject: row.subject ?? null })
    return { accountId, last, channel, preview: text }
  }
  if (!empty) {
    const work = [
      ['c_doyle', 'Margaret Doyle', 'sms', 'It still says “not delivered”', { last: 392_000, due: -90_000, unread: 1, queue_id: 'q_del' }],
      ['c_wang', '王丽娜', 'whatsapp', '发票抬头能改成公司名称吗？', { last: 185_000, due: 40_000, unread: 2, queue_id: 'q_zh', lang: 'zh-CN' }],
      ['c_priya', 'Priya Raman', 'email', 'Good morning, invoice 77120 does not match the order.', { last: 3 * HOUR + 40 * MIN, due: 20 * MIN, subject: 'Re: Invoice 77120 does not match', queue_id: 'q_bil' }],
      ['c_harrow', 'Harrow & Sons', 'email', 'Purchase order attached, 3 pages.', { last: 52 * MIN, due: 3 * HOUR, subject: 'Purchase order, 3 pages', queue_id: 'q_mail' }],
      ['c_tomas', 'Tomás Rivera', 'telegram', 'I will send the photo tomorrow.', { last: 68 * MIN, due: null, state: 'parked', parked_until: iso(now + 20 * HOUR), queue_id: 'q_del' }],
    ]
    for (const [id, name, channel, text, { last, due, state, ...row }] of work) {
      const made = simple(id, name, channel, text, {}, { last_customer_at: iso(now - last), subject: row.subject })
      made.last.interaction_id = `in_${id}`
      interaction(`in_${id}`, id, { channel, account_id: made.accountId, preview: text, last_customer_at: iso(now - last), due_at: due === null ? null : iso(now + due), state: state ?? 'active', ...row })
    }
  }
  // Waiting ones, so that a supervisor's numbers can be opened.
  const waiting = [['c_huang', '黄建国', 'sms', '机器又漏水了，能安排人来看一下吗？', 'q_zh', 310_000], ['c_he', '何敏', 'whatsapp', '地址写错了，能改吗？', 'q_zh', 302_000], ['c_zheng', '郑凯', 'webchat', '请问保修期多久？', 'q_zh', 140_000], ['c_unknown', '+44 7700 900331', 'sms', 'Where is my order?', 'q_zh', 31_000], ['c_hannah', 'Hannah Whitfield', 'sms', 'The driver says he left it at number 14, but nobody there has seen it.', 'q_del', 72_000], ['c_zhou', '周雨桐', 'email', '你好，我上周下的订单到现在还没有发货，能帮我查一下吗？', 'q_zh', 50_000]]
  for (const [id, name, channel, text, queueId, ago] of waiting) {
    const made = simple(id, name, channel, text, id === 'c_hannah' ? { tier: 'gold', language: 'en' } : { language: 'zh-CN', timezone: 'Asia/Shanghai' }, { last_customer_at: iso(now - ago), subject: channel === 'email' ? '订单还没有发货' : null })
    made.last.interaction_id = `in_${id}`
    if (!empty) interaction(`in_${id}`, id, { channel, account_id: made.accountId, preview: text, queue_id: queueId, state: 'queued', owner_id: null, assignment_id: null, assignment_state: null, activated_at: null, enqueued_at: iso(now - ago), first_enqueued_at: iso(now - ago), last_customer_at: iso(now - ago), unread: 1, subject: channel === 'email' ? '订单还没有发货' : null })
  }
  const others = ['Daniel Osei', '林晓', 'Isla Ferguson', '孙晓雯', 'Marek Novak', '胡佳怡', 'Priscilla Nkemelu', '高翔', 'Oliver Grant', '徐静', 'Beatriz Santos', '马晓梅']
  for (const [at, name] of others.entries()) simple(`c_o${at}`, name, ['email', 'sms', 'webchat'][at % 3], at % 2 === 0 ? 'Thanks, that works now.' : '好的，谢谢！', { company: at % 4 === 0 ? 'Harbour Inns' : null }, { last_customer_at: iso(now - (at + 1) * 2 * DAY) })

  const about = { tried_at: null, tries: 0, interaction_id: null, from: '', to: [], customer_id: null, customer_name: '', preview: '' }
  const attention = empty ? [] : [
    { ...about, from: 'orders@out.example', to: ['support@kestrel.example'], tried_at: iso(now - 2 * MIN), tries: 2, id: 'n1', kind: 'unparseable', at: iso(now - 12 * MIN), channel: 'email', account_id: 'a_mail', reason: 'the header ends in the middle of a field', message_id: 'm_raw1', size: 18_230, state: 'open' },
    { ...about, to: ['+44 7700 900123'], customer_name: 'Isla Ferguson', preview: 'Your parcel is at the depot.', id: 'n2', kind: 'send_unknown', at: iso(now - 2 * DAY), channel: 'sms', account_id: 'a_sms', reason: 'the hub broke off while this was being sent', message_id: null, size: null, state: 'open' },
    { ...about, to: ['d.osei@mail.example'], customer_name: 'Daniel Osei', preview: 'Re: Invoice', id: 'n3', kind: 'send_failed', at: iso(now - 5 * HOUR), channel: 'email', account_id: 'a_mail', reason: '5.1.1 smtp; 550 5.1.1 The account that you tried to reach does not exist', message_id: 'm_raw3', size: 5120, state: 'open' },
    { ...about, from: '+44 7700 900124', customer_name: 'Marek Novak', preview: 'Where is it?', id: 'n4', kind: 'returned', at: iso(now - 6 * HOUR), channel: '', account_id: '', reason: 'agent_away', message_id: null, size: null, state: 'open' },
  ]
  return { now, next, seq: () => seq, users, agents: byId(agents), queues: byId(queues), accounts: byId(accounts), customers, timelines, interactions, offers, attention, entry, viewers: empty ? [] : [{ agent_id: 'u_jonas', typing: false }] }
}

const byId = (rows) => new Map(rows.map((row) => [row.id, row]))
