import { useState } from 'preact/hooks'
import { download, exportAll, FORMATS, type Format, formats } from '../files/exporting.js'
import { Import } from '../files/import.js'
import { Failure } from '../ui/states.js'

function Export({ projectId }: { projectId: string }) {
  const [failed, setFailed] = useState<{ format: Format; error: unknown }>()
  async function keep(format: Format) {
    setFailed(undefined)
    try {
      download(`${projectId}.${format}`, await exportAll(projectId, format))
    } catch (error) {
      setFailed({ format, error })
    }
  }
  return (
    <section>
      <h2>Export</h2>
      <p class="hint">All personas of the project, as a file that can be imported again.</p>
      {failed !== undefined && <Failure error={failed.error} onRetry={() => void keep(failed.format)} />}
      <p class="actions">
        {formats.map((format) => (
          <button key={format} type="button" onClick={() => void keep(format)}>
            {FORMATS[format]}
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
