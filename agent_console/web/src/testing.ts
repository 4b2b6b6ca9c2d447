/** What every unit test stands on: a clean storage and page, and nothing left running on it. */
import { enableAutoUnmount } from '@vue/test-utils'
import { afterEach, beforeEach } from 'vitest'

// What stays mounted keeps its timers, and one that ends after the last test finds no page.
enableAutoUnmount(afterEach)
beforeEach(() => {
  if (typeof document === 'undefined') return
  localStorage.clear()
  document.body.innerHTML = ''
})
