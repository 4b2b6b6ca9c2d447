/** Whether the customer wrote while an answer was under way: it may no longer fit. */
import { ref, watch, type Ref } from 'vue'

export function useMeanwhile(text: Readonly<Ref<string>>, lastWroteAt: () => string | null | undefined) {
  const since = ref<string | null>(null)
  const wrote = ref(false)

  watch(text, (value) => {
    if (value.trim() === '') {
      since.value = null
      wrote.value = false
    } else since.value ??= lastWroteAt() ?? ''
  })
  watch(lastWroteAt, (at) => {
    if (since.value !== null && at && at > since.value) wrote.value = true
  })

  /** What they wrote has been looked at. */
  function seen(): void {
    since.value = lastWroteAt() ?? ''
    wrote.value = false
  }

  return { wrote, seen }
}
