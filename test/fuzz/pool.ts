import type { Answer, Sent } from './judge.js'

/** Most ids that are kept of a kind and project. */
const KEPT = 40

// Any segment that a URL can carry is a project.
const PROJECTS = ['fuzz', 'ü%2F/ß', '100%', "o'brien;--", '{$gt}', '😀'.repeat(128)]

/** Ids that the service gave, so that requests meet something. */
export class Pool {
  readonly projects = PROJECTS
  readonly #personas = new Map<string, string[]>()
  readonly #images = new Map<string, string[]>()

  /** An id that may exist in a project, by chance `at`. */
  id(parameter: string, project: string, at: number): string {
    if (parameter === 'projectId') return project
    const ids = (parameter === 'imageId' ? this.#images : this.#personas).get(project) ?? []
    const missing =
      parameter === 'imageId'
        ? '00000000-0000-4000-8000-000000000000.png'
        : '00000000-0000-4000-8000-000000000000'
    return ids[at % Math.max(1, ids.length)] ?? missing
  }

  /** Keeps the id of what an answer says was made, and drops that of what was deleted. */
  learn({ method, target }: Sent, { status, body }: Answer): void {
    const [, segment = '', kind, id] =
      /^\/api\/projects\/([^/?]+)(?:\/(personas|images)(?:\/([^/?]+))?)?\/?(?:\?|$)/.exec(target) ?? []
    const isMade = method === 'POST' && status === 201 && kind !== undefined
    const isGone = method === 'DELETE' && status === 204
    if (!isMade && !isGone) return
    // What answered with success could be decoded.
    const project = decodeURIComponent(segment)
    const ids = kind === 'images' ? this.#images : this.#personas
    const known = ids.get(project) ?? []
    if (isMade) {
      // A 201 of these two has passed its schema, which has an id.
      const made = JSON.parse(body.toString()) as { id: string }
      ids.set(project, [made.id, ...known].slice(0, KEPT))
    } else {
      if (kind === undefined) for (const each of [this.#images, this.#personas]) each.delete(project)
      else if (id !== undefined)
        ids.set(
          project,
          known.filter((each) => !each.startsWith(id)),
        )
    }
  }
}
