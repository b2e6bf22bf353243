import { signal } from '@preact/signals'
import { navigate, pathTo } from './router.js'
import { epoch, type Project, service } from './service.js'
import { say, sayFailure } from './toasts.js'

/** The projects that the key reaches; undefined before they are loaded. */
export const projects = signal<Project[] | undefined>(undefined)
export const projectsFailure = signal<unknown>(undefined)

/** Where the browser remembers which project was shown last. */
const LAST_AT = 'personas.lastProject'

export function rememberProject(id: string): void {
  window.localStorage.setItem(LAST_AT, id)
}

/** The project to begin with: the last one shown, or the first. */
export function firstProject(): Project | undefined {
  const last = window.localStorage.getItem(LAST_AT)
  return projects.value?.find(({ id }) => id === last) ?? projects.value?.[0]
}

export async function loadProjects(): Promise<void> {
  try {
    projects.value = await service.value.projects.list.query()
    projectsFailure.value = undefined
  } catch (error) {
    projectsFailure.value = error
  }
}

/** The name of a project: its id, until it is given one. */
export function nameOf(id: string): string {
  return projects.value?.find((each) => each.id === id)?.name ?? id
}

/** Makes a project. @throws PersonasError */
export async function createProject(name: string): Promise<Project> {
  const made = await service.value.projects.create.mutate({ name })
  projects.value = [...(projects.value ?? []), made]
  return made
}

/** Brings the twelve personas of the demo into a project; those that are there already stay. */
export async function loadDemo(projectId: string): Promise<void> {
  const { demoPersonas } = await import('../../scripts/demo-personas.js')
  const personas = [...demoPersonas]
  const { failed } = await service.value.personas.import.mutate({ projectId, personas })
  // A gallery may be shown already, without them.
  epoch.value += 1
  say(
    failed === 0
      ? `${personas.length} demo personas are here`
      : `${failed} demo personas could not be loaded`,
  )
}

/** Makes a project with the demo personas in it, and shows it. */
export async function startWithDemo(projectId: string): Promise<void> {
  try {
    const id = projectId === '' ? (await createProject('Demo')).id : projectId
    await loadDemo(id)
    navigate(pathTo('gallery', { projectId: id }), { replace: true })
  } catch (error) {
    sayFailure(error)
  }
}

/** Shows the form of a new persona, in a project of its own where there is none. */
export async function startWithPersona(projectId: string): Promise<void> {
  try {
    const id = projectId === '' ? (await createProject('My project')).id : projectId
    navigate(pathTo('create', { projectId: id }))
  } catch (error) {
    sayFailure(error)
  }
}
