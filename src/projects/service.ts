import { randomUUID } from 'node:crypto'
import type { ServiceError } from '../errors/error.js'
import {
  keyOfOneProject,
  projectNotFound,
  providerKeyMissing,
  providerKeyOfAnother,
} from '../errors/projects.js'
import { type ListBudget, wholeList } from '../lists.js'
import { isKeyFault } from '../store/project-settings.js'
import type { JsonPage, KeyFault, ProjectChange, Store, StoredProject } from '../store/store.js'
import { type KeySealer, maskKey } from './keys.js'
import type { Models, Project, ProjectConfig, UpdateConfigInput } from './schema.js'

/** What a caller may see: all projects, or one. */
interface Reach {
  projectId?: string
}

function toConfig({ id: _, llmSettings, ...config }: StoredProject): ProjectConfig {
  if (llmSettings === undefined) return config
  return { ...config, llmSettings: { ...llmSettings, apiKey: llmSettings.apiKey.mask } }
}

function keyRequired(fault: KeyFault): ServiceError {
  return fault === 'no-key' ? providerKeyMissing() : providerKeyOfAnother({ provider: fault.keyBelongsTo })
}

/** The rules of projects and their settings. Inputs have passed their schemas. */
export class ProjectService {
  readonly #store: Store
  readonly #keys: KeySealer

  constructor(store: Store, keys: KeySealer) {
    this.#store = store
    this.#keys = keys
  }

  /** The projects there are within the caller's reach, oldest first. */
  list({ projectId }: Reach, budget: ListBudget): Promise<JsonPage> {
    return wholeList(budget, () => this.#store.listProjects(projectId))
  }

  /** @throws ServiceError FORBIDDEN for a caller that is limited to one project. */
  async create({ name }: { name: string }, { projectId }: Reach): Promise<Project> {
    if (projectId !== undefined) throw keyOfOneProject()
    const project = { id: randomUUID(), name }
    await this.#store.insertProject(project, Date.now())
    return project
  }

  /** The name and settings; an unregistered project has its id as its name. */
  async getConfig({ projectId }: { projectId: string }): Promise<ProjectConfig> {
    const project = await this.#store.findProject(projectId)
    return project === null ? { name: projectId } : toConfig(project)
  }

  /** @throws ServiceError BAD_REQUEST where settings come without a key and none of that provider is stored. */
  async updateConfig({ projectId, llmSettings, ...fields }: UpdateConfigInput): Promise<ProjectConfig> {
    const change: ProjectChange = { ...fields, llmSettings: this.#sealed(projectId, llmSettings) }
    const project = await this.#store.updateProject(projectId, change, Date.now())
    if (isKeyFault(project)) throw keyRequired(project)
    return toConfig(project)
  }

  /** @throws ServiceError NOT_FOUND where nothing was stored under the id. */
  async delete({ projectId }: { projectId: string }): Promise<void> {
    const existed = await this.#store.deleteProject(projectId)
    if (!existed) throw projectNotFound()
  }

  /**
   * The provider, the models chosen and its key, in clear, for a call to the provider; null where none is configured.
   * @throws ServiceError SERVICE_UNAVAILABLE `key_unreadable`.
   */
  async provider(
    projectId: string,
  ): Promise<{ provider: string; models: Models; apiKey: () => string } | null> {
    const settings = (await this.#store.findProject(projectId))?.llmSettings
    if (settings === undefined) return null
    return {
      provider: settings.provider,
      models: settings.models ?? {},
      apiKey: () => this.#keys.open(projectId, settings.apiKey.ciphertext),
    }
  }

  /** Ids of the projects whose stored key cannot be decrypted any more. */
  async unreadableKeys(): Promise<string[]> {
    const sealed = await this.#store.listSealedKeys()
    return sealed.filter((key) => !this.#opens(key)).map(({ projectId }) => projectId)
  }

  #opens({ projectId, ciphertext }: { projectId: string; ciphertext: string }): boolean {
    try {
      this.#keys.open(projectId, ciphertext)
      return true
    } catch {
      return false
    }
  }

  #sealed(projectId: string, settings: UpdateConfigInput['llmSettings']): ProjectChange['llmSettings'] {
    if (settings === undefined || settings === null) return settings
    const { provider, models, apiKey } = settings
    // An empty one means the stored key, as if it were left out.
    if (!apiKey) return { provider, models }
    const sealed = { ciphertext: this.#keys.seal(projectId, apiKey), mask: maskKey(apiKey) }
    // The mask of the stored key, sent back, means that key.
    return { provider, models, apiKey: { ...sealed, keepIfMask: apiKey } }
  }
}
