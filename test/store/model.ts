import { isDeepStrictEqual } from 'node:util'
import type { PersonaChange } from '../../src/personas/change.js'
import type { Persona } from '../../src/personas/schema.js'
import type { PersonaVersion } from '../../src/personas/versions.js'
import type { StoredImage } from '../../src/store/store.js'

/** Versions that the stores of these tests keep of a persona. */
export const KEPT = 3

/** A change of a store. Personas and images are named by the order in which a run made them. */
export type Command =
  | { kind: 'create'; project: string; persona: { id: string; name: string; description?: string } }
  | ({ kind: 'update'; project: string; id: string; change: PersonaChange } & UpdateOptions)
  | { kind: 'delete'; project: string; id: string; ifMatch?: string[] | undefined }
  | { kind: 'portrait'; project: string; id: string; image: StoredImage }
  | { kind: 'upload'; project: string; image: StoredImage }
  | { kind: 'deleteImage'; project: string; id: string }
  | { kind: 'register'; project: string; name: string }
  | { kind: 'deleteProject'; project: string }

interface UpdateOptions {
  ifMatch?: string[] | undefined
  /** Of a revert: the change has the content of that version. */
  revertedFrom?: number | undefined
}

/** A version, as the list shows it and as it was. */
export interface Version {
  entry: PersonaVersion
  content: Omit<Persona, 'imageUrl'>
}

interface ProjectState {
  /** In order of creation. */
  personas: Persona[]
  /** The versions of each persona by its id, newest first, the current one included. */
  versions: Readonly<Record<string, readonly Version[]>>
  images: StoredImage[]
  /** Of the settings; a project without is not registered. */
  name?: string
}

/** What a store holds: the simplest thing that keeps its promises. */
export type State = Readonly<Record<string, ProjectState>>

/** What a command returns beside its effect. */
export interface Step {
  state: State
  result: unknown
}

export const NOTHING: ProjectState = { personas: [], versions: {}, images: [] }

function isStale(persona: Persona, ifMatch: readonly string[] | undefined): boolean {
  return ifMatch !== undefined && !ifMatch.includes(persona.updatedAt)
}

function changed(persona: Persona, change: PersonaChange, now: number): Persona {
  const next = { ...persona }
  for (const [field, value] of Object.entries(change)) {
    if (value === null) Reflect.deleteProperty(next, field)
    else if (value !== undefined) Object.assign(next, { [field]: value })
  }
  const isSame = JSON.stringify(sorted(next)) === JSON.stringify(sorted(persona))
  return isSame ? persona : { ...next, version: persona.version + 1, updatedAt: laterThan(persona, now) }
}

function sorted(persona: Persona) {
  return Object.entries(persona).sort(([a], [b]) => (a < b ? -1 : 1))
}

function laterThan(persona: Persona, now: number): string {
  return new Date(Math.max(now, Date.parse(persona.updatedAt) + 1)).toISOString()
}

/** The images that stay when a persona no longer shows `id`. */
function imagesWithout(project: ProjectState, id: string | undefined): StoredImage[] {
  if (id === undefined || project.personas.some(({ imageUrl }) => imageUrl === id)) return project.images
  return project.images.filter((image) => image.id !== id || image.role !== 'persona-avatar')
}

const FIELDS = ['name', 'description', 'imageUrl', 'tags'] as const

function versionOf(before: Persona | undefined, after: Persona, revertedFrom?: number): Version {
  const { imageUrl: _, ...content } = after
  const names =
    before === undefined ? [] : FIELDS.filter((name) => !isDeepStrictEqual(before[name], after[name]))
  const { version, updatedAt } = after
  const entry = { version, updatedAt, changed: [...names] }
  return { content, entry: revertedFrom === undefined ? entry : { ...entry, revertedFrom } }
}

/** A project in which a persona was replaced by another, or by nothing. */
function replaced(
  project: ProjectState,
  before: Persona,
  after: Persona | undefined,
  revertedFrom?: number,
): ProjectState {
  const personas = project.personas.flatMap((each) => (each !== before ? [each] : after ? [after] : []))
  const { [before.id]: older = [], ...others } = project.versions
  const versions = after
    ? { ...others, [after.id]: [versionOf(before, after, revertedFrom), ...older].slice(0, KEPT) }
    : others
  const next = { ...project, personas, versions }
  return before.imageUrl === after?.imageUrl
    ? next
    : { ...next, images: imagesWithout(next, before.imageUrl) }
}

/** What a command does to a state. */
export function apply(state: State, command: Command, now: number): Step {
  const project = state[command.project] ?? NOTHING
  const to = (next: ProjectState, result: unknown): Step => ({
    state: { ...state, [command.project]: next },
    result,
  })
  const stays = (result: unknown): Step => ({ state, result })
  const isTaken = (name: string | undefined, but?: Persona) =>
    project.personas.some((each) => each !== but && each.name === name)
  const persona = 'id' in command ? project.personas.find(({ id }) => id === command.id) : undefined

  switch (command.kind) {
    case 'create': {
      if (isTaken(command.persona.name)) return stays('name-taken')
      const at = new Date(now).toISOString()
      const made: Persona = { ...command.persona, version: 1, createdAt: at, updatedAt: at }
      const versions = { ...project.versions, [made.id]: [versionOf(undefined, made)] }
      return to({ ...project, personas: [...project.personas, made], versions }, made)
    }
    case 'update': {
      if (persona === undefined) return stays('missing')
      if (isStale(persona, command.ifMatch)) return stays('stale')
      const after = changed(persona, command.change, now)
      if (after === persona) return stays(persona)
      if (isTaken(command.change.name, persona)) return stays('name-taken')
      return to(replaced(project, persona, after, command.revertedFrom), after)
    }
    case 'delete':
      if (persona === undefined) return stays('missing')
      if (isStale(persona, command.ifMatch)) return stays('stale')
      return to(replaced(project, persona, undefined), 'deleted')
    case 'portrait': {
      if (persona === undefined) return stays('missing')
      const after = changed(persona, { imageUrl: command.image.id }, now)
      const withImage = { ...project, images: [...project.images, command.image] }
      return to(replaced(withImage, persona, after), after)
    }
    case 'upload':
      return to({ ...project, images: [...project.images, command.image] }, undefined)
    case 'deleteImage': {
      const images = project.images.filter(({ id }) => id !== command.id)
      return to({ ...project, images }, images.length < project.images.length)
    }
    case 'register':
      return to({ ...project, name: command.name }, { id: command.project, name: command.name })
    case 'deleteProject': {
      const { personas, images, name } = project
      return to(NOTHING, personas.length > 0 || images.length > 0 || name !== undefined)
    }
  }
}

/** The states that a command may have left that failed in a way nobody can know the outcome of. */
export function possible(state: State, command: Command, now: number): State[] {
  const { state: after } = apply(state, command, now)
  const project = state[command.project]
  if (command.kind !== 'deleteProject' || project === undefined) return [state, after]
  // It works in steps.
  const withoutPersonas = { ...project, personas: [], versions: {} }
  const withoutImages = { ...withoutPersonas, images: [] }
  return [
    state,
    { ...state, [command.project]: withoutPersonas },
    { ...state, [command.project]: withoutImages },
    after,
  ]
}
