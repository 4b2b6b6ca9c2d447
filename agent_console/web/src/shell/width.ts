/** How much room there is: a small window, and every window at a high zoom, shows one column at a time. */
import { useMediaQuery } from '@vueuse/core'
import type { Ref } from 'vue'

export const useSlim = (): Ref<boolean> => useMediaQuery('(max-width: 860px)')
