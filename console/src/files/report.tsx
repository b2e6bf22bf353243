import { Fragment } from 'preact'
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must get there */}
      <div class="scrolls" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">Name</th>
              <th scope="col">What happens</th>
            </tr>
          </thead>
          <tbody>
            {results.slice(0, MAX_ROWS).map((result, at) => (
              <Fragment key={`${at} ${result.name}`}>
                <tr class={result.action}>
                  <td>{result.row ?? ''}</td>
                  <td dir="auto">{result.name ?? ''}</td>
                  <td>{ACTIONS[result.action]}</td>
                </tr>
                {result.issues !== undefined && (
                  <tr class={`issues ${result.action}`}>
                    <td />
                    <td colSpan={2} dir="auto">
                      {result.issues.map(({ path, message }) => (
                        <p key={`${path} ${message}`}>{message}</p>
                      ))}
                    </td>
                  </tr>
                )}
              </Fragment>
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
