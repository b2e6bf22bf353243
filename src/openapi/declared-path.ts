import { z } from 'zod'
import type {
  oas31,
  ZodOpenApiContentObject,
  ZodOpenApiPathsObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi'
import { isOpenAiPath } from '../http/openai-errors.js'
import { procedureErrors } from './errors.js'
import { header, requestHeader } from './headers.js'

// zod-openapi's type knows statuses as literals; these are made from numbers.
export const statuses = (responses: oas31.ResponsesObject) => responses as ZodOpenApiResponsesObject

type Declared = Parameters<typeof procedureErrors>[0]

/** What the bodies of an operation hold, which its declaration does not say. */
interface Bodies {
  request?: ZodOpenApiContentObject
  success: ZodOpenApiContentObject
  /** Headers of a success. */
  headers?: Record<string, oas31.ReferenceObject>
}

/** A part of the document for an operation that no procedure declares. */
export function declaredPath(
  declared: Declared,
  { request, success, headers }: Bodies,
): ZodOpenApiPathsObject {
  const { openapi, rest, fields } = declared
  const { method, path, operationId, summary, description, successDescription, tags } = openapi
  const given = Object.entries(fields)
  const inPath = given.filter(([name]) => path.includes(`{${name}}`))
  const inQuery = given.filter(([name]) => !path.includes(`{${name}}`))
  const operation = {
    operationId,
    tags: [...(tags ?? [])],
    summary,
    description,
    requestParams: {
      path: z.object(Object.fromEntries(inPath)),
      query: z.object(
        Object.fromEntries(inQuery.map(([name, field]) => [rest.names?.[name] ?? name, field])),
      ),
    },
    // OpenAI's API ignores what it does not know, whatever is preferred.
    ...(!isOpenAiPath(path) && { parameters: [requestHeader('Prefer')] }),
    ...(request !== undefined && { requestBody: { required: true, content: request } }),
    responses: {
      [rest.status]: {
        description: successDescription ?? '',
        headers: { 'X-Request-Id': header('X-Request-Id'), ...headers },
        content: success,
      },
      ...statuses(procedureErrors(declared)),
    },
  }
  // Its type has statuses and methods as literals; those of the declarations are of these.
  return { [path]: { [method.toLowerCase()]: operation } } as ZodOpenApiPathsObject
}

/** A body in JSON, with the schema's example. */
export function jsonOf(schema: z.ZodType): ZodOpenApiContentObject {
  return { 'application/json': { schema, example: schema.meta()?.example } }
}
