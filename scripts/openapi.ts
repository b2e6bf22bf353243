// Writes openapi.json; with --check it only tells whether the committed one is fresh.
import { readFileSync, writeFileSync } from 'node:fs'
import { buildDocument } from '../src/openapi.js'

const file = new URL('../openapi.json', import.meta.url)
const fresh = `${JSON.stringify(buildDocument(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(file, fresh)
} else if (readFileSync(file, 'utf8') !== fresh) {
  console.error('openapi.json is stale: run "npm run openapi" and commit it')
  process.exitCode = 1
}
