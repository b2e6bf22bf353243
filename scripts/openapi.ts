// Writes openapi.json (npm run generate). --check only checks that the committed one is up to date and
// breaks nothing of the last release; --release makes it the document of the last release.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { buildDocument } from '../src/openapi/document.js'
import { breakingChanges, mayBreak } from './openapi/breaking.js'

const file = new URL('../openapi.json', import.meta.url)
const released = new URL('../docs/openapi-released.json', import.meta.url)
const document = buildDocument()
const fresh = `${JSON.stringify(document, null, 2)}\n`

function check(): string[] {
  const faults: string[] = []
  if (!existsSync(file) || readFileSync(file, 'utf8') !== fresh) {
    faults.push('openapi.json is stale: run "npm run generate" and commit it')
  }
  const last = JSON.parse(readFileSync(released, 'utf8'))
  const breaking = breakingChanges(last, document)
  if (breaking.length === 0 || mayBreak(last.info.version, document.info.version)) return faults
  const heading = `Version ${document.info.version} breaks callers of ${last.info.version}; a major version may:`
  return [...faults, heading, ...breaking.map((each) => `  ${each}`)]
}

if (process.argv.includes('--check')) {
  const faults = check()
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exitCode = 1
} else {
  writeFileSync(file, fresh)
  if (process.argv.includes('--release')) writeFileSync(released, fresh)
}
