/** Whether the command palette is open, and with which first words. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useFinder = defineStore('finder', () => {
  const shown = ref(false)
  const query = ref('')
  function open(words: string): void {
    query.value = words
    shown.value = true
  }
  return { shown, query, open, close: () => { shown.value = false } }
})
