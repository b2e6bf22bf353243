import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogue, nameOf } from '../../src/errors/catalogue.js'
import { entry } from '../../src/errors/error.js'
import { publicError } from '../../src/errors/public.js'
import { unexpected } from '../../src/errors/requests.js'
import { sourceFiles } from './source.js'

// The texts that the contract quotes, letter by letter: callers may compare them. Everywhere else, tests take the
// texts from the catalogue.
const quoted: Record<string, [status: number, message: string]> = {
  personaNotFound: [404, 'Persona not found'],
  nameTaken: [409, 'Persona with name "impatient-user" already exists'],
  noSystemPrompt: [400, 'Persona has no system prompt'],
  noProvider: [400, 'No LLM provider configured'],
  notOpenAi: [400, 'LLM provider is not OpenAI'],
  providerKeyOfAnother: [400, 'llmSettings.apiKey is required: the stored key belongs to "anthropic"'],
  imageNotFound: [404, 'Image not found'],
}

// The finer codes that the contract names.
const reasons: Record<string, [status: number, reason: string]> = {
  keyUnreadable: [503, 'key_unreadable'],
  providerKeyRefused: [503, 'provider_misconfigured'],
  organisationNotVerified: [503, 'provider_misconfigured'],
  noModelServed: [503, 'provider_misconfigured'],
  providerQuota: [503, 'provider_quota'],
  foreignOrigin: [403, 'origin_refused'],
  foreignHost: [403, 'origin_refused'],
}

describe('the contract', () => {
  it.each(Object.entries(quoted))('quotes the text of %s', (name, [status, message]) => {
    const error = catalogue[name]?.example()
    expect([error?.status, error?.message]).toEqual([status, message])
  })

  it.each(Object.entries(reasons))('names the status and reason of %s', (name, [status, reason]) => {
    const error = catalogue[name]?.example()
    expect([error?.status, error?.reason]).toEqual([status, reason])
  })
})

describe('an entry', () => {
  const full = entry({
    code: 'BAD_REQUEST',
    reason: 'too_full',
    path: 'a.b',
    text: ({ count, wait }: { count: number; wait: number }) => `${count} are too many; wait ${wait} s`,
    example: { count: 3, wait: 1 },
    retryAfter: ({ wait }) => wait,
  })

  it('makes the error that callers see, of the values given', () => {
    const message = '7 are too many; wait 2 s'
    const cause = new Error('inside')
    const error = full({ count: 7, wait: 2, cause })
    expect(error.cause).toBe(cause)
    expect(publicError(error)).toEqual({
      status: 400,
      code: 'BAD_REQUEST',
      reason: 'too_full',
      message,
      issues: [{ path: 'a.b', message }],
      retryAfter: 2,
    })
    expect(publicError(full.example()).message).toBe('3 are too many; wait 1 s')
  })

  it('has the status of its code, unless it says another', () => {
    expect(entry({ code: 'NOT_FOUND', text: 'Gone' })().status).toBe(404)
    expect(entry({ code: 'BAD_REQUEST', status: 431, text: 'Long' }).status).toBe(431)
  })

  it('knows its own errors, and no others of the same text', () => {
    const [one, other] = [
      entry({ code: 'NOT_FOUND', text: 'Gone' }),
      entry({ code: 'NOT_FOUND', text: 'Gone' }),
    ]
    expect([one.is(one()), one.is(other()), one.is(new Error('Gone'))]).toEqual([true, false, false])
  })

  it('that is not in the catalogue has no name', () => {
    expect(nameOf(unexpected)).toBe('unexpected')
    expect(() => nameOf(full)).toThrow('catalogue')
  })
})

describe('the catalogue', () => {
  const folder = new URL('../../src/errors/', import.meta.url)
  const files = readdirSync(folder)

  it('has every entry of its folder, by a name that no other has', async () => {
    const found: string[] = []
    for (const file of files) {
      const module: Record<string, unknown> = await import(new URL(file, folder).href)
      for (const [name, value] of Object.entries(module)) {
        if (typeof value !== 'function' || !('example' in value)) continue
        expect(catalogue[name], name).toBe(value)
        found.push(name)
      }
    }
    expect(found.sort()).toEqual(Object.keys(catalogue).sort())
  })

  it('has no entry that nothing uses', () => {
    // A procedure or the document that lists one does not throw it; of src/errors only public.ts makes any.
    const users = sourceFiles().filter(
      ({ file }) => !/^src\/(errors|openapi|api\/(?!trpc))/.test(file) || file === 'src/errors/public.ts',
    )
    const imports = users.flatMap(({ text }) => [...text.matchAll(/^import \{([^}]*)\} from '\.[^']*'$/gm)])
    const used = new Set(imports.flatMap(([, names = '']) => names.split(',').map((name) => name.trim())))
    const unused = Object.keys(catalogue).filter((name) => !used.has(name))
    expect(unused).toEqual([])
  })

  it('makes every error of the service: nothing else does', () => {
    const makers = sourceFiles().filter(({ text }) => /new (ServiceError|TRPCError)\(/.test(text))
    expect(makers.map(({ file }) => file)).toEqual(['src/errors/error.ts', 'src/errors/public.ts'])
  })

  it('has an example for every value that a text names', () => {
    for (const [name, each] of Object.entries(catalogue)) {
      expect(each.example().message, name).not.toMatch(/undefined|\[object|NaN/)
    }
  })
})
