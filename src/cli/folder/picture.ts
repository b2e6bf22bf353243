import type { ImportReport, ImportResult } from '../../client/client.js'
import { connectionError, type PersonasIssue } from '../../client/errors.js'

interface PictureRequest {
  /** The base URL of the service. */
  url: string
  apiKey: string | undefined
  projectId: string
  dryRun: boolean
}

/**
 * Imports a PNG card with its picture, which has no place in tRPC and so none in the client. What the service answers
 * otherwise is why it fails.
 * @throws PersonasConnectionError where it does not answer
 */
export async function sendPicture(
  { url, apiKey, projectId, dryRun }: PictureRequest,
  picture: Buffer,
): Promise<ImportResult[]> {
  const path = `/api/projects/${encodeURIComponent(projectId)}/personas/import?dryRun=${dryRun}`
  const key = apiKey !== undefined && { authorization: `Bearer ${apiKey}` }
  try {
    const response = await fetch(url.replace(/\/+$/, '') + path, {
      method: 'POST',
      headers: { 'content-type': 'image/png', ...key },
      body: new Uint8Array(picture),
    })
    const answer: unknown = await response.json()
    // The report of the route, or an error of the service.
    if (response.ok) return (answer as ImportReport).results
    const { message, issues = [{ path: '', message }] } = answer as {
      message: string
      issues?: PersonasIssue[]
    }
    return [{ action: 'failed', issues: issues.map((issue) => ({ ...issue, severity: 'error' })) }]
  } catch (cause) {
    const message = `The Personas API at ${url} cannot be reached: ${cause}`
    throw connectionError(message, { reason: 'unreachable', url, cause })
  }
}
