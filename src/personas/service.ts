import { randomUUID } from 'node:crypto'
import {
  ambiguousId,
  badCursor,
  nameTaken,
  needsLimit,
  personaNotFound,
  stale,
  versionNotFound,
} from '../errors/personas.js'
import { jsonPage, LIST_BYTES, type ListBudget, PAGE_BYTES, wholeList } from '../lists.js'
import type { JsonPage, Store } from '../store/store.js'
import { type PersonaChange, revertTo } from './change.js'
import { type Headers, mergeHeaders } from './headers.js'
import {
  type CreatePersonaInput,
  type DeletePersonaInput,
  type ListPersonasInput,
  type ListTagsInput,
  MAX_LIST,
  type MergeHeadersInput,
  type Persona,
  type PersonaInput,
  type UpdatePersonaInput,
} from './schema.js'
import { countTags, queryOf } from './search.js'
import {
  type GetPersonaInput,
  type ListVersionsInput,
  MAX_VERSIONS_KEPT,
  type RevertPersonaInput,
  versionCursor,
  versionOfCursor,
} from './versions.js'

const UUID_LENGTH = 36
const MIN_PREFIX = 8

function ifMatchList(ifMatch: string | string[] | undefined): string[] | undefined {
  return typeof ifMatch === 'string' ? [ifMatch] : ifMatch
}

/** A change of the persona of a full id. */
type Changing = Pick<UpdatePersonaInput, 'projectId' | 'id' | 'ifMatch'> & { revertedFrom?: number }

/** The rules of personas. Inputs have passed their schemas. */
export class PersonaService {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * A page of the project's personas that the filters leave, in the order of `sort`: up to `limit`, and 16 MiB of
   * JSON. Without `limit` up to 10,000, and 64 MiB.
   * @throws ServiceError BAD_REQUEST for a cursor that is not of this list, and for a list of more than 64 MiB.
   */
  async page(input: ListPersonasInput, budget: ListBudget): Promise<JsonPage> {
    const { projectId, limit, cursor, ...filters } = input
    const request = { limit: limit ?? MAX_LIST, cursor, query: queryOf(filters) }
    const list = await budget.read(
      limit === undefined ? LIST_BYTES : PAGE_BYTES,
      async (maxBytes, signal) => {
        const page = await this.#store.listPersonas(projectId, { ...request, maxBytes, signal })
        if (page === 'bad-cursor') throw badCursor()
        return page
      },
    )
    if (limit === undefined && list.endsEarly) throw needsLimit()
    return list
  }

