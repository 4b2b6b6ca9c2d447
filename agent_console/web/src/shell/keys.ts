/**
 * Single keys act only outside text fields, without modifiers and never while an input method
 * composes; the component that was mounted last is asked first.
 */
import { onBeforeUnmount, onMounted } from 'vue'

/** One that returns false has left the key to the browser. */
type Handlers = Record<string, (event: KeyboardEvent) => unknown>
const stack: Handlers[] = []
let listening = false

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

function onKeydown(event: KeyboardEvent): void {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return
  const held = event.ctrlKey || event.metaKey
  const key = held ? `ctrl+${event.key.toLowerCase()}` : event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (!held) {
    if (event.altKey || isWriting(event.target)) return
    if (event.target instanceof Element && event.target.closest('[role=menu], [role=dialog], [role=listbox]')) return
  }
  const handler = stack.findLast((handlers) => key in handlers)?.[key]
  if (!handler) return
  if (handler(event) !== false) event.preventDefault()
}

export function useKeys(handlers: Handlers): void {
  onMounted(() => {
    stack.push(handlers)
    if (!listening) {
      window.addEventListener('keydown', onKeydown)
      listening = true
    }
  })
  onBeforeUnmount(() => {
    const at = stack.indexOf(handlers)
    if (at >= 0) stack.splice(at, 1)
  })
}
