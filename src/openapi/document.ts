import { generateOpenApiDocument } from 'trpc-to-openapi'
import type { oas31 } from 'zod-openapi'
import { operations } from '../api/operations.js'
import { appRouter } from '../api/router.js'
import { restError } from '../http/errors.js'
import { openAiError } from '../http/openai-errors.js'
import { version } from '../version.js'
import { requestHeaders, responseHeaders } from './headers.js'
import { finish } from './operation.js'
import { otherPaths } from './paths.js'
import { operationsOf, shareErrors, shareParameters } from './share.js'
import { simplify } from './simplify.js'

type Document = oas31.OpenAPIObject

const DESCRIPTION = `Simulated users for tests of chatbots and agents: each has a name, a system prompt, HTTP headers and a portrait.
Answers may gain fields: ignore those you do not know. The same operations are a typed tRPC API at \`/trpc\`.`

const tags = [
  { name: 'Personas', description: 'Simulated users, and their portraits' },
  {
    name: 'Projects',
    description:
      'What personas belong to, and the LLM provider settings. A project exists as soon as something is stored under ' +
      'its id: choose one, and begin with its personas',
  },
  { name: 'Images', description: 'Portraits, style references and uploads' },
  {
    name: 'Personas as models',
    description: 'OpenAI’s chat API, in its own forms: a persona is a model for any client that speaks it',
  },
  { name: 'Service', description: 'Whether the service is up, and what it does' },
]

/** A key, or none where the service has none set. */
const access: oas31.SecurityRequirementObject[] = [{ ApiKey: [] }, {}]

function generate(): Document {
  // The generator's type is openapi3-ts', of the same specification.
  return generateOpenApiDocument(appRouter, {
    title: 'Personas API',
    version,
    description: DESCRIPTION,
    openApiVersion: '3.1.0',
    baseUrl: '/',
    contact: { name: 'The Personas API authors' },
    license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    securitySchemes: {
      ApiKey: {
        type: 'http',
        scheme: 'bearer',
        description:
          'One of the service’s keys, where it has any set; where it has none, as on a developer’s machine, send nothing',
      },
    },
    defs: { ApiError: restError, OpenAiError: openAiError },
    paths: otherPaths(access),
  } as Parameters<typeof generateOpenApiDocument>[1]) as unknown as Document
}

/** The OpenAPI 3.1 document: trpc-to-openapi's, made true to what the routes do. */
export function buildDocument(): Document {
  const { components = {}, ...document } = generate()
  // The generator's own error schemas forbid what real error bodies hold; none is used any more.
  const schemas = Object.fromEntries(
    Object.entries(components.schemas ?? {}).filter(([name]) => !name.startsWith('error.')),
  )
  for (const operation of operations()) {
    const { method, path } = operation.openapi
    // PATCH is in no declaration.
    const declared = document.paths?.[path]?.[method.toLowerCase() as 'get' | 'put' | 'post' | 'delete']
    if (declared === undefined) throw new Error(`${operation.path} is not in the document`)
    finish(declared, operation, schemas)
  }
  for (const schema of Object.values(schemas)) simplify(schema)
  const all = operationsOf(document)
  return {
    ...document,
    security: access,
    tags,
    components: {
      ...components,
      schemas,
      responses: shareErrors(all),
      parameters: { ...shareParameters(all), ...requestHeaders },
      headers: responseHeaders,
    },
  }
}
