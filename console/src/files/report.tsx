import type { ImportReport } from '../../../src/client/types.js'

const ACTIONS = {
  created: 'New',
  updated: 'Changed',
  unchanged: 'Unchanged',
  deleted: 'Gone',
  failed: 'Fails',
}
/** Rows that are shown; of more there are the counts. */
const MAX_ROWS = 500

/** What a file would do, or did, row by row. */
export function Report({ report }: { report: ImportReport }) {
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
