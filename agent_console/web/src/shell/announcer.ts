/** What a screen reader says of its own accord: the last thing that happened, politely. */
import { defineStore } from 'pinia'
import { nextTick, ref } from 'vue'

export const useAnnouncer = defineStore('announcer', () => {
  const text = ref('')

  /** The same words again are said again. */
  function say(words: string): void {
    text.value = ''
    void nextTick(() => { text.value = words })
  }

  return { text, say }
})
