/**
 * How a text is cut into SMS segments (3GPP TS 23.038 §6.2.1, 23.040 §9.2.3.24.1): GSM-7 septets,
 * 160 alone or 153 in a chain; UCS-2 code units, 70 alone or 67 in a chain. What takes two units
 * (an extended GSM character, a surrogate pair) is never cut in the middle.
 */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENDED = '\f^{}\\[~]|€'
const basic = new Set(BASIC)
const extended = new Set(EXTENDED)

export interface Segments {
  encoding: 'gsm7' | 'ucs2'
  segments: number
  /** Septets or code units of the whole text. */
  units: number
  /** In the last segment. */
  used: number
  /** That a segment holds, alone or in a chain. */
  room: number
  /** The characters that force UCS-2, each once. */
  special: string[]
}

export function countSegments(text: string): Segments {
  const characters = [...text]
  const special = [...new Set(characters.filter((one) => !basic.has(one) && !extended.has(one)))]
  const gsm = special.length === 0
  const sizes = characters.map((one) => (gsm ? (extended.has(one) ? 2 : 1) : one.length))
  const units = sizes.reduce((sum, size) => sum + size, 0)
  const alone = gsm ? 160 : 70
  const encoding = gsm ? 'gsm7' : 'ucs2'
  if (units <= alone) return { encoding, segments: units === 0 ? 0 : 1, units, used: units, room: alone, special }
  const room = gsm ? 153 : 67
  let segments = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > room) {
      segments += 1
      used = 0
    }
    used += size
  }
  return { encoding, segments, units, used, room, special }
}
