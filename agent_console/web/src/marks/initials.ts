/** One or two letters for a name in any script: `Amara Okafor` is AO, 陈思远 is 陈. */
export function initials(name: string): string {
  const trimmed = name.trim()
  const han = trimmed.match(/\p{Script=Han}/u)
  if (han) return han[0]
  const words = trimmed.split(/[\s@._-]+/u).filter((word) => /^\p{L}/u.test(word))
  if (words.length === 0) return trimmed.startsWith('+') ? '#' : (trimmed[0] ?? '?')
  const last = words.length > 1 ? words.at(-1) : ''
  return [words[0], last].map((word) => (word ?? '').slice(0, 1).toUpperCase()).join('')
}
