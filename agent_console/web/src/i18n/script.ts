/** Which `lang` a text needs so that its glyphs and punctuation come from the right font. */
export function langOf(text: string | null | undefined, known?: string | null): string | undefined {
  if (known) return known
  if (!text) return undefined
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return 'ja'
  if (/\p{Script=Hangul}/u.test(text)) return 'ko'
  if (/\p{Script=Han}/u.test(text)) return 'zh-CN'
  return /\p{L}/u.test(text) ? 'en' : undefined
}

/** With a space after what is Latin or a number in a Chinese word of the browser's, as in our own words. */
export const parted = (words: string): string => words.replace(/(?<=[\dA-Za-z])(?=\p{Script=Han})/gu, ' ')
