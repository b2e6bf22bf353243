import { isDeepStrictEqual } from 'node:util'
import type { ImageCell } from '../crash/ledger.js'
import { newKey, newName, newPicture } from '../crash/samples.js'
import { type Interface, through } from './requests.js'
import type { Caller } from './site.js'
import { isLost, write } from './write.js'

/** Uploads and deletes pictures of its own. */
export async function writeImages(caller: Caller): Promise<void> {
  const { site, random } = caller
  const project = `${caller.project}-images`
  const own = site.ledger.images.filter((cell) => cell.project === project && cell.state && !isLost(cell))
  const way = random.of<Interface>(['rest', 'trpc'])
  if (own.length > 3 && (own.length > 12 || random.below(3) === 0)) {
    const cell = random.of(own)
    const input = { projectId: project, imageId: cell.state }
    const isDone = (state: ImageCell['state']) => state === undefined
    const accept = () => {
      cell.state = undefined
    }
    return write(
      caller,
      [{ cell, procedure: 'images.delete', input, kind: 'image deleted', isDone, accept }],
      way,
    )
  }
  const { png, pixels } = await newPicture()
  const cell: ImageCell = { project, pixels, state: undefined }
  site.ledger.images.push(cell)
  const input = { projectId: project, imageBase64: png.toString('base64'), role: 'upload' }
  const isDone = (state: ImageCell['state']) => state !== undefined
  const accept = ({ id }: { id: string }) => {
    cell.state = id
  }
  await write(
    caller,
    [{ cell, procedure: 'images.upload', input, kind: 'image uploaded', isDone, accept }],
    way,
  )
}

/** Sets a project's provider. */
export async function writeConfig(caller: Caller): Promise<void> {
  const project = `${caller.project}-settings`
  const { configs } = caller.site.ledger
  const cell = configs.find((each) => each.project === project) ?? { project, state: { name: project } }
  if (!configs.includes(cell)) configs.push(cell)
  if (isLost(cell)) return
  const { apiKey, mask } = newKey()
  const name = newName()
  const wanted = { name, llmSettings: { provider: 'openai', apiKey: mask } }
  const input = { projectId: project, name, llmSettings: { provider: 'openai', apiKey } }
  const isDone = (state: unknown) => isDeepStrictEqual(state, wanted)
  await write(
    caller,
    [
      {
        cell,
        procedure: 'projects.updateConfig',
        input,
        kind: 'config changed',
        isDone,
        accept: (value) => {
          cell.state = value
        },
      },
    ],
    through(caller.random),
  )
}
