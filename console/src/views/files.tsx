import { useEffect, useRef, useState } from 'preact/hooks'
import type { ImportReport } from '../../../src/client/types.js'
import { ACCEPTED, droppedFile, FileRefused, sendFile } from '../files/importing.js'
import { download } from '../gallery/selection.js'
import { navigate, pathTo } from '../router.js'
import { authorization, watched } from '../service.js'
import { say, sayFailure } from '../toasts.js'
import { Copy, Failure, Loading } from '../ui/states.js'

const ACTIONS = {
  created: 'New',
  updated: 'Changed',
  unchanged: 'Unchanged',
  deleted: 'Gone',
  failed: 'Fails',
}
const FORMATS = { json: 'JSON', jsonl: 'JSON Lines', yaml: 'YAML', csv: 'CSV' }
/** Rows that are shown; of more there are the counts. */
const MAX_ROWS = 500

function Refused({ error }: { error: unknown }) {
  if (!(error instanceof FileRefused)) return <Failure error={error} />
  const { message, requestId, issues } = error.refusal
  return (
    <div class="failure" role="alert">
      <p dir="auto">{message}</p>
      {issues.slice(1).map((issue) => (
        <p key={`${issue.path} ${issue.message}`} dir="auto">
          {issue.message}
        </p>
      ))}
      {requestId !== undefined && (
        <p class="small">
          Request <code>{requestId}</code> <Copy text={requestId} label="Copy id" />
        </p>
      )}
    </div>
  )
}

function Report({ report }: { report: ImportReport }) {
  const { created, updated, unchanged, failed, results } = report
  return (
    <>
      <p role="status">
        {created} new, {updated} changed, {unchanged} unchanged, {failed} with errors.
      </p>
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Name</th>
              <th scope="col">What happens</th>
              <th scope="col">What is to be said</th>
            </tr>
          </thead>
          <tbody>
            {results.slice(0, MAX_ROWS).map((result, at) => (
              <tr key={`${at} ${result.name}`} class={result.action}>
                <td>{result.row ?? ''}</td>
                <td dir="auto">{result.name ?? ''}</td>
                <td>{ACTIONS[result.action]}</td>
                <td dir="auto">
                  {result.issues?.map(({ path, message }) => (
                    <p key={`${path} ${message}`}>{message}</p>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {results.length > MAX_ROWS && (
        <p class="hint">And {(results.length - MAX_ROWS).toLocaleString('en')} more rows.</p>
      )}
    </>
  )
}

function Import({ projectId }: { projectId: string }) {
  const chooser = useRef<HTMLInputElement>(null)
  const [state, setState] = useState<{ report?: ImportReport; error?: unknown; isBusy: boolean }>({
    isBusy: false,
  })
  const file = droppedFile.value

  useEffect(() => {
    if (file === undefined) return
    let isCurrent = true
    setState({ isBusy: true })
    sendFile(projectId, file, true).then(
      (report) => isCurrent && setState({ report, isBusy: false }),
      (error) => isCurrent && setState({ error, isBusy: false }),
    )
    return () => {
      isCurrent = false
    }
  }, [file, projectId])

  function leave() {
    droppedFile.value = undefined
    setState({ isBusy: false })
  }
  async function accept(given: File) {
    setState((before) => ({ ...before, isBusy: true }))
    try {
      const { created, updated, failed } = await sendFile(projectId, given, false)
      say(`${created} personas created, ${updated} changed${failed > 0 ? `, ${failed} failed` : ''}`)
      leave()
      navigate(pathTo('gallery', { projectId }))
    } catch (error) {
      setState((before) => ({ ...before, error, isBusy: false }))
    }
  }
  const { report, error, isBusy } = state
  const changes = report === undefined ? 0 : report.created + report.updated
  return (
    <section>
      <h2>Import</h2>
      <p class="hint">
        Drop a file anywhere on the page: JSON, JSON Lines, YAML, CSV, Markdown or a character card. What it
        would do is shown first.
      </p>
      <p>
        <button type="button" disabled={isBusy} onClick={() => chooser.current?.click()}>
          Choose a file
        </button>
        <input
          ref={chooser}
          type="file"
          hidden
          accept={ACCEPTED}
          onChange={({ currentTarget }) => {
            const [chosen] = currentTarget.files ?? []
            if (chosen !== undefined) droppedFile.value = chosen
            currentTarget.value = ''
          }}
        />
      </p>
      {file !== undefined && (
        <>
          <h3 dir="auto">{file.name}</h3>
          {isBusy && <Loading what="what it would do" />}
          {error !== undefined && <Refused error={error} />}
          {report !== undefined && <Report report={report} />}
          <p class="actions">
            <button
              type="button"
              class="primary"
              disabled={isBusy || changes === 0}
              onClick={() => void accept(file)}
            >
              {changes === 0 ? 'Nothing to import' : `Import ${changes.toLocaleString('en')} personas`}
            </button>
            <button type="button" onClick={leave}>
              Discard
            </button>
          </p>
        </>
      )}
    </section>
  )
}

function Export({ projectId }: { projectId: string }) {
  async function keep(format: string) {
    const path = `/api/projects/${encodeURIComponent(projectId)}/personas/export?format=${format}`
    try {
      const response = await watched(path, { headers: authorization() })
      if (!response.ok) throw new FileRefused(await response.json())
      download(`${projectId}.${format}`, await response.text())
    } catch (error) {
      if (error instanceof FileRefused) say(error.message)
      else sayFailure(error)
    }
  }
  return (
    <section>
      <h2>Export</h2>
      <p class="hint">All personas of the project, as a file that can be imported again.</p>
      <p class="actions">
        {Object.entries(FORMATS).map(([format, label]) => (
          <button key={format} type="button" onClick={() => void keep(format)}>
            {label}
          </button>
        ))}
      </p>
    </section>
  )
}

/** Personas from files, and as files. */
export function Files({ projectId }: { projectId: string }) {
  return (
    <section class="files">
      <h1>Files</h1>
      <Import projectId={projectId} />
      <Export projectId={projectId} />
    </section>
  )
}
