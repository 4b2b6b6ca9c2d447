/**
 * Whoever works by keyboard keeps their place when what they pressed has done its work and gone:
 * the focus goes to the nearest part of the page that is still there, else to the main one.
 */
import { onBeforeUnmount, onMounted } from 'vue'

const PARTS = 'main, aside, nav, section[aria-label], [role=dialog]'

/** To a part of the page that is no control by itself. */
export function giveFocus(part: HTMLElement): void {
  if (!part.hasAttribute('tabindex')) part.tabIndex = -1
  part.focus({ preventScroll: true })
}

export function useKeptFocus(): void {
  let last: Element | null = null
  /** Where it stood, from the inside out: a node that is removed no longer knows. */
  let around: Element[] = []

  function onFocus({ target }: FocusEvent): void {
    if (!(target instanceof Element)) return
    last = target
    around = []
    for (let part = target.parentElement?.closest(PARTS); part; part = part.parentElement?.closest(PARTS)) around.push(part)
  }

  const observer = new MutationObserver(() => {
    if (!last || last.isConnected) return
    last = null
    // Somebody has chosen a better place already.
    if (document.activeElement && document.activeElement !== document.body) return
    const part = around.find((one) => one.isConnected) ?? document.querySelector('main')
    if (part instanceof HTMLElement) giveFocus(part)
  })

  onMounted(() => {
    document.addEventListener('focusin', onFocus)
    observer.observe(document.body, { childList: true, subtree: true })
  })
  onBeforeUnmount(() => {
    document.removeEventListener('focusin', onFocus)
    observer.disconnect()
  })
}
