import { defineConfig } from 'vite'

// Pages are served from `/`, and what they load from `/assets` (src/http/console.ts).
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // The policy of the page takes no data: addresses, and nothing in the page itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `vite console` shows changes as they are made, beside a service at its usual port.
  server: {
    proxy: { '/api': 'http://localhost:3000', '/trpc': 'http://localhost:3000' },
  },
})
