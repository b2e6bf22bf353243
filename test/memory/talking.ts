import { ask } from '../support/ask.js'
import { fill, provide } from '../support/samples.js'
import { atOnce, type Site } from './site.js'

const PROJECT = 'talking'
// White space is what a text has most of to look at, for its length.
const content = 'x y\n'.repeat(20_000)
const messages = Array.from({ length: 8 }, () => ({ role: 'assistant', content }))

/** A persona, and a provider to play it. */
export async function prepareTalking({ base }: Site): Promise<void> {
  await provide(base, PROJECT)
  await fill(base, PROJECT, { count: 1, bytes: 100 })
}

/** Turns of conversations of 800 KB, of which a slow provider answers some, and refuses others as too long. */
export async function talkAtOnce(site: Site): Promise<void> {
  const { body } = await ask(site.base, { path: `/api/projects/${PROJECT}/personas` })
  const [{ id }] = JSON.parse(body.toString())
  const turn = {
    path: `/api/projects/${PROJECT}/personas/${id}/simulate`,
    body: JSON.stringify({ messages }),
  }
  let calls = 0
  site.provider.behaveInChat = () => {
    calls += 1
    return calls % 2 === 0 ? 'is slow' : 'finds it too long'
  }
  await atOnce(site, 200, () => turn).finally(() => {
    site.provider.behaveInChat = () => 'speaks'
  })
}
