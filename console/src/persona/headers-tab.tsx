import { useState } from 'preact/hooks'
import { type Persona, service } from '../service.js'
import { Field, issuesOf } from '../ui/field.js'
import { Copy, Failure } from '../ui/states.js'
import type { Editing } from './editing.js'
import { Rows } from './rows.js'

/** Lines of `Name: value` as a map. */
function readHeaders(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name.trim(), value.join(':').trim()]
    }),
  )
}

function MergeTrial({ projectId, persona }: { projectId: string; persona: Persona }) {
  const [text, setText] = useState('Authorization: Bearer connector-token\nX-User-Language: de')
  const [merged, setMerged] = useState<string>()
  const [failure, setFailure] = useState<unknown>(undefined)
  async function merge() {
    setFailure(undefined)
    try {
      const input = { projectId, id: persona.id, headers: readHeaders(text) }
      const { headers } = await service.value.personas.mergeHeaders.mutate(input)
      setMerged(
        Object.entries(headers)
          .map(([name, value]) => `${name}: ${value}`)
          .join('\n'),
      )
    } catch (error) {
      setMerged(undefined)
      setFailure(error)
    }
  }
  return (
    <section class="trial">
      <h2>Try the merge</h2>
      <Field
        label="Headers of a connector"
        hint="One a line, as Name: value. The saved headers of the persona take precedence."
      >
        {(described) => (
          <textarea
            {...described}
            class="mono"
            rows={4}
            value={text}
            spellcheck={false}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        )}
      </Field>
      <button type="button" onClick={() => void merge()}>
        Merge headers
      </button>
      {failure !== undefined && <Failure error={failure} />}
      {merged !== undefined && (
        <div class="result" role="status">
          <h3>
            What is sent <Copy text={merged} />
          </h3>
          <pre>{merged}</pre>
        </div>
      )}
    </section>
  )
}

/** Headers and metadata as rows, and what the headers come to over those of a connector. */
export function HeadersTab({ projectId, editing }: { projectId: string; editing: Editing }) {
  const { draft, issues, change, saved } = editing
  return (
    <>
      <Rows
        field="headers"
        title="Headers"
        hint="Sent with each request that is made as this persona."
        rows={draft.headers}
        issues={issuesOf(issues, 'headers')}
        onChange={(headers) => change({ headers })}
      />
      <Rows
        field="metadata"
        title="Metadata"
        hint="Notes of your own, such as an id elsewhere."
        rows={draft.metadata}
        issues={issuesOf(issues, 'metadata')}
        onChange={(metadata) => change({ metadata })}
      />
      {saved !== undefined && <MergeTrial projectId={projectId} persona={saved} />}
    </>
  )
}
