import type { oas31 } from 'zod-openapi'
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
