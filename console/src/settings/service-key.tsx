import { apiKey, keyWanted, setApiKey } from '../service.js'

/** The key of the service, where one is used. */
export function ServiceKey() {
  if (apiKey.value === undefined) return null
  return (
    <section>
      <h2>Key of the service</h2>
      <p class="hint">Used by this tab alone, and forgotten when it is closed.</p>
      <p class="actions">
        <button type="button" onClick={() => (keyWanted.value = true)}>
          Use another key
        </button>
        <button type="button" class="danger" onClick={() => setApiKey(undefined)}>
          Forget the key
        </button>
      </p>
    </section>
  )
}
