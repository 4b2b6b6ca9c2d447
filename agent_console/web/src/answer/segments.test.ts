import { describe, expect, it } from 'vitest'

import { countSegments } from './segments'

describe('SMS segments', () => {
  const of = (text: string) => {
    const { encoding, segments, used, room } = countSegments(text)
    return [encoding, segments, used, room]
  }
  it('of nothing', () => expect(of('')).toEqual(['gsm7', 0, 0, 160]))
  it('of 160 septets are one, of 161 two of 153', () => {
    expect(of('a'.repeat(160))).toEqual(['gsm7', 1, 160, 160])
    expect(of('a'.repeat(161))).toEqual(['gsm7', 2, 8, 153])
    expect(of('a'.repeat(306))).toEqual(['gsm7', 2, 153, 153])
    expect(of('a'.repeat(307))).toEqual(['gsm7', 3, 1, 153])
  })
  it('count extended characters twice and never cut one', () => {
    expect(of('€'.repeat(80))).toEqual(['gsm7', 1, 160, 160])
    expect(of(`${'a'.repeat(152)}€${'b'.repeat(20)}`)).toEqual(['gsm7', 2, 22, 153])
  })
  it('know the characters of GSM-7', () => {
    expect(countSegments('@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà{}[]~|\\^€\n\r').encoding).toBe('gsm7')
    expect(countSegments('ç').encoding).toBe('ucs2')
    expect(countSegments('it’s').special).toEqual(['’'])
  })
  it('of Chinese are 70, then 67', () => {
    expect(of('您'.repeat(70))).toEqual(['ucs2', 1, 70, 70])
    expect(of('您'.repeat(71))).toEqual(['ucs2', 2, 4, 67])
  })
  it('never cut a surrogate pair', () => {
    expect(of('😀'.repeat(35))).toEqual(['ucs2', 1, 70, 70])
    // 33 pairs fill 66 of 67 units: the 34th goes into the next segment.
    expect(of(`${'😀'.repeat(36)}`)).toEqual(['ucs2', 2, 6, 67])
  })
})
