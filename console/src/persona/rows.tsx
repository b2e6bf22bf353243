import type { PersonasIssue } from '../service.js'
import { newRow, type Row } from './draft.js'

interface RowsProps {
  /** What the rows are of: `headers`. */
  field: 'headers' | 'metadata'
  title: string
  hint: string
  rows: Row[]
  issues: PersonasIssue[]
  onChange: (rows: Row[]) => void
}

/** Names and values as rows, with the service's messages beside those they are about. */
export function Rows({ field, title, hint, rows, issues, onChange }: RowsProps) {
  const set = (key: number, part: Partial<Row>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)))
  const named = new Set(rows.map(({ name }) => `${field}.${name}`))
  const ofWhole = issues.filter(({ path }) => !named.has(path))
  const one = field === 'headers' ? 'header' : 'entry'
  return (
    <section class="rows">
      <h2>{title}</h2>
      <p class="hint">{hint}</p>
      {rows.map(({ key, name, value }, at) => {
        const wrong = issues.filter(({ path }) => path === `${field}.${name}`)
        const id = `${field}-${key}-wrong`
        const about = {
          'aria-invalid': wrong.length > 0 || undefined,
          'aria-describedby': wrong.length > 0 ? id : undefined,
        }
        return (
          <div key={key} class="row">
            <input
              {...about}
              aria-label={`Name of ${one} ${at + 1}`}
              placeholder="Name"
              value={name}
              spellcheck={false}
              onInput={({ currentTarget }) => set(key, { name: currentTarget.value })}
            />
            <input
              {...about}
              aria-label={`Value of ${one} ${at + 1}`}
              placeholder="Value"
              value={value}
              dir="auto"
              spellcheck={false}
              onInput={({ currentTarget }) => set(key, { value: currentTarget.value })}
            />
            <button
              type="button"
              class="quiet icon"
              aria-label={`Remove ${one} ${name === '' ? at + 1 : name}`}
              onClick={() => onChange(rows.filter((row) => row.key !== key))}
            >
              ×
            </button>
            {wrong.length > 0 && (
              <p class="wrong" id={id} role="alert">
                {wrong.map(({ message }) => message).join('. ')}
              </p>
            )}
          </div>
        )
      })}
      {ofWhole.length > 0 && (
        <p class="wrong" role="alert">
          {ofWhole.map(({ message }) => message).join('. ')}
        </p>
      )}
      <button type="button" onClick={() => onChange([...rows, newRow()])}>
        Add {one}
      </button>
    </section>
  )
}
