import { describe, expect, it } from 'vitest'

import { speak } from '.'
import { useWords } from './words'

describe('the name of a customer', () => {
  const { named } = useWords()

  it.each([['Li Wei', 'Li Wei'], ['+447700900123', '+44 7700 900123']])('%s', (name, shown) => expect(named(name)).toBe(shown))

  it('is said in the reader’s language where none was given', async () => {
    expect(named('')).toBe('Unknown sender')
    await speak('zh-CN')
    expect(named(undefined)).toBe('未知发件人')
    await speak('en')
  })
})
