import { computed, signal } from '@preact/signals'
import { type Persona, service, type TagCount } from '../service.js'
import { deletions } from '../toasts.js'
import type { Sort } from './search.js'

/** Personas of a page: two screens and more. */
const PAGE = 100

/** What is looked for: words, and tags. */
export interface Wanted {
  projectId: string
  q: string
  tags: string[]
  sort: Sort
}

/** The personas of a search as far as they are loaded, and where one was in them. */
export class Listing {
  readonly wanted: Wanted
  readonly loaded = signal<Persona[]>([])
  readonly tags = signal<TagCount[]>([])
  readonly isComplete = signal(false)
  readonly isLoading = signal(false)
  readonly failure = signal<unknown>(undefined)
  /** Those that are shown: without the ones that are about to be deleted. */
  readonly shown = computed(() => {
    const gone = new Set(deletions.value.flatMap(({ ids }) => ids))
    return gone.size === 0 ? this.loaded.value : this.loaded.value.filter(({ id }) => !gone.has(id))
  })
  scrollTop = 0
  at = -1
  #cursor: string | undefined
  #turn = 0

  constructor(wanted: Wanted) {
    this.wanted = wanted
  }

  /** Loads the next page, unless one is on its way or there is none. */
  async more(): Promise<void> {
    if (this.isLoading.value || this.isComplete.value) return
    this.isLoading.value = true
    const turn = this.#turn
    try {
      const { items, nextCursor } = await this.#page(this.#cursor, PAGE)
      if (turn !== this.#turn) return
      this.loaded.value = [...this.loaded.value, ...items]
      this.#cursor = nextCursor
      this.isComplete.value = nextCursor === undefined
      this.failure.value = undefined
    } catch (error) {
      if (turn === this.#turn) this.failure.value = error
    } finally {
      if (turn === this.#turn) this.isLoading.value = false
    }
  }

  /** Reads again what is loaded, so that what others changed is seen; the list keeps its place. */
  async refresh(): Promise<void> {
    this.#turn += 1
    const turn = this.#turn
    const wanted = Math.max(this.loaded.value.length, PAGE)
    this.isLoading.value = true
    void this.#loadTags()
    try {
      const items: Persona[] = []
      let cursor: string | undefined
      do {
        const page = await this.#page(cursor, Math.min(500, wanted - items.length))
        items.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== undefined && items.length < wanted)
      if (turn !== this.#turn) return
      this.loaded.value = items
      this.#cursor = cursor
      this.isComplete.value = cursor === undefined
      this.failure.value = undefined
    } catch (error) {
      if (turn === this.#turn) this.failure.value = error
    } finally {
      if (turn === this.#turn) this.isLoading.value = false
    }
  }

  async #loadTags(): Promise<void> {
    const { projectId } = this.wanted
    // Without their counts the list is as good; a failure is that of the list.
    this.tags.value = await service.value.personas.tags.query({ projectId }).catch(() => this.tags.value)
  }

  #page(cursor: string | undefined, limit: number) {
    const { projectId, q, tags, sort } = this.wanted
    return service.value.personas.page.query({
      projectId,
      sort,
      limit,
      ...(q !== '' && { q }),
      ...(tags.length > 0 && { tags }),
      ...(cursor !== undefined && { cursor }),
    })
  }
}

let last: { key: string; listing: Listing } | undefined

/** The listing of a search; that which was shown last is kept, so that one finds it as one left it. */
export function listingOf(wanted: Wanted): Listing {
  const key = JSON.stringify(wanted)
  if (last?.key !== key) last = { key, listing: new Listing(wanted) }
  return last.listing
}

/** Shows a persona as it is now, where the list that was shown last has it. */
export function showAsIs(persona: Persona): void {
  const loaded = last?.listing.loaded
  if (loaded !== undefined)
    loaded.value = loaded.value.map((each) => (each.id === persona.id ? persona : each))
}
