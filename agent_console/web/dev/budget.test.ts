// @vitest-environment node
/** The first load of the built console, by what the browser has to fetch before it can be used. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { describe, expect, it } from 'vitest'

const STATIC = fileURLToPath(new URL('../../static', import.meta.url))
const JAVASCRIPT_BUDGET = 180 * 1024

interface Chunk {
  file: string
  isEntry?: boolean
  imports?: string[]
  src?: string
}

describe('the built console', () => {
  const html = readFileSync(join(STATIC, 'index.html'), 'utf8')
  const manifest = JSON.parse(readFileSync(join(STATIC, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>

  function loaded(...names: string[]): Set<string> {
    const files = new Set<string>()
    const visit = (name: string): void => {
      const chunk = manifest[name]
      if (!chunk || files.has(chunk.file)) return
      files.add(chunk.file)
      for (const next of chunk.imports ?? []) visit(next)
    }
    for (const name of names) visit(name)
    return files
  }

  it('loads at most 180 kB of gzipped JavaScript first, the second language and the login page included', () => {
    const files = loaded('index.html', 'src/session/LoginPage.vue', 'src/i18n/zh-CN.json')
    expect(files.size).toBeGreaterThan(2)
    const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(STATIC, file))).length, 0)
    expect(bytes, `${(bytes / 1024).toFixed(1)} kB`).toBeLessThanOrEqual(JAVASCRIPT_BUDGET)
  })

  it('leaves the supervisor’s page for whoever opens it', () => {
    const first = loaded('index.html')
    expect(first.has(manifest['src/supervisor/SupervisorPage.vue']?.file ?? '')).toBe(false)
  })

  it('leaves the tokens for the demo’s page', () => {
    expect(readFileSync(join(STATIC, 'tokens.css'), 'utf8')).toContain('--surface-app:')
  })

  it('has no inline script or style, so that a strict policy holds', () => {
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/u)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/u)
  })
})
