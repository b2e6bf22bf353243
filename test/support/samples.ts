import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { ask, askJson, batchedMutations } from './ask.js'

/** A PNG of noise, which does not compress: about 3 bytes for each pixel. */
export function noisePicture(side: number): Promise<Buffer> {
  return sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer()
}

/** A PNG of one colour with as many pixels as are accepted, 24 million, in 78 KB. */
export function flatPicture(): Promise<Buffer> {
  return sharp({ create: { width: 6_000, height: 4_000, channels: 3, background: '#f80' } })
    .png()
    .toBuffer()
}

/** Uploads a picture through JSON, and gives its id. */
export async function upload(
  base: string,
  project: string,
  { picture, role = 'upload' }: { picture: Buffer; role?: string },
) {
  const body = JSON.stringify({ imageBase64: picture.toString('base64'), role })
  const { id } = await askJson(base, { path: `/api/projects/${project}/images`, body })
  return id as string
}

/** Personas created at once: more of them keep a small database waiting. */
const BATCH = 25

/** Creates personas of about so many bytes each, with other `fields` too, and gives their ids. */
export async function fill(
  base: string,
  project: string,
  { count, bytes, fields }: { count: number; bytes: number; fields?: (at: number) => object },
): Promise<string[]> {
  const ids: string[] = []
  const systemPrompt = 'x'.repeat(bytes)
  for (let begun = 0; begun < count; begun += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, count - begun) }, (_, at) => ({
      projectId: project,
      name: `Persona ${begun + at}`,
      systemPrompt,
      ...fields?.(begun + at),
    }))
    const { status, body } = await ask(base, batchedMutations('personas.create', inputs))
    if (status !== 200) {
      const [, error] = /("error":.{0,300})/.exec(body.toString()) ?? []
      throw new Error(`A batch of personas answered ${status} ${error}`)
    }
    for (const { result } of JSON.parse(body.toString())) ids.push(result.data.id)
  }
  return ids
}

/** Points a project at the provider that the service was started with. */
export async function provide(base: string, project: string): Promise<void> {
  const body = JSON.stringify({ llmSettings: { provider: 'openai', apiKey: 'sk-test-of-load' } })
  await askJson(base, { method: 'PUT', path: `/api/projects/${project}/config`, body })
}
