/// <reference types="vitest/config" />
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const web = fileURLToPath(new URL('./agent_console/web', import.meta.url))
const api = process.env['TRIGGERHUB_DEV_API'] ?? 'http://localhost:8080'

/** The tokens by a name that stays, for pages of the hub that aren't built here (the demo's). */
const tokens: Plugin = {
  name: 'tokens',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'tokens.css', source: readFileSync(`${web}/src/styles/tokens.css`) })
  },
}

export default defineConfig({
  root: web,
  base: '/',
  cacheDir: fileURLToPath(new URL('./node_modules/.vite', import.meta.url)),
  plugins: [vue(), tokens],
  resolve: { alias: { '@': `${web}/src` } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: '../static',
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    // A font or image inlined as data: would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // What the first page needs goes in one piece: many small ones are larger together.
      output: { codeSplitting: { groups: [{ name: 'first', test: /\/src\/(?:marks|live|shell|work|timeline|answer)\// }] } },
    },
  },
  server: {
    port: 5173,
    proxy: { '/api': { target: api, ws: true } },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'dev/**/*.test.ts'],
    restoreMocks: true,
    setupFiles: ['./src/testing.ts'],
  },
})
