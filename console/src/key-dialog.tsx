import { useState } from 'preact/hooks'
import { apiKey, keyWanted, setApiKey } from './service.js'
import { Dialog } from './ui/dialog.js'
import { Field } from './ui/field.js'

/** Asks for the service's key once it wants one. */
export function KeyDialog() {
  const [key, setKey] = useState('')
  if (!keyWanted.value) return null
  const wasRefused = apiKey.value !== undefined
  const issues = wasRefused ? [{ path: 'key', message: 'The service does not know this key' }] : []
  return (
    <Dialog title="API key" onClose={() => (keyWanted.value = false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (key.trim() !== '') setApiKey(key.trim())
        }}
      >
        <Field
          label="Key of the service"
          issues={issues}
          hint="One of those that the service was started with (API_KEYS). It is kept for this tab alone."
        >
          {(described) => (
            <input
              {...described}
              type="password"
              autocomplete="off"
              value={key}
              onInput={({ currentTarget }) => setKey(currentTarget.value)}
            />
          )}
        </Field>
        <footer>
          <button type="submit" class="primary">
            Use key
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