  /** The tags of the project's personas, the most used first. Of more than 10,000 spellings, the most used ones count. */
  async tags({ projectId }: ListTagsInput, budget: ListBudget): Promise<JsonPage> {
    return wholeList(budget, async () => jsonPage(countTags(await this.#store.listTagSpellings(projectId))))
  }

  /** @throws ServiceError CONFLICT when the project has a persona of that name. */
  async create(input: CreatePersonaInput): Promise<Persona> {
    const { projectId, name } = input
    const created = await this.#store.insertPersona(projectId, { id: randomUUID(), ...input }, Date.now())
    if (created === 'name-taken') throw nameTaken({ name })
    return created
  }

  /**
   * A persona, or what the history holds of a version of it.
   * @throws ServiceError NOT_FOUND of the persona or the version; BAD_REQUEST for an ambiguous prefix of an id.
   */
  async get({ projectId, id, version }: GetPersonaInput): Promise<Persona> {
    const fullId = await this.resolveId({ projectId, id })
    if (version !== undefined) return this.#version(projectId, fullId, version)
    const persona = await this.#store.findPersona(projectId, fullId)
    if (persona === null) throw personaNotFound()
    return persona
  }

  /** @throws ServiceError NOT_FOUND, CONFLICT, PRECONDITION_FAILED; BAD_REQUEST for an ambiguous prefix. */
  async update({ projectId, id, ifMatch, ...change }: UpdatePersonaInput): Promise<Persona> {
    return this.#change({ projectId, id: await this.resolveId({ projectId, id }), ifMatch }, change)
  }

  /**
   * Gives a persona the content of a version of its history again; its `imageUrl` stays. Nothing changes where it
   * has that content.
   * @throws ServiceError NOT_FOUND, CONFLICT, PRECONDITION_FAILED; BAD_REQUEST for an ambiguous prefix.
   */
  async revert({ projectId, id, version, ifMatch }: RevertPersonaInput): Promise<Persona> {
    const fullId = await this.resolveId({ projectId, id })
    // What a version holds never changes: whatever comes in between, this is what it comes to.
    const content = await this.#version(projectId, fullId, version)
    return this.#change({ projectId, id: fullId, ifMatch, revertedFrom: version }, revertTo(content))
  }

  /**
   * A page of the persona's versions, newest first: up to `limit`, or all that are kept.
   * @throws ServiceError NOT_FOUND; BAD_REQUEST for a cursor that is none, and for an ambiguous prefix.
   */
  async versions({ limit, cursor, ...persona }: ListVersionsInput, budget: ListBudget): Promise<JsonPage> {
    const id = await this.resolveId(persona)
    const before = cursor === undefined ? undefined : versionOfCursor(id, cursor)
    if (cursor !== undefined && before === undefined) throw badCursor()
    const most = limit ?? MAX_VERSIONS_KEPT
    return budget.read(PAGE_BYTES, async () => {
      // One more than are shown, to know whether there is a next page.
      const found = await this.#store.listVersions(persona.projectId, id, { limit: most + 1, before })
      if (found === 'missing') throw personaNotFound()
      const shown = found.slice(0, most)
      const page = jsonPage(shown)
      const last = found.length > most ? shown.at(-1) : undefined
      return last === undefined ? page : { ...page, nextCursor: versionCursor(id, last.version) }
    })
  }

  /** @throws ServiceError NOT_FOUND, PRECONDITION_FAILED; BAD_REQUEST for an ambiguous prefix. */
  async delete({ projectId, id, ifMatch }: DeletePersonaInput): Promise<void> {
    const fullId = await this.resolveId({ projectId, id })
    const outcome = await this.#store.deletePersona(projectId, fullId, ifMatchList(ifMatch))
    if (outcome === 'missing') throw personaNotFound()
    if (outcome === 'stale') throw stale()
  }

  /** The connector's headers with the persona's merged over them; see `mergeHeaders`. */
  async mergeHeaders({ headers, ...persona }: MergeHeadersInput): Promise<{ headers: Headers }> {
    const { headers: own } = await this.get(persona)
    return { headers: mergeHeaders(headers, own) }
  }

  async #version(projectId: string, id: string, version: number): Promise<Persona> {
    const found = await this.#store.findVersion(projectId, id, version)
    if (found === 'missing') throw personaNotFound()
    if (found === 'no-version') throw versionNotFound()
    return found
  }

  async #change({ projectId, id, ifMatch, revertedFrom }: Changing, change: PersonaChange): Promise<Persona> {
    const changed = await this.#store.updatePersona(projectId, id, {
      ...change,
      now: Date.now(),
      ifMatch: ifMatchList(ifMatch),
      revertedFrom,
    })
    if (changed === 'missing') throw personaNotFound()
    if (changed === 'stale') throw stale()
    if (changed === 'name-taken') throw nameTaken({ name: change.name })
    return changed
  }

  /**
   * The full id behind an id or an unambiguous prefix of at least 8 characters. A full id is not looked up.
   * @throws ServiceError NOT_FOUND, or BAD_REQUEST with the count for an ambiguous prefix.
   */
  async resolveId({ projectId, id }: PersonaInput): Promise<string> {
    // UUIDs are written in lower case and read in any (RFC 9562 §4). Nothing else can be an id here.
    if (id.length < MIN_PREFIX || id.length > UUID_LENGTH || !/^[0-9a-f-]+$/i.test(id)) {
      throw personaNotFound()
    }
    const given = id.toLowerCase()
    if (given.length === UUID_LENGTH) return given
    const { count, id: fullId } = await this.#store.matchPersonaId(projectId, given)
    if (count > 1) throw ambiguousId({ id: given, count })
    if (fullId === undefined) throw personaNotFound()
    return fullId
  }
}
