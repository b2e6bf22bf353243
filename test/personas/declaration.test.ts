import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type FieldName, fieldNames, personaFields } from '../../src/personas/fields.js'
import { copySource, copyWithFields } from './source-copy.js'

/** For the compiler, in ms: it takes a few seconds, and more where others are at work. */
const timeout = 90_000

/**
 * Where a field that callers set is named outside its declaration, for a rule of its own or in an example. Of the
 * names in one object the compiler misses the first.
 */
const RULES: { [Name in FieldName]?: string[] } = {
  // The unique name.
  name: [
    'files/card.ts',
    'files/export.ts',
    'files/import.ts',
    'files/plan.ts',
    'files/prune.ts',
    'mcp/prompts.ts',
    'openapi/file-paths.ts',
    'personas/service.ts',
    'portraits/service.ts',
    'simulation/drafts.ts',
    'simulation/service.ts',
    'store/mongo/changes.ts',
    'store/mongo/indexes.ts',
    'store/mongo/personas.ts',
    'store/sqlite/rows.ts',
  ],
  // What models are told of a persona, and where cards and Markdown have it.
  description: [
    'files/card.ts',
    'mcp/prompts.ts',
    'openapi/examples.ts',
    'personas/for-models.ts',
    'portraits/prompt.ts',
    'portraits/service.ts',
    'simulation/drafts.ts',
    'simulation/prompt.ts',
    'simulation/service.ts',
  ],
  systemPrompt: [
    'files/card.ts',
    'files/markdown.ts',
    'personas/schema.ts',
    'portraits/prompt.ts',
    'portraits/service.ts',
    'simulation/prompt.ts',
    'simulation/service.ts',
    'store/mongo/personas.ts',
  ],
  // The portrait that goes with its last use.
  imageUrl: [
    'files/export.ts',
    'files/import.ts',
    'openapi/examples.ts',
    'store/mongo/changes.ts',
    'store/mongo/indexes.ts',
    'store/mongo/portraits.ts',
    'store/sqlite/personas.ts',
    'store/sqlite/rows.ts',
  ],
  // Never in a card; columns of their own in CSV.
  headers: ['files/card.ts', 'files/formats.ts', 'personas/service.ts'],
  // Compared without case.
  tags: ['files/card.ts', 'personas/search.ts'],
  // Whether a description is a card's notes.
  metadata: ['files/plan.ts', 'portraits/service.ts', 'simulation/service.ts'],
}

/** Files in which the name is that of something else: a draft's field, a function, a property of a row. */
const OTHERS: { [Name in FieldName]?: string[] } = {
  systemPrompt: [
    'files/data-sets.ts',
    'files/schema.ts',
    'openapi/file-paths.ts',
    'simulation/draft-prompt.ts',
    'simulation/draft-schema.ts',
    'simulation/drafts.ts',
    'simulation/models.ts',
  ],
  imageUrl: ['files/plan.ts', 'mcp/tools.ts'],
}

it('lets a field be added by its entry alone, and leads from one that the service sets to its rule', {
  timeout,
}, async () => {
  const copy = copyWithFields(`
    labels: emptyIsAbsent(optional(z.array(z.string()), z.array(z.string()), { about: 'Words' })),
    level: optional(z.number(), z.number(), { about: 'How patient' }),
    serial: kept(z.number(), 1),
  `)
  onTestFinished(copy.remove)
  const faults = await copy.compile()
  // What reads through the client, whose types are to be generated again, as the last one says.
  const rest = faults.filter(({ file }) => !file.startsWith('src/cli/folder/'))
  expect(rest.map(({ file }) => file)).toEqual(['src/personas/change.ts', 'test/package/types.ts'])
  expect(rest[0]?.message).toMatch(/'serial' is missing/)
})

/** The names that the compiler misses, by file of src. */
async function missedNames(): Promise<Map<string, Set<string>>> {
  const copy = copySource((declaration) =>
    fieldNames.reduce(
      (text, name) => text.replace(new RegExp(`^  ${name}: (?=\\w+\\()`, 'm'), `  ${name}_: `),
      declaration,
    ),
  )
  onTestFinished(copy.remove)
  const missed = new Map<string, Set<string>>()
  for (const { file, message } of await copy.compile()) {
    const path = file.replace(/^src\//, '')
    // Either of `Property 'name' does not exist`, and of `is missing the following properties from type 'T': id, name`.
    const [listed = ''] = /(?<=properties from type [^:]+: ).+/.exec(message) ?? []
    const names = [...message.matchAll(/'"?(\w+)"?'/g)].map(([, name = '']) => name)
    missed.set(path, new Set([...(missed.get(path) ?? []), ...names, ...listed.split(', ')]))
  }
  return missed
}

/** The files of src whose code, but for comments and texts, has a name in it. */
function filesWith(name: string): string[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  const own = ['personas/fields.ts', 'client/types.ts']
  return files.sort().filter((file) => {
    const code = readFileSync(join('src', file), 'utf8').replace(
      /\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g,
      '',
    )
    return !own.includes(file) && new RegExp(`\\b${name}\\b`).test(code)
  })
}

it('names a field nowhere but for rules of its own, and each of these fails to compile without its declaration', {
  timeout,
}, async () => {
  const missed = await missedNames()
  // The client's types are generated.
  missed.delete('client/client.ts')
  const missing = (name: string) => [...missed].filter(([, names]) => names.has(name)).map(([file]) => file)
  for (const name of fieldNames) {
    // Those that the service sets are all rules.
    if ('update' in personaFields[name]) expect(missing(name).sort(), name).toEqual(RULES[name] ?? [])
    else expect(missing(name), name).not.toEqual([])
  }
  // Of names that are nothing else's, the compiler misses each.
  for (const name of ['systemPrompt', 'imageUrl'] as const) {
    const others = OTHERS[name] ?? []
    expect(
      filesWith(name).filter((file) => !others.includes(file)),
      name,
    ).toEqual(RULES[name])
  }
})
