import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createKeySealer, secretFromFile } from '../../../src/projects/keys.js'
import { fill, move, places, within } from './stores.js'

const sealer = (folder: string) => createKeySealer(() => secretFromFile(folder))

it('refuses a source that a service has open, by the line that the service has for it', async () => {
  const from = places.SQLite()
  await within(from, async () => {
    await expect(move(from, places.SQLite())).rejects.toThrow(
      /^--from: DATA_DIR .+ is in use by another running service/,
    )
    await expect(move(places.MongoDB(), from)).rejects.toThrow(/^--to: DATA_DIR .+ is in use/)
  })
})

it('does not make a source that is not there', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'personas-migrate-')), 'none')
  await expect(move(folder, places.SQLite())).rejects.toThrow(/^--from: there is no personas\.db in /)
  await expect(move(join(folder, 'personas.db'), places.SQLite())).rejects.toThrow(/^--from: there is no/)
  expect(existsSync(folder)).toBe(false)
})

it('says that there is nothing to move', async () => {
  const from = places.SQLite()
  await within(from, async () => undefined)
  await expect(move(from, places.SQLite())).rejects.toThrow('--from: the store holds nothing')
  await expect(move(places.MongoDB(), places.SQLite())).rejects.toThrow('--from: the store holds nothing')
})

it('refuses a move from a store into itself', async () => {
  const [folder, url] = [places.SQLite(), places.MongoDB()]
  await fill(folder)
  for (const [from, to] of [
    [folder, folder],
    [folder, join(folder, '.', 'personas.db')],
    [url, `${url}?appName=other`],
  ] as const) {
    await expect(move(from, to)).rejects.toThrow('--from and --to are the same store')
  }
})

it.each([
  ['postgres://me:s3cret@h/x', /^--to: a store is a mongodb:\/\/ URL, a data directory/],
  ['mongodb://me:s3cret@h:1:3/x', /^--to: MONGODB_URL is malformed/],
  [import.meta.filename, /^--to: .+ is neither a data directory nor a personas\.db$/],
])('refuses %s by a line without credentials', async (to, line) => {
  const from = places.SQLite()
  await fill(from, 1)
  const error = await move(from, to).catch((error) => error)
  expect(error.message).toMatch(line)
  expect(error.message).not.toContain('s3cret')
})

it('takes the key file along, so that stored provider keys open', async () => {
  const [from, to, url] = [places.SQLite(), places.SQLite(), places.MongoDB()]
  const ciphertext = sealer(from).seal('p', 'sk-1')
  const apiKey = { ciphertext, mask: '****', keepIfMask: '' }
  await within(from, (store) => store.updateProject('p', { llmSettings: { provider: 'openai', apiKey } }, 1))
  const lines = await move(from, to)
  expect(lines.at(-1)).toContain(`The key file came along: ${join(to, 'secret.key')}`)
  expect(statSync(join(to, 'secret.key')).mode & 0o777).toBe(0o600)
  const [sealed] = await within(to, (store) => store.listSealedKeys())
  expect(sealer(to).open('p', sealed?.ciphertext ?? '')).toBe('sk-1')
  expect((await move(from, to)).at(-1)).toContain('The key file came along')
  expect((await move(from, url)).at(-1)).toBe(
    `1 provider key copied as encrypted by the source. Copy ${join(from, 'secret.key')} into the DATA_DIR of the target's service, or set the source's SECRET_KEY there.`,
  )
  expect((await move(url, places.SQLite())).at(-1)).toMatch(/needs the source's SECRET_KEY, or its key file/)
})

it('refuses a target with another key file, which would not open them', async () => {
  const [from, to] = [places.SQLite(), places.SQLite()]
  await fill(from)
  for (const folder of [from, to]) secretFromFile(folder)
  const other = readFileSync(join(to, 'secret.key'), 'utf8')
  await expect(move(from, to)).rejects.toThrow(/is another key than .+; move one of them away$/)
  expect(readFileSync(join(to, 'secret.key'), 'utf8')).toBe(other)
})

it('leaves the key file where it is when no key is stored', async () => {
  const [from, to] = [places.SQLite(), places.SQLite()]
  await within(from, (store) => store.insertProject({ id: 'p', name: 'n' }, 1))
  writeFileSync(join(from, 'secret.key'), 'x')
  expect((await move(from, to)).at(-1)).toBe('Verified: both stores hold the same.')
  expect(existsSync(join(to, 'secret.key'))).toBe(false)
})
