import { describe, expect, it } from 'vitest'
import { breakingChanges, type Document, mayBreak } from '../../scripts/openapi/breaking.js'
import { document } from './document.js'

const LIST = '/api/projects/{projectId}/personas'
const IMAGES = '/api/projects/{projectId}/images'

type Change = [what: string, change: (document: Document) => unknown, faults?: string[]]

function changed(change: Change[1]): Document {
  const copy = structuredClone(document)
  change(copy)
  return copy
}

const breaking: Change[] = [
  ['a path is gone', ({ paths }) => delete paths['/healthz'], ['GET /healthz is gone']],
  ['an operation is gone', ({ paths }) => delete paths[LIST].post, [`POST ${LIST} is gone`]],
  [
    'an operation has another id',
    ({ paths }) => (paths[LIST].get.operationId = 'all'),
    [`GET ${LIST} is called all now`],
  ],
  [
    'an open operation needs a key',
    ({ paths }) => (paths['/healthz'].get.security = [{ ApiKey: [] }]),
    ['GET /healthz needs a key now'],
  ],
  [
    'a parameter is gone',
    ({ paths }) => paths[LIST].get.parameters.splice(1, 1),
    [`GET ${LIST}: query limit is gone`],
  ],
  [
    'a parameter is required',
    ({ paths }) => (paths[LIST].get.parameters[1].required = true),
    [`GET ${LIST}: query limit is required now`],
  ],
  [
    'a new parameter is required',
    ({ paths }) => paths[LIST].get.parameters.push({ name: 'a', in: 'query', required: true, schema: {} }),
    [`GET ${LIST}: query a is required now`],
  ],
  [
    'a limit is narrowed',
    ({ paths }) => (paths[LIST].get.parameters[1].schema.maximum = 100),
    [`GET ${LIST}: query limit has a lower maximum`],
  ],
  [
    'a type of body is gone',
    ({ paths }) => delete paths[`${IMAGES}/file`].post.requestBody.content['image/webp'],
    [`POST ${IMAGES}/file: body: image/webp is gone`],
  ],
  [
    'a field is required',
    ({ components }) => components.schemas.CreatePersonaInput.required.push('description'),
    [`POST ${LIST}: body.description is required now`],
  ],
  [
    'a field is gone from a body',
    ({ components }) => delete components.schemas.CreatePersonaInput.properties.systemPrompt,
    [`POST ${LIST}: body.systemPrompt is gone`],
  ],
  [
    'null is no longer taken',
    ({ components }) => (components.schemas.CreatePersonaInput.properties.description.type = ['string']),
    [`POST ${LIST}: body.description is string, not null`],
  ],
  [
    'a pattern is new',
    ({ components }) => (components.schemas.CreatePersonaInput.properties.name.pattern = '^a'),
    [`POST ${LIST}: body.name has another pattern`],
  ],
  [
    'a sent value is no longer taken',
    ({ components }) => components.schemas.ImageRole.enum.pop(),
    [`POST ${IMAGES}/file: query role no longer takes "upload"`],
  ],
  [
    'a status of success is gone',
    ({ paths }) => {
      const { responses } = paths[LIST].post
      responses[200] = responses[201]
      delete responses[201]
    },
    [`POST ${LIST}: 201 is gone`],
  ],
  [
    'a header of an answer is gone',
    ({ paths }) => delete paths[LIST].get.responses[200].headers.Link,
    [`GET ${LIST}: 200: header Link is gone`],
  ],
  [
    'a field is gone from an answer',
    ({ components }) => delete components.schemas.ImageIds.properties.ids,
    [`GET ${IMAGES}: 200.ids is gone`],
  ],
  [
    'an answered field may be absent',
    ({ components }) => (components.schemas.ImageIds.required = []),
    [`GET ${IMAGES}: 200.ids may be absent now`],
  ],
  [
    'an answered field may be null',
    ({ components }) => (components.schemas.UploadedImage.properties.id.type = ['string', 'null']),
    [`POST ${IMAGES}: 201.id is null, not string`],
  ],
  [
    'an answered field has another type, deep within',
    ({ components }) => (components.schemas.LlmModels.properties.image.type = 'integer'),
    ['GET /api/projects/{projectId}/config: 200.llmSettings.models.image is integer, not string'],
  ],
  [
    'an answered item has another type',
    ({ components }) => (components.schemas.ImageIds.properties.ids.items.type = 'number'),
    [`GET ${IMAGES}: 200.ids[] is number, not string`],
  ],
  [
    'an answered value is new',
    ({ components }) => components.schemas.ErrorCode.enum.push('TEAPOT'),
    [`GET ${LIST}: 400.code may now be "TEAPOT"`],
  ],
]

const harmless: Change[] = [
  ['nothing', () => undefined],
  ['a path is new', ({ paths }) => (paths['/new'] = paths['/healthz'])],
  [
    'a parameter is new',
    ({ paths }) => paths[LIST].get.parameters.push({ name: 'a', in: 'query', schema: {} }),
  ],
  ['a limit is wider', ({ paths }) => (paths[LIST].get.parameters[1].schema.maximum = 1000)],
  ['a number need not be whole', ({ paths }) => (paths[LIST].get.parameters[1].schema.type = 'number')],
  [
    'a field may be sent',
    ({ components }) => (components.schemas.CreatePersonaInput.properties.a = { type: 'string' }),
  ],
  ['a field is answered', ({ components }) => (components.schemas.Persona.properties.a = { type: 'string' })],
  [
    'an answered field is always there',
    ({ components }) => components.schemas.Persona.required.push('headers'),
  ],
  [
    'an error response is new',
    ({ paths }) => (paths[LIST].get.responses[418] = paths[LIST].get.responses[400]),
  ],
  ['an error response is gone', ({ paths }) => delete paths[LIST].get.responses[500]],
  ['texts are others', ({ paths }) => (paths[LIST].get.description = 'Others.')],
  [
    'a schema has another name',
    (whole) => {
      Object.assign(
        whole,
        JSON.parse(JSON.stringify(whole).replaceAll('/schemas/ApiError', '/schemas/Problem')),
      )
      whole.components.schemas.Problem = whole.components.schemas.ApiError
      delete whole.components.schemas.ApiError
    },
  ],
  ['a new schema is named', ({ components }) => (components.schemas.New = { type: 'string' })],
  [
    'a schema stands in its place',
    ({ components }) =>
      (components.schemas.ProjectConfig.properties.llmSettings = components.schemas.LlmSettings),
  ],
]

describe('what breaks callers is found', () => {
  it.each(breaking)('%s', (_, change, faults) => {
    expect(breakingChanges(document, changed(change))).toEqual(expect.arrayContaining(faults ?? []))
  })
})

describe('what does not is passed', () => {
  it.each(harmless)('%s', (_, change) => {
    expect(breakingChanges(document, changed(change))).toEqual([])
  })
})

describe('a version', () => {
  it.each([
    ['1.2.3', '2.0.0'],
    ['0.1.0', '0.2.0'],
    ['0.1.9', '1.0.0'],
    ['0.0.1', '0.0.2'],
    ['1.0.0', '2.0.0-rc.1'],
  ])('%s may break in %s', (before, after) => expect(mayBreak(before, after)).toBe(true))

  it.each([
    ['1.2.3', '1.2.3'],
    ['1.2.3', '1.3.0'],
    ['0.1.0', '0.1.1'],
    ['2.0.0', '1.0.0'],
    ['0.2.0', '0.1.0'],
  ])('%s may not break in %s', (before, after) => expect(mayBreak(before, after)).toBe(false))
})
