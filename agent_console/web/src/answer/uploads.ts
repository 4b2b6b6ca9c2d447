/** Files on their way to the hub for the reply that is being written. */
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

export function useUploads() {
  const files = ref<Pending[]>([])
  let nextKey = 1

  async function add(list: Iterable<File>): Promise<void> {
    await Promise.all([...list].map(async (file) => {
      const key = nextKey++
      files.value.push({ key, name: file.name || 'pasted.png', size: file.size, upload: null, problem: null })
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
    files.value = files.value.map((file) => (file.key === key ? { ...file, ...by } : file))
  }

  const remove = (key: number) => { files.value = files.value.filter((file) => file.key !== key) }
  const busy = computed(() => files.value.some((file) => !file.upload && !file.problem))
  const ids = computed(() => files.value.flatMap((file) => (file.upload ? [file.upload.id] : [])))
  return { files, add, remove, busy, ids, clear: () => { files.value = [] } }
}
