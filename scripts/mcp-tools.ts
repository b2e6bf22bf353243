// Writes docs/mcp-tools.json, the tools as agents are told of them, for a person to review (npm run generate); with
// --check it only checks that the committed one is up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tools } from '../src/mcp/tools.js'

const file = new URL('../docs/mcp-tools.json', import.meta.url)
const fresh = `${JSON.stringify(tools, null, 2)}\n`

if (!process.argv.includes('--check')) writeFileSync(file, fresh)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== fresh) {
  console.error('docs/mcp-tools.json is stale: run "npm run generate" and commit it')
  process.exitCode = 1
}
