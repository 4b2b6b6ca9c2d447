/** What every unit test stands on: a clean storage and the browser parts that happy-dom lacks. */
import { beforeEach } from 'vitest'

beforeEach(() => {
  if (typeof document === 'undefined') return
  localStorage.clear()
  document.body.innerHTML = ''
})
