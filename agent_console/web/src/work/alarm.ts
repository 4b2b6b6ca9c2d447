/** An offer makes itself heard: a tone until it is handled, a desktop notification, a flashing title. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { useWords } from '@/i18n/words'
import { useLive } from '@/live/live'
import { usePrefs } from '@/shell/prefs'
import { offered, useMine } from './mine'

const REPEAT_MS = 3000
const FLASH_MS = 1000

export const useAlarm = defineStore('alarm', () => {
  const { t, named } = useWords()
  const prefs = usePrefs()
  const live = useLive()
  const { offers } = useMine()
  const blocked = ref(false)
  const permission = ref<NotificationPermission | 'unsupported'>(
    typeof Notification === 'undefined' ? 'unsupported' : Notification.permission,
  )
  let context: AudioContext | null = null
  let repeat: ReturnType<typeof setInterval> | null = null
  let flash: ReturnType<typeof setInterval> | null = null
  let plainTitle = ''
  const told = new Set<string>()

  const ringing = computed(() => offers.value.length > 0)

  /** Called from a press, the browser lets the tone through from then on. */
  async function unblock(): Promise<void> {
    context ??= new AudioContext()
    if (context.state === 'suspended') await context.resume()
    check()
    tone()
  }

  function check(): void {
    if (typeof AudioContext === 'undefined') return
    context ??= new AudioContext()
    blocked.value = context.state === 'suspended'
    context.onstatechange = () => { blocked.value = context?.state === 'suspended' }
  }

  function tone(): void {
    if (!context || context.state !== 'running') return
    const start = context.currentTime
    for (const [index, pitch] of [659, 880].entries()) {
      const oscillator = context.createOscillator()
      const gain = context.createGain()
      const from = start + index * 0.16
      oscillator.frequency.value = pitch
      gain.gain.setValueAtTime(0, from)
      gain.gain.linearRampToValueAtTime(0.14, from + 0.02)
      gain.gain.exponentialRampToValueAtTime(0.001, from + 0.3)
      oscillator.connect(gain).connect(context.destination)
      oscillator.start(from)
      oscillator.stop(from + 0.32)
    }
  }

  function ring(): void {
    if (!prefs.sound) return
    check()
    if (context?.state === 'suspended') void context.resume()
    tone()
  }

  function startRinging(): void {
    ring()
    repeat ??= setInterval(ring, REPEAT_MS)
    plainTitle ||= document.title
    flash ??= setInterval(() => {
      document.title = document.title === plainTitle ? t('offer.title', { n: offers.value.length }) : plainTitle
    }, FLASH_MS)
  }

  function stopRinging(): void {
    if (repeat !== null) clearInterval(repeat)
    if (flash !== null) clearInterval(flash)
    repeat = flash = null
    if (plainTitle) document.title = plainTitle
    plainTitle = ''
  }

  function notifyOf(id: string): void {
    if (told.has(id)) return
    told.add(id)
    const offer = live.state.offers[id]
    const row = offer ? offered(live.state.interactions, offer) : null
    if (!row || !prefs.notify || permission.value !== 'granted' || document.hasFocus()) return
    const notification = new Notification(named(row.customer_name), {
      body: `${t(`channel.${row.channel}`)} · ${row.preview ?? ''}`, tag: id,
    })
    notification.onclick = () => {
      window.focus()
      notification.close()
    }
  }

  async function askPermission(): Promise<void> {
    if (permission.value === 'default') permission.value = await Notification.requestPermission()
  }

  watch(
    () => offers.value.map((offer) => offer.id).join(' '),
    () => {
      for (const offer of offers.value) notifyOf(offer.id)
      if (ringing.value) startRinging()
      else stopRinging()
    },
  )

  return { blocked, permission, ringing, check, unblock, askPermission, stop: stopRinging }
})
