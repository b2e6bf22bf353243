import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { call } from './client.js'
import type { Cell, Config, ImageCell, Ledger } from './ledger.js'
import { newContent, newKey, newName, newPicture } from './samples.js'
import { KEPT, oneOf, type Site, write } from './write.js'

/** Uploads and deletes pictures of its own. */
export async function writeImages({ base, ledger, project }: Site, own: ImageCell[]): Promise<void> {
  const cell = oneOf(own)
  if (cell?.state !== undefined && (own.length >= KEPT || randomInt(3) === 0)) {
    const key = { projectId: project, imageId: cell.state }
    const doubt = { kind: 'image deleted', isDone: (state: ImageCell['state']) => state === undefined }
    await write(ledger, cell, { doubt, status: 204, send: () => call(base, 'images.delete', key) })
    cell.state = undefined
    return
  }
  const { png, pixels } = await newPicture()
  const created: ImageCell = { project, pixels, state: undefined }
  ledger.images.push(created)
  const doubt = { kind: 'image uploaded', isDone: (state: ImageCell['state']) => state !== undefined }
  const input = { projectId: project, imageBase64: png.toString('base64'), role: 'upload' }
  const send = () => call(base, 'images.upload', input)
  created.state = (await write(ledger, created, { doubt, status: 201, send })).value.id
}

/** Renames a project, and sets or removes its provider. */
export async function writeConfig({ base, ledger }: Site, cell: Cell<Config>): Promise<void> {
  const { apiKey, mask } = newKey()
  const given = randomInt(2) === 0 ? {} : { models: { image: newName() } }
  const settings = { provider: oneOf(['openai', 'anthropic']) ?? 'openai', apiKey, ...given }
  const name = newName()
  const sets = randomInt(4) !== 0
  // What is left out stays as it is.
  const { models } = { ...cell.state?.llmSettings, ...given }
  const llmSettings = { ...settings, ...(models !== undefined && { models }), apiKey: mask }
  const wanted: Config = sets ? { name, llmSettings } : { name }
  const doubt = { kind: 'config changed', isDone: (state: Config) => isDeepStrictEqual(state, wanted) }
  const change = { projectId: cell.project, name, llmSettings: sets ? settings : null }
  const send = () => call(base, 'projects.updateConfig', change)
  cell.state = (await write(ledger, cell, { doubt, status: 200, send })).value
  ledger.check(doubt.isDone(cell.state), `project ${cell.project} got other settings`)
}

/** Fills a project of its own, and deletes it. */
export async function writeWholeProject({ base, ledger }: Site): Promise<void> {
  const project = newName()
  const whole: Ledger['wholes'][number] = { project, personas: [], images: 0, stage: 'filling' }
  ledger.wholes.push(whole)
  for (let count = 0; count < 3; count += 1) {
    const name = newName()
    const { status } = await call(base, 'personas.create', { projectId: project, name, ...newContent() })
    if (status !== 201) throw new Error(`persona of a project answered ${status}`)
    whole.personas.push(name)
    ledger.acknowledge('persona created')
  }
  const imageBase64 = (await newPicture()).png.toString('base64')
  const image = await call(base, 'images.upload', { projectId: project, imageBase64, role: 'upload' })
  if (image.status !== 201) throw new Error(`image of a project answered ${image.status}`)
  whole.images = 1
  ledger.acknowledge('image uploaded')
  whole.stage = 'full'
  await deleteWholeProject({ base, ledger, project }, whole)
}

export async function deleteWholeProject(
  { base, ledger, project }: Site,
  whole: Ledger['wholes'][number],
): Promise<void> {
  whole.stage = 'deleting'
  const { status } = await call(base, 'projects.delete', { projectId: project })
  if (status !== 204) throw new Error(`deletion of a project answered ${status}`)
  whole.stage = 'deleted'
  ledger.acknowledge('project deleted')
}

/** Creates one name several times at once: one creation wins. */
export async function contestName({ base, ledger, project }: Site): Promise<void> {
  const contested: Ledger['contested'][number] = { project, name: newName(), winners: [] }
  ledger.contested.push(contested)
  const { name } = contested
  const create = async () => {
    const { status, value } = await call(base, 'personas.create', { projectId: project, name })
    if (status === 201) {
      contested.winners.push(value.id)
      ledger.acknowledge('persona created')
    } else if (status !== 409) throw new Error(`a contested name answered ${status}`)
  }
  const outcomes = await Promise.allSettled([create(), create(), create(), create()])
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  ledger.check(contested.winners.length === 1, `the name ${name} was given ${contested.winners.length} times`)
}
