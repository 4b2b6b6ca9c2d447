import { describe, expect, it } from 'vitest'

import { askedFor, filled, find } from './canned'

describe('canned replies', () => {
  it('are asked for by a colon of either width at the start of a word', () => {
    expect(askedFor(':la', 3)).toEqual({ from: 0, query: 'la' })
    expect(askedFor('Hello ：', 7)).toEqual({ from: 6, query: '' })
    expect(askedFor('您好，：late', 8)).toEqual({ from: 3, query: 'late' })
  })
  it('are not asked for inside words, times and addresses', () => {
    expect(askedFor('at 10:30', 8)).toBeNull()
    expect(askedFor('https://x', 9)).toBeNull()
    expect(askedFor(':late now', 9)).toBeNull()
  })
  it('are found by key and by their words, in the language asked for', () => {
    expect(find('la', 'en').map((one) => one.key)).toContain('late')
    expect(find('快递不存在', 'zh-CN')).toEqual([])
    expect(find('延误', 'zh-CN').map((one) => one.key)).toEqual(['late'])
  })
  it('greet by first name where there is one', () => {
    expect(filled('Hello {first_name}, {agent}', { customer: 'Hannah Whitfield', agent: 'Amara' })).toBe('Hello Hannah, Amara')
    expect(filled('Hello {first_name}, thanks', { customer: '+44 7700 900331', agent: 'Amara' })).toBe('Hello, thanks')
    expect(filled('{first_name}您好，', { customer: '陈思远', agent: '' })).toBe('陈思远您好，')
  })
})
