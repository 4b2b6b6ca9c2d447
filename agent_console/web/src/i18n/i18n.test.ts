import { describe, expect, it } from 'vitest'

import en from './en.json'
import { nearest, speak } from './index'
import { langOf } from './script'
import { useWords } from './words'
import zh from './zh-CN.json'

const sources = import.meta.glob<string>(['../**/*.vue', '../**/*.ts', '!../**/*.test.ts'], { eager: true, query: '?raw', import: 'default' })
type Tree = Record<string, Record<string, string>>
const flat = (tree: Tree) => Object.entries(tree).flatMap(([group, keys]) => Object.entries(keys).map(([key, text]) => [`${group}.${key}`, text] as const))
const english = new Map(flat(en))
const chinese = new Map(flat(zh))
const names = (text: string) => [...new Set(text.match(/\{\w+\}/gu) ?? [])].sort()

describe('the two languages', () => {
  it('have the same messages', () => expect([...chinese.keys()]).toEqual([...english.keys()]))

  it('name the same values in each', () => {
    for (const [key, text] of english) {
      const other = names(chinese.get(key) ?? '')
      expect(names(text), key).toEqual(expect.arrayContaining(other))
    }
  })

  it('tell being ready for work from having none', () => {
    for (const known of [english, chinese]) expect(known.get('presence.available')).not.toBe(known.get('presence.idle'))
  })

  it('have every message that is asked for by its full name', () => {
    const asked = Object.entries(sources).flatMap(([path, text]) =>
      [...text.matchAll(/\bt\(\s*'([a-zA-Z]+\.[a-zA-Z0-9_]+)'/gu)].map((match) => [match[1] ?? '', path] as const))
    expect(asked.length).toBeGreaterThan(150)
    for (const [key, path] of asked) expect(english.has(key as 'app.name'), `${key} in ${path}`).toBe(true)
  })

  it('are the only place where words stand', () => {
    for (const [path, text] of Object.entries(sources)) {
      if (!path.endsWith('.vue')) continue
      const template = text.slice(text.indexOf('\n<template>'), text.lastIndexOf('</template>'))
      const spoken = template.replace(/<[^>]*?(?:"[^"]*"[^>]*?)*>/gu, '\n').replace(/\{\{[^]*?\}\}/gu, '').match(/\p{L}{3,}/gu)
      expect(spoken, path).toBeNull()
    }
  })
})

describe('the language of a text', () => {
  it.each([['好的，谢谢！I must leave', 'zh-CN'], ['Hello', 'en'], ['ありがとう', 'ja'], ['감사', 'ko'], ['12:30', undefined]])('%s', (text, lang) => {
    expect(langOf(text)).toBe(lang)
  })
  it('is what is known of it', () => expect(langOf('Bonjour', 'fr')).toBe('fr'))
  it.each([['zh-Hans', 'zh-CN'], ['en-GB', 'en'], ['fr', null]])('%s is answered in %s', (tag, language) => {
    expect(nearest(tag)).toBe(language)
  })
})

describe('how long ago', () => {
  it.each([[-9, '0 sec ago', '0 秒前'], [26, '26 sec ago', '26 秒前'], [59 * 60 + 59, '59 min ago', '59 分钟前'], [3 * 3600, '3 hr ago', '3 小时前'], [50 * 3600, '2 days ago', '2 天前']])('%i s', async (seconds, words, inChinese) => {
    const { ago } = useWords()
    expect(ago(seconds * 1000).replace('hr.', 'hr').replace('min.', 'min').replace('sec.', 'sec')).toBe(words)
    await speak('zh-CN')
    expect(ago(seconds * 1000)).toBe(inChinese)
    await speak('en')
  })
})
