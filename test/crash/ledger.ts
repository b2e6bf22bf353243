/** A persona as the service answers it. */
export interface Persona {
  id: string
  name: string
  description?: string
  systemPrompt?: string
  imageUrl?: string
  headers?: Record<string, string>
  tags?: string[]
  metadata?: Record<string, string>
  version: number
  createdAt: string
  updatedAt: string
}

/** A project's settings as the service answers them. */
export interface Config {
  name: string
  llmSettings?: { provider: string; apiKey: string; models?: { image?: string } }
}

/** A write that was sent and not answered. */
export interface Doubt<T> {
  kind: string
  /** Whether the state is the one that the write leaves, whole. */
  isDone(state: T): boolean
}

/** One thing that one writer writes: its state as acknowledged, and the write that is under way. */
export interface Cell<T> {
  project: string
  state: T
  doubt?: Doubt<T> | undefined
}

export interface PersonaCell extends Cell<Persona | undefined> {
  /** The name it was created with, by which it is found while its id is not known. */
  name: string
  /** The versions that were acknowledged or found, by number: none of them ever changes. */
  versions: Map<number, Persona>
}

/** Takes over what a persona is: as it was acknowledged, or as it was found. */
export function setState(cell: PersonaCell, state: Persona | undefined): void {
  cell.state = state
  if (state !== undefined) cell.versions.set(state.version, state)
}

export interface ImageCell extends Cell<string | undefined> {
  /** SHA-256 of its pixels. */
  pixels: string
}

/** A project that is filled and then deleted as a whole. */
export interface WholeProject {
  project: string
  /** Names of the personas that were acknowledged. */
  personas: string[]
  images: number
  stage: 'filling' | 'full' | 'deleting' | 'deleted'
}

/** A name that several callers want at once. */
export interface ContestedName {
  project: string
  name: string
  /** Ids of the personas that a 201 gave it. */
  winners: string[]
}

/** A row of a file, with all of its fields. */
export type ImportedRow = Pick<Persona, 'name' | 'description' | 'systemPrompt' | 'tags' | 'metadata'>

/** A project that files are imported into, one after another. */
export interface ImportCell {
  project: string
  /** What was acknowledged of it, by name. */
  rows: Map<string, ImportedRow>
  /** The file whose import was not answered. */
  doubt?: ImportedRow[] | undefined
}

/** What the service acknowledged, and what it was asked and did not answer. */
export class Ledger {
  personas: PersonaCell[] = []
  images: ImageCell[] = []
  readonly configs: Cell<Config>[] = []
  wholes: WholeProject[] = []
  imports: ImportCell[] = []
  importsSent = 0
  readonly contested: ContestedName[] = []
  readonly acknowledged: Record<string, number> = {}
  readonly inDoubt: Record<string, { done: number; undone: number }> = {}
  readonly violations: string[] = []
  checks = 0

  acknowledge(kind: string): void {
    this.acknowledged[kind] = (this.acknowledged[kind] ?? 0) + 1
  }

  settled(kind: string, outcome: 'done' | 'undone'): void {
    this.inDoubt[kind] ??= { done: 0, undone: 0 }
    this.inDoubt[kind][outcome] += 1
  }

  check(holds: boolean, what: string): void {
    this.checks += 1
    if (!holds) this.violations.push(what)
  }
}
