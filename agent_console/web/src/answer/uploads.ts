/** Files for the replies that are being written, by conversation: kept while the console is open. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import * as calls from '@/api/calls'
import { ProblemError } from '@/api/http'
import type { Problem, Upload } from '@/api/types'

export interface Pending {
  key: number
  name: string
  size: number
  upload: Upload | null
  problem: Problem | null
}

export const useChosenFiles = defineStore('chosenFiles', () => {
  const chosen = ref<Record<string, Pending[]>>({})
  let nextKey = 1
  let owner = ''

  const of = (conversationId: string) => chosen.value[conversationId] ?? []
  function set(conversationId: string, files: Pending[]): void {
    chosen.value = { ...chosen.value, [conversationId]: files }
  }

  /** Computers are shared: what one has chosen is not shown to the next. */
  function belongTo(userId: string): void {
    if (userId !== owner) chosen.value = {}
    owner = userId
  }

  return { of, set, belongTo, key: () => nextKey++ }
})

export function useUploads(conversationId: string) {
  const chosen = useChosenFiles()
  const files = computed(() => chosen.of(conversationId))
  const set = (list: Pending[]) => { chosen.set(conversationId, list) }

  async function add(list: Iterable<File>): Promise<void> {
    await Promise.all([...list].map(async (file) => {
      const key = chosen.key()
      set([...files.value, { key, name: file.name || 'pasted.png', size: file.size, upload: null, problem: null }])
      try {
        const upload = await calls.upload(file)
        change(key, { upload })
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error
        change(key, { problem: error.problem })
      }
    }))
  }

  function change(key: number, by: Partial<Pending>): void {
    set(files.value.map((file) => (file.key === key ? { ...file, ...by } : file)))
  }

  /** Those of a reply that is to be written again, before what was chosen since. */
  function putBack(list: Pending[]): void {
    set([...list, ...files.value])
  }

  const remove = (key: number) => { set(files.value.filter((file) => file.key !== key)) }
  const busy = computed(() => files.value.some((file) => !file.upload && !file.problem))
  const ready = computed(() => files.value.filter((file) => file.upload !== null))
  const ids = computed(() => ready.value.flatMap((file) => file.upload?.id ?? []))
  return { files, add, putBack, remove, busy, ready, ids, clear: () => { set([]) } }
}
