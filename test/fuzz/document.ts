import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** A JSON Schema, or any other object of the document. */
export type Schema = Record<string, any>

/** One operation of the document. */
export interface Operation {
  id: string
  method: string
  /** The path's template, `/api/projects/{projectId}`. */
  path: string
  parameters: { name: string; in: string; schema: Schema }[]
  /** Schemas of the body by media type. */
  body: Record<string, Schema>
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options']

/** The OpenAPI document as a fuzzer needs it: operations, and validators of what it describes. */
export class ApiDocument {
  readonly operations: Operation[] = []
  readonly #root: Schema
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false })
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(file: URL) {
    this.#root = JSON.parse(readFileSync(file, 'utf8'))
    formats.default(this.#ajv)
    this.#ajv.addSchema({ $id: 'openapi', ...this.#root })
    for (const [path, item] of Object.entries<Schema>(this.#root.paths)) {
      for (const method of METHODS.filter((each) => each in item)) {
        this.operations.push(this.#operation(path, method, item))
      }
    }
  }

  #operation(path: string, method: string, item: Schema): Operation {
    const declared = item[method]
    const parameters = [...(item.parameters ?? []), ...(declared.parameters ?? [])].map((each) =>
      this.resolve(each),
    )
    const content = Object.entries<Schema>(this.resolve(declared.requestBody ?? {}).content ?? {})
    const responses = Object.entries<Schema>(declared.responses).map(
      ([status, response]) => [status, this.resolve(response)] as const,
    )
    return {
      id: declared.operationId,
      method: method.toUpperCase(),
      path,
      // OpenAPI says what a parameter is made of.
      parameters: parameters as Operation['parameters'],
      body: Object.fromEntries(content.map(([type, media]) => [type, media.schema ?? {}])),
      responses: Object.fromEntries(responses),
    }
  }

  /** What a `$ref` stands for; other objects are themselves. */
  resolve(object: Schema): Schema {
    if (typeof object.$ref !== 'string') return object
    const steps = object.$ref.slice(2).split('/')
    return steps.reduce(
      (found: Schema, step) => found[step.replaceAll('~1', '/').replaceAll('~0', '~')],
      this.#root,
    )
  }

  /** The operation of a method and a path as it was sent, and whether the path is one of the document at all. */
  find(method: string, target: string): { operation?: Operation; isKnownPath: boolean } {
    const segments = segmentsOf(target)
    const fitting = this.operations.filter(({ path }) => fits(segmentsOf(path), segments))
    // A path of its own comes before one that has it as a parameter (OpenAPI 3.1, "Path Templating Matching").
    const parameters = ({ path }: Operation) => path.split('{').length
    const fewest = Math.min(...fitting.map(parameters))
    const found = fitting.filter((each) => parameters(each) === fewest)
    const wanted = method === 'HEAD' ? 'GET' : method
    const operation = found.find((each) => each.method === wanted)
    return { isKnownPath: found.length > 0, ...(operation && { operation }) }
  }

  /** Names what is wrong with a value by a schema of the document, or by one made of its parts. */
  fault(value: unknown, schema: Schema): string | undefined {
    const key = JSON.stringify(schema)
    // References within point into the document.
    const validate =
      this.#validators.get(key) ?? this.#ajv.compile(JSON.parse(key.replaceAll('"#/', '"openapi#/')))
    this.#validators.set(key, validate)
    if (validate(value)) return undefined
    const [error] = validate.errors ?? []
    return `${error?.instancePath || 'the whole'} ${error?.message} ${JSON.stringify(error?.params)}`
  }
}

function segmentsOf(target: string): string[] {
  const path = target.split('?', 1)[0] ?? ''
  return path.replace(/(?<=.)\/$/, '').split('/')
}

function fits(template: string[], segments: string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((step, at) => (step.startsWith('{') ? segments[at] !== '' : step === segments[at]))
  )
}
