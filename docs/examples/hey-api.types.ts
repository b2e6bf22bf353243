// Compiled, never run: misuses that the client generated from the OpenAPI document does not let pass.
import { createPersona, generatePersonaImage, listImages, listPersonas, type Persona } from './generated'

const path = { projectId: 'support-bot' }

export async function misuses(persona: Persona) {
  // @ts-expect-error: the project is missing
  await listPersonas({})
  // @ts-expect-error: a limit is a number
  await listPersonas({ path, query: { limit: 'all' } })
  // @ts-expect-error: a name is required
  await createPersona({ path, body: { description: 'a' } })
  // @ts-expect-error: a header is a text
  await createPersona({ path, body: { name: 'a', headers: { 'X-A': 5 } } })
  // @ts-expect-error: images have no such role
  await listImages({ path, query: { role: 'portrait' } })
  // @ts-expect-error: the persona is missing
  await generatePersonaImage({ path })
  // @ts-expect-error: a description may be absent
  return persona.description.length
}
