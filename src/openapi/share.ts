import { STATUS_CODES } from 'node:http'
import type { oas31 } from 'zod-openapi'
import { COMMON, capitalized, ERRORS, otherErrors, PREFIX } from './errors.js'
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

interface Place {
  operationId: string
  responses: oas31.ResponsesObject
  status: string
  response: oas31.ResponseObject
}

/** Where each error response stands, those together that are of the same status and errors. */
function errorPlaces(operations: readonly oas31.OperationObject[]): Place[][] {
  const places = new Map<string, Place[]>()
  for (const { operationId = '', responses = {} } of operations) {
    for (const [status, response] of Object.entries<oas31.ResponseObject>(responses)) {
      if (response[ERRORS] === undefined) continue
      const key = [status, response[PREFIX], response[ERRORS], response.description].join(' ')
      places.set(key, [...(places.get(key) ?? []), { operationId, responses, status, response }])
    }
  }
  return [...places.values()]
}

/**
 * Moves the error responses of operations to components, which those share that return the same errors. A
 * component is called by its error; where it has several, by its status if any operation returns them, by the
 * first if several operations do, and else by its one operation.
 */
export function shareErrors(
  operations: readonly oas31.OperationObject[],
): Record<string, oas31.ResponseObject> {
  const shared: Record<string, oas31.ResponseObject> = { ...otherErrors }
  for (const places of errorPlaces(operations)) {
    const [place, ...more] = places
    if (place === undefined) continue
    const { [ERRORS]: names, [PREFIX]: prefix, ...response } = place.response
    const [first, ...others]: string[] = names
    const ofStatus = (STATUS_CODES[place.status] ?? '').replaceAll(/[^A-Za-z]/g, '')
    const own = `${capitalized(place.operationId)}${ofStatus}`
    const isCommon = others.length > 0 && first !== undefined && COMMON.has(first)
    const wanted = isCommon ? ofStatus : others.length === 0 || more.length > 0 ? first : own
    const name = [`${prefix}${wanted}`, own].find((each) => !(each in shared))
    if (name === undefined) throw new Error(`${own} is the name of two responses`)
    shared[name] = response
    for (const { responses, status } of places) responses[status] = { $ref: `#/components/responses/${name}` }
  }
  return shared
}
