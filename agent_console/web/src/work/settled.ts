/** An order that changes only while nobody points at the list or works in it. */
import { computed, ref, watch, type Ref } from 'vue'

/**
 * `wanted` is the right order. While `busy`, known ids keep their place (gone ones too, so that
 * nothing slides under the pointer) and new ids are added at the end.
 */
export function useSettledOrder(wanted: Ref<string[]>, busy: Ref<boolean>): Ref<string[]> {
  const shown = ref<string[]>([...wanted.value])
  watch(
    [wanted, busy],
    ([ids, isBusy]) => {
      const known = new Set(shown.value)
      shown.value = isBusy ? [...shown.value, ...ids.filter((id) => !known.has(id))] : [...ids]
    },
    { flush: 'sync' },
  )
  return computed(() => shown.value)
}
