import { useEffect, useRef, useState } from 'preact/hooks'
import type { ImportReport } from '../../../src/client/types.js'
import { navigate, pathTo } from '../router.js'
import { say } from '../toasts.js'
import { Failure, Loading } from '../ui/states.js'
import { ACCEPTED, droppedFile, sendFile } from './importing.js'
import { Report } from './report.js'

/** A file of personas: what it would do is shown, and done once it is accepted. */
export function Import({ projectId }: { projectId: string }) {
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
      const parts = { created, changed: updated, failed }
      const told = Object.entries(parts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]))
      say(`Imported: ${told.join(', ')}`)
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
      <div class="drop">
        <p class="hint">
          Drop a file anywhere on the page: JSON, JSON Lines, YAML, CSV, Markdown or a character card. What it
          would do is shown first.
        </p>
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
      </div>
      {file !== undefined && (
        <>
          <h3 dir="auto">{file.name}</h3>
          {isBusy && <Loading what="what it would do" />}
          {error !== undefined && <Failure error={error} />}
          {report !== undefined && <Report report={report} />}
          <p class="actions">
            <button
              type="button"
              class="primary"
              disabled={isBusy || changes === 0}
              onClick={() => void accept(file)}
            >
              {changes === 0
                ? 'Nothing to import'
                : `Import ${changes.toLocaleString('en')} ${changes === 1 ? 'persona' : 'personas'}`}
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
