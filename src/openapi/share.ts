import { isDeepStrictEqual } from 'node:util'
import type { oas31 } from 'zod-openapi'
import { statusName } from './refusals.js'
import { simplifyParameter } from './simplify.js'

/** What path parameters are called as components. */
const PARAMETERS: Record<string, string> = { projectId: 'ProjectId', id: 'PersonaId', imageId: 'ImageId' }

/** Every operation of a document. */
export function operationsOf({ paths = {} }: oas31.OpenAPIObject): oas31.OperationObject[] {
  return Object.values(paths).flatMap(({ get, put, post, delete: remove }) =>
    [get, put, post, remove].filter((each) => each !== undefined),
  )
}

/** Simplifies parameters, and moves those of paths to components. */
export function shareParameters(operations: oas31.OperationObject[]): Record<string, oas31.ParameterObject> {
  const shared: Record<string, oas31.ParameterObject> = {}
  for (const operation of operations) {
    operation.parameters = operation.parameters?.map((declared) => {
      const parameter = simplifyParameter(declared)
      const name = 'in' in parameter && parameter.in === 'path' ? PARAMETERS[parameter.name] : undefined
      if (name === undefined || !('in' in parameter)) return parameter
      shared[name] = parameter
      return { $ref: `#/components/parameters/${name}` }
    })
    if (operation.parameters === undefined) delete operation.parameters
  }
  return shared
}

/** A refusal, and where it stands. */
interface Repeated {
  name: string
  response: oas31.ResponseObject
  places: { responses: oas31.ResponsesObject; status: string }[]
}

function repeated(operations: oas31.OperationObject[]): Repeated[] {
  const found: Repeated[] = []
  for (const { tags, responses = {} } of operations) {
    for (const [status, response] of Object.entries<oas31.ResponseObject>(responses)) {
      if (status < '400' || '$ref' in response) continue
      const name = `${tags?.[0]?.replace(/s$/, '')}${statusName(status)}`
      const alike = found.find((each) => each.name === name && isDeepStrictEqual(each.response, response))
      if (alike === undefined) found.push({ name, response, places: [{ responses, status }] })
      else alike.places.push({ responses, status })
    }
  }
  return found.filter(({ places }) => places.length > 1)
}

/** Moves refusals that several operations of a tag answer alike to components: `PersonaNotFound`. */
export function shareRefusals(operations: oas31.OperationObject[]): Record<string, oas31.ResponseObject> {
  const shared: Record<string, oas31.ResponseObject> = {}
  for (const { name, response, places } of repeated(operations)) {
    if (name in shared) continue
    shared[name] = response
    for (const { responses, status } of places) responses[status] = { $ref: `#/components/responses/${name}` }
  }
  return shared
}
