/** One clock for the whole page, in step with the hub's: ticks once a second. */
import { readonly, ref } from 'vue'

const now = ref(Date.now())
let offset = 0
let ticking: ReturnType<typeof setInterval> | null = null

export function useClock() {
  if (ticking === null) {
    ticking = setInterval(() => { now.value = Date.now() + offset }, 1000)
  }
  return readonly(now)
}

/** `hubNow` is the hub's time at this moment, in ms. */
export function setClock(hubNow: number): void {
  offset = hubNow - Date.now()
  now.value = hubNow
}

export function hubTime(): number {
  return Date.now() + offset
}

export function ms(time: string | null | undefined): number | null {
  if (!time) return null
  const value = Date.parse(time)
  return Number.isNaN(value) ? null : value
}
