import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Provider, startProvider } from '../support/provider.js'
import { commands, type ServiceProcess, startServiceProcess } from '../support/service-process.js'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const blocksOf = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  )
const blocks = blocksOf('sh')

const main = fileURLToPath(new URL('src/main.ts', root))

/** What stands between the outputs of two blocks: no answer of the service has this byte. */
const END = '\x1e'
const folder = mkdtempSync(join(tmpdir(), 'personas-readme-'))

let provider: Provider
let service: ServiceProcess
/** What each block wrote, in the order in which they stand. */
let outputs: string[]

/** What the block wrote that has this text. */
function outputOf(text: string): string {
  const [at, ...more] = blocks.flatMap((block, index) => (block.includes(text) ? [index] : []))
  if (at === undefined || more.length > 0) throw new Error(`Not one block of the README has: ${text}`)
  return outputs[at] ?? ''
}

/** The JSON values in what a block wrote, headers of `curl -i` left out. */
function answersOf(text: string): any[] {
  const bodies = outputOf(text).replaceAll(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/g, '\n')
  // Whether or not answers end in a line break, one begins where another has ended.
  return bodies
    .split(/\n|(?<=[}\]])(?=[{[])/)
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
}

/** Runs all blocks in one shell, in a folder that holds nothing. */
async function runAll(): Promise<string[]> {
  const script = [
    'set -e -o pipefail',
    // The service runs already, from the sources; whatever else npm is asked for runs in the project.
    `npm() { case "$1" in ci | start) ;; *) (cd '${new URL('.', root).pathname}' && command npm "$@") ;; esac; }`,
    // The command too is run from the sources, in the folder.
    `npx() { shift && '${process.execPath}' --import '${import.meta.resolve('tsx')}' '${main}' "$@"; }`,
    ...blocks.map((block) => `${block.replaceAll('http://localhost:3000', service.url)}printf '${END}'`),
  ].join('\n')
  const env = { ...process.env, PERSONAS_URL: service.url, OPENAI_API_KEY: 'sk-readme-0123456789' }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder, env })
  return stdout.split(END).slice(0, -1)
}

beforeAll(async () => {
  provider = await startProvider()
  const env = { DATA_DIR: join(folder, 'data'), OPENAI_BASE_URL: provider.url, LOG_LEVEL: 'warn' }
  service = await startServiceProcess({ env, command: commands.sources })
  outputs = await runAll()
})
afterAll(async () => {
  await service.stopWell()
  provider.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the blocks of the README, run in their order,', () => {
  it('all ran, and are checked below', () => {
    expect(outputs).toHaveLength(blocks.length)
    const checks = readFileSync(new URL(import.meta.url), 'utf8')
    const texts = [...checks.matchAll(/(?:outputOf|answersOf)\('([^']+)'\)/g)].map(([, text = '']) => text)
    const unchecked = blocks.filter((block) => !texts.some((text) => block.includes(text)))
    expect(unchecked).toEqual(['npm ci && npm start\n'])
  })

  it('have no comments, which zsh does not take at its prompt', () => {
    expect(blocks.filter((block) => /(^|\s)#/m.test(block))).toEqual([])
  })

  it('start what package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
    expect(scripts).toMatchObject({ start: 'node dist/main.js', prepare: 'npm run build' })
  })

  it('fill a project with the demo', () => {
    expect(outputOf('npm run demo').match(/^created .+/gm)).toHaveLength(12)
    expect(outputOf('npm run demo').match(/ drew .+/gm)).toHaveLength(12)
  })

  it('create a persona, and list it', () => {
    const [created] = answersOf('"name": "impatient-user"')
    expect(created).toMatchObject({
      name: 'impatient-user',
      headers: { 'X-User-Language': 'en' },
    })
    expect(answersOf('limit=50')).toEqual([[created], [created]])
    expect(outputOf('limit=50')).toMatch(/HTTP\/1\.1 200 /)
  })

  it('find it by its words, and nothing by tags that it does not have', () => {
    const [created] = answersOf('"name": "impatient-user"')
    expect(answersOf('q=quick+answers')).toEqual([[created], [], []])
  })

  it('export it, and bring it in again as a file and as a card', () => {
    const [file, card] = answersOf('export?format=yaml')
    expect([file, card]).toEqual([
      expect.objectContaining({ dryRun: true, unchanged: 1, failed: 0 }),
      expect.objectContaining({ dryRun: false, unchanged: 1, failed: 0 }),
    ])
  })

  it('pull it as a file of a folder, which brings no change', () => {
    expect(outputOf('push personas').split('\n')).toEqual([
      '+ impatient-user.md',
      '1 new, 0 changed, 0 unchanged, 0 deleted',
      'Dry run, nothing was changed: 0 created, 0 updated, 1 unchanged, 0 deleted, 0 failed',
      '',
    ])
  })

  it('read it by its id and by the beginning of that', () => {
    const [created] = answersOf('"name": "impatient-user"')
    expect(answersOf('{ID:0:8}')).toEqual([created, created])
  })

  it('clear a field', () => {
    const [created] = answersOf('"name": "impatient-user"')
    const { name, systemPrompt, headers, updatedAt: before } = created
    const [updated] = answersOf('"description": null')
    expect(updated).toMatchObject({ name, systemPrompt, headers })
    expect(updated.updatedAt > before).toBe(true)
    expect(updated).not.toHaveProperty('description')
  })

  it('list the versions of a persona, and go back to the first', () => {
    const [created] = answersOf('"name": "impatient-user"')
    const [versions, first, reverted] = answersOf('/revert')
    expect(versions).toMatchObject([
      { version: 2, changed: ['description'] },
      { version: 1, changed: [] },
    ])
    expect(first).toEqual(created)
    expect(reverted).toEqual({ ...created, version: 3, updatedAt: reverted.updatedAt })
  })

  it('merge headers, the persona’s over the connector’s', () => {
    const headers = { Authorization: 'Bearer connector', 'X-User-Language': 'en' }
    expect(answersOf('merge-headers')).toEqual([{ headers }])
  })

  it('are answered with the error that stands beside them', () => {
    const [shown = ''] = blocksOf('json')
    const { requestId, ...error } = JSON.parse(shown)
    expect(answersOf('"name": ""')).toEqual([
      { ...error, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ])
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('name the field that an unknown one is nearest to', () => {
    expect(answersOf('handling=strict')).toMatchObject([
      { code: 'BAD_REQUEST', message: 'descripton is not known: did you mean description?' },
    ])
  })

  it('store a key, of which a mask is shown', () => {
    const llmSettings = { provider: 'openai', apiKey: 'sk-r...6789' }
    expect(answersOf('llmSettings')).toEqual([{ name: 'my-project', llmSettings }])
  })

  it('draw a portrait and save it', () => {
    const [persona] = answersOf('generate-image')
    expect(persona.imageUrl).toMatch(/\.png$/)
    expect(outputOf('portrait.png "$API')).toBe('')
    const png = readFileSync(join(folder, 'portrait.png'))
    expect([png.toString('latin1', 1, 4), png.readUInt32BE(16)]).toEqual(['PNG', 512])
  })

  it('upload a style reference', () => {
    expect(answersOf('persona-avatar-styleguide')).toEqual([{ id: expect.stringMatching(/\.png$/) }])
  })

  it('delete the persona and the project', async () => {
    expect(outputOf('-X DELETE').match(/HTTP\/1\.1 204 /g)).toHaveLength(2)
    const left = await fetch(`${service.url}/api/projects/my-project/personas`)
    expect(await left.json()).toEqual([])
  })
})
