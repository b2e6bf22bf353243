import { describe, expect, it } from 'vitest'
import { operations } from '../../src/api/operations.js'
import { type Declared, declared, document, examplesOf, faults, type Part, resolve } from './document.js'

/** Every part of the document that has examples beside a schema, by where it is. */
function exemplified(part: any, at: string): [at: string, part: Part][] {
  if (typeof part !== 'object' || part === null) return []
  const own: [string, Part][] = 'schema' in part && examplesOf(part).length > 0 ? [[at, part]] : []
  const within = Object.entries(part).flatMap(([key, value]) =>
    key === 'example' || key === 'examples' ? [] : exemplified(value, `${at}/${key}`),
  )
  return [...own, ...within]
}

function bodiesOf({ operation }: Declared): Part[] {
  const responses = Object.values<Part>(operation.responses).map((each) => resolve(each).content ?? {})
  return [operation.requestBody?.content ?? {}, ...responses].flatMap((content) =>
    Object.entries<Part>(content).flatMap(([type, media]) => (type === 'application/json' ? [media] : [])),
  )
}

describe('every operation', () => {
  it('that a procedure declares is there, with its status of success', () => {
    for (const { openapi, rest } of operations()) {
      const found = document.paths[openapi.path]?.[openapi.method.toLowerCase()]
      expect(Object.keys(found.responses)).toContain(String(rest.status))
    }
  })

  it('has an id of its own', () => {
    expect(new Set(declared.map(({ id }) => id)).size).toBe(declared.length)
  })

  it.each(declared)('$id says what it does, and shows every body', (each) => {
    const { operation } = each
    expect(operation).toMatchObject({
      summary: expect.stringMatching(/\S/),
      description: expect.stringMatching(/\.$/),
    })
    expect(operation.operationId).toMatch(/^[a-z]+([A-Z][a-z]+)+$/)
    expect(document.tags.map(({ name }: Part) => name)).toEqual(expect.arrayContaining(operation.tags))
    for (const media of bodiesOf(each)) expect(examplesOf(media)).not.toEqual([])
  })

  it.each(declared)(
    '$id returns the one schema of errors of its API, also where no status is declared',
    ({ path, operation }) => {
      const schema = path.includes('/openai/v1/') ? 'OpenAiError' : 'ApiError'
      expect(operation.responses).toHaveProperty('default')
      for (const [status, response] of Object.entries<Part>(operation.responses)) {
        if (status < '400') continue
        expect(resolve(response).content['application/json'].schema).toEqual({
          $ref: `#/components/schemas/${schema}`,
        })
      }
    },
  )
})

describe('every example', () => {
  it.each(exemplified(document, ''))('%s is of its schema', (_, part) => {
    for (const example of examplesOf(part)) expect(faults(example, part.schema)).toEqual([])
  })

  it.each(Object.entries<Part>(document.components.schemas))('of %s is one', (_, schema) => {
    for (const example of schema.examples ?? []) expect(faults(example, schema)).toEqual([])
  })
})

it('leaves objects open, so that a field that comes later is no breaking change', () => {
  expect(JSON.stringify(document)).not.toContain('"additionalProperties":false')
})

it('has no component that nothing refers to', () => {
  const text = JSON.stringify(document)
  const names = Object.entries<Part>(document.components).flatMap(([kind, parts]) =>
    Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
  )
  const unused = names.filter((name) => !text.includes(`"${name}"`))
  expect(unused).toEqual(['#/components/securitySchemes/ApiKey'])
})
