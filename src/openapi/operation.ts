import { STATUS_CODES } from 'node:http'
import type { oas31 } from 'zod-openapi'
import type { Operation } from '../api/operations.js'
import { procedureErrors } from './errors.js'
import { answers, inputs } from './examples.js'
import { header, requestHeader } from './headers.js'
import { isReference } from './simplify.js'

type AnySchema = oas31.SchemaObject | oas31.ReferenceObject
type Schemas = Record<string, AnySchema>

/** An example of what a schema describes, from the examples that stand with the schemas. */
function exampleOf(schema: AnySchema | undefined, schemas: Schemas): unknown {
  if (schema === undefined) return undefined
  if (isReference(schema)) {
    return exampleOf(schemas[schema.$ref.replace('#/components/schemas/', '')], schemas)
  }
  const { type, items, example } = schema
  return type === 'array' ? [exampleOf(items, schemas)] : example
}

/** The answer of success: the generator's schema, with the status and headers of the route. */
function success({ openapi, rest }: Operation, schema: AnySchema | undefined, schemas: Schemas) {
  const headers = {
    'X-Request-Id': header('X-Request-Id'),
    'Preference-Applied': header('Preference-Applied'),
    ...(rest.etag === true && { ETag: header('ETag') }),
    ...(rest.pages === true && { Link: header('Link'), 'X-Next-Cursor': header('X-Next-Cursor') }),
  }
  const description = openapi.successDescription ?? STATUS_CODES[rest.status] ?? 'Success'
  if (rest.status === 204) return { description, headers }
  const example = answers[openapi.operationId ?? ''] ?? exampleOf(schema, schemas)
  return { description, headers, content: { 'application/json': { ...(schema && { schema }), example } } }
}

/** Moves an input's schema to a component named by its title, and gives it examples. */
function nameBody(body: oas31.RequestBodyObject, { openapi, example }: Operation, schemas: Schemas) {
  const media = body.content['application/json']
  if (media?.schema === undefined || isReference(media.schema) || media.schema.title === undefined) {
    throw new Error(`${openapi.path} has an input without a title`)
  }
  const { title, properties = {}, ...schema } = media.schema
  // REST takes it from the header.
  const { ifMatch: _, ...fields } = properties
  schemas[title] = { ...schema, properties: fields, example }
  media.schema = { $ref: `#/components/schemas/${title}` }
  const more = inputs[openapi.operationId ?? '']
  if (more === undefined) media.example = example
  else media.examples = { usual: { summary: openapi.summary ?? '', value: example }, ...more }
}

function parametersOf(declared: oas31.OperationObject, { openapi, rest }: Operation) {
  const parameters = (declared.parameters ?? []).filter(
    (each) => !('name' in each && each.name === 'ifMatch'),
  )
  for (const each of parameters) if ('name' in each) each.name = rest.names?.[each.name] ?? each.name
  if (rest.ifMatch === true) parameters.push(requestHeader('IfMatch'))
  const isRead = rest.etag === true && openapi.method === 'GET'
  if (isRead) parameters.push(requestHeader('IfNoneMatch'))
  parameters.push(requestHeader('Prefer'))
  return { parameters, isRead }
}

/** Makes an operation of the generated document say what its route does. */
export function finish(declared: oas31.OperationObject, operation: Operation, schemas: Schemas): void {
  const { rest } = operation
  const generated: oas31.ResponseObject | undefined = declared.responses?.[200]
  if (declared.requestBody !== undefined && 'content' in declared.requestBody) {
    nameBody(declared.requestBody, operation, schemas)
  }
  const { parameters, isRead } = parametersOf(declared, operation)
  declared.parameters = parameters
  // The whole document has it.
  delete declared.security
  const schema = generated?.content?.['application/json']?.schema
  declared.responses = {
    [rest.status]: success(operation, schema, schemas),
    ...(isRead && {
      304: {
        description: 'The sender has the newest version',
        headers: { 'X-Request-Id': header('X-Request-Id'), ETag: header('ETag') },
      },
    }),
    ...procedureErrors(operation),
  }
}
