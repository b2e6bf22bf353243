import type { z } from 'zod'

/**
 * What one field of a persona or of a project's settings is: its schema in answers, and in the inputs of create
 * and update where callers may give it there. Stored forms, types, client types and the document follow.
 */
export interface Field {
  answer: z.ZodType
  create?: z.ZodType
  update?: z.ZodType
  /** Whether its keys are the caller's: such a map may hold dots and dollars, and keeps its order. */
  isMap?: boolean
  /** Whether the history leaves it out. */
  isOutsideHistory?: boolean
  /** Whether `q` of a list looks in it: a text, or a list of texts. */
  isSearched?: boolean
  example?: unknown
}

/** What is said of a field in the document and the client's types. */
interface Words<Value> {
  about: string
  /** What answers add to that, and what inputs do. */
  inAnswers?: string
  inInputs?: string
  /** A pattern of inputs, for the document alone: the schema itself enforces it. */
  pattern?: string
  /** Its value in the document's examples; without one it is not in them. */
  example?: Value
}

/** The schema of a value in answers: looser than that of inputs, and of the same type. */
type ShownAs<Given extends z.ZodType> = z.ZodType<z.output<Given>, z.output<Given>>

/** A field that the service sets, and no caller. */
export function kept<Answer extends z.ZodType>(answer: Answer, example: z.output<Answer>) {
  return { answer, example }
}

/** A field that is always there: it is given on create, and can be changed but not cleared. */
export function required<Given extends z.ZodType>(
  given: Given,
  shown: ShownAs<Given>,
  { about, inAnswers = '', inInputs = '', example }: Words<z.output<Given>>,
) {
  const input = given.meta({ description: about + inInputs })
  return {
    answer: shown.meta({ description: about + inAnswers }),
    create: input,
    update: input.optional(),
    example,
  }
}

/** A text, number, boolean or list that may be absent. On create null counts as absent, on update it clears. */
export function optional<Given extends z.ZodType<string | number | boolean | string[]>>(
  given: Given,
  shown: ShownAs<Given>,
  words: Words<z.output<Given>>,
) {
  return clearable(given, shown, words)
}

/** A map with keys of the caller's that may be absent; cleared as `optional` fields are. */
export function optionalMap<Given extends z.ZodType<Record<string, string>>>(
  given: Given,
  shown: ShownAs<Given>,
  words: Words<z.output<Given>>,
) {
  return { ...clearable(given, shown, words), isMap: true as const }
}

/** The types of zod that hold one value, rather than several that are replaced together. */
const SINGLE = new Set(['string', 'number', 'boolean'])

/** A schema of values that may be absent, and are where they are given as null. */
type Absentable<Given extends z.ZodType> = z.ZodType<
  z.output<Given> | undefined,
  z.input<Given> | null | undefined
> & { _zod: { optin: 'optional' } }

function nullAsAbsent<Given extends z.ZodType>(given: Given): Absentable<Given> {
  // As a transform it would be a schema behind a schema, and V8 keeps what zod makes for those until it collects all
  // of the heap, and with it whatever hangs on it.
  const schema = given.nullish().overwrite((value) => value ?? undefined)
  // None of its values is null any more.
  return schema as unknown as Absentable<Given>
}

function clearable<Given extends z.ZodType>(
  given: Given,
  shown: ShownAs<Given>,
  { about, inAnswers = '', inInputs = '', example, ...json }: Words<z.output<Given>>,
) {
  const description = about + inInputs
  const isOne = SINGLE.has(shown.def.type)
  const clearing = isOne ? 'null removes it' : 'replaced whole, null removes them'
  return {
    answer: shown.optional().meta({ description: about + inAnswers }),
    create: nullAsAbsent(given).meta({ description, ...json }),
    update: given.nullish().meta({ description: `${description}; ${clearing}`, ...json }),
    example,
  }
}

/** A field that is ignored on create. */
export function notOnCreate<F extends Field>({ create: _, ...field }: F): Omit<F, 'create'> {
  return field
}

/** A field that the versions of the history do not hold. */
export function outsideHistory<F extends Field>(field: F): F & { isOutsideHistory: true } {
  return { ...field, isOutsideHistory: true }
}

/** A text, or a list of texts, in which `q` of a list looks. */
export function searched<F extends Field & { answer: z.ZodType<string | string[] | undefined> }>(field: F) {
  return { ...field, isSearched: true as const }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** A list or map that counts as absent on create, and clears on update, where it is empty. */
export function absentIfEmpty<Create extends z.ZodType, Update extends z.ZodType, F extends Field>(
  field: F & { create: Create; update: Update },
) {
  const { create, update, ...rest } = field
  return {
    ...rest,
    create: create.overwrite((value) => (isEmpty(value) ? undefined : value) as z.output<Create>),
    update: update
      .overwrite((value) => (isEmpty(value) ? null : value) as z.output<Update>)
      .meta({ description: `${update.description}, and so does an empty one` }),
  }
}

type Part = 'answer' | 'create' | 'update'

/** The schemas that fields have in one place; those that have none there are left out. */
export type Shape<Fields, In extends Part> = {
  [Name in keyof Fields as Fields[Name] extends Record<In, z.ZodType>
    ? Name
    : never]: Fields[Name] extends Record<In, infer Schema> ? Schema : never
}

/** The shape of answers, or of the input of create or update, for `z.object`. */
export function shapeOf<Fields extends Record<string, Field>, In extends Part>(
  fields: Fields,
  part: In,
): Shape<Fields, In> {
  const schemas = Object.entries(fields).map(([name, field]) => [name, field[part]])
  // The fields that the type keeps are those with a schema there.
  return Object.fromEntries(schemas.filter(([, schema]) => schema !== undefined)) as Shape<Fields, In>
}

/** An example of an answer or an input, from those of its fields. */
export function exampleOf(fields: Record<string, Field>, part: Part): Record<string, unknown> {
  const shown = Object.entries(fields).filter(([, field]) => field[part] !== undefined)
  return Object.fromEntries(
    shown.flatMap(([name, { example }]) => (example === undefined ? [] : [[name, example]])),
  )
}
