import { imageNotFound } from '../errors/images.js'
import { plainPortrait } from '../images/processing.js'
import type { ImageService } from '../images/service.js'
import type { Persona } from '../personas/schema.js'
import { queryOf } from '../personas/search.js'
import type { PersonaService } from '../personas/service.js'
import type { Store } from '../store/store.js'
import { cardPng } from './card.js'
import { type FormatName, writeCard, writeFile } from './formats.js'
import { firstPage } from './pages.js'
import { type ImportedPersona, importedPart } from './persona.js'
import type { ExportPersonasInput, PersonaCardInput } from './schema.js'

/** Pixels a side of the portrait in a card, at most. */
const SIDE = 1024

/** A persona as a file. */
export interface Card {
  /** The persona's. */
  name: string
  format: FormatName
  content: string | Buffer
}

interface ExportDeps {
  store: Store
  personas: PersonaService
  images: ImageService
}

/** Writes personas as files. Inputs have passed their schemas. */
export class ExportService {
  readonly #deps: ExportDeps

  constructor(deps: ExportDeps) {
    this.#deps = deps
  }

  /**
   * The personas that the filters leave as the text of a file, in pieces that are read of the store as they are taken.
   * What is wrong with the first page is thrown before there is a piece.
   */
  async export({
    projectId,
    format = 'json',
    ...filters
  }: ExportPersonasInput): Promise<AsyncIterable<string>> {
    return writeFile(format, partsFrom(await firstPage(this.#deps.store, projectId, queryOf(filters))))
  }

  /**
   * A persona as a card: its portrait with the persona in it, or a plain picture where it has none; JSON; Markdown.
   * @throws ServiceError NOT_FOUND; BAD_REQUEST for an ambiguous id; SERVICE_UNAVAILABLE where the turn of its picture
   *   does not come in time
   */
  async card({ format = 'png', ...input }: PersonaCardInput, signal?: AbortSignal): Promise<Card> {
    const persona = await this.#deps.personas.get(input)
    const { name } = persona
    const part = importedPart(persona)
    if (format !== 'png') return { name, format, content: writeCard(format, part) }
    const portrait = await this.#portrait(input.projectId, persona, signal)
    const picture = portrait ?? (await plainPortrait())
    return { name, format, content: cardPng(picture, part, portrait !== undefined) }
  }

  /** The portrait of a persona as a PNG; undefined where it has none, or one that is not stored. */
  async #portrait(
    projectId: string,
    { imageUrl: imageId }: Persona,
    signal: AbortSignal | undefined,
  ): Promise<Buffer | undefined> {
    if (imageId === undefined) return undefined
    try {
      const image = { projectId, imageId, size: SIDE, format: 'png' } as const
      return (await this.#deps.images.serve(image, signal)).bytes
    } catch (error) {
      if (imageNotFound.is(error)) return undefined
      throw error
    }
  }
}

async function* partsFrom(first: Awaited<ReturnType<typeof firstPage>>): AsyncGenerator<ImportedPersona[]> {
  for (let page = first; ; page = await page.next()) {
    yield page.personas.map(importedPart)
    if (page.next === undefined) return
  }
}
