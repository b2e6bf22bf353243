import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Dialog } from './ui/dialog.js'

/** A key and what it does; `mod+s` is Cmd or Ctrl with S. */
interface KeyAction {
  key: string
  label: string
  run: () => void
}

const registered = signal<KeyAction[][]>([])
const OFF_AT = 'personas.singleKeysOff'
/** Whether keys without a modifier do anything: speech input types them by accident (WCAG 2.1.4). */
const singleKeys = signal(window.localStorage.getItem(OFF_AT) === null)
const isShown = signal(false)

const NAMES: Record<string, string> = { 'mod+s': 'Ctrl/⌘ S', 'mod+Enter': 'Ctrl/⌘ Enter', Escape: 'Esc' }

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.matches('input:not([type=checkbox], [type=radio]), textarea, select') || target.isContentEditable
  )
}

/** The keys of a view, while it is shown. */
export function useKeys(actions: KeyAction[]): void {
  const latest = useRef(actions)
  latest.current = actions
  const names = actions.map(({ key, label }) => `${key} ${label}`).join('\n')
  // biome-ignore-start lint/correctness/useExhaustiveDependencies: the keys are known by their names
  useEffect(() => {
    const own = latest.current.map(({ key, label }, at) => ({
      key,
      label,
      run: () => latest.current[at]?.run(),
    }))
    registered.value = [...registered.value, own]
    return () => {
      registered.value = registered.value.filter((each) => each !== own)
    }
  }, [names])
  // biome-ignore-end lint/correctness/useExhaustiveDependencies: as above
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return
  const isMod = event.metaKey || event.ctrlKey
  const key = isMod ? `mod+${event.key}` : event.key
  const isSingle = !isMod && event.key !== 'Escape'
  if (isSingle && (isTyping(event.target) || !singleKeys.value)) return
  // A dialog has its own keys.
  if (document.querySelector('dialog[open]') !== null) return
  // Enter and the space bar are those of what has the focus.
  if (key === '?') {
    isShown.value = true
    event.preventDefault()
    return
  }
  const action = registered.value.flat().findLast((each) => each.key === key)
  if (action === undefined) return
  event.preventDefault()
  action.run()
}
window.addEventListener('keydown', onKeyDown)

/** Shows the list of keys. */
export function showKeys(): void {
  isShown.value = true
}

function setSingleKeys(on: boolean): void {
  singleKeys.value = on
  if (on) window.localStorage.removeItem(OFF_AT)
  else window.localStorage.setItem(OFF_AT, '1')
}

/** The keys that do something now, in a dialog. */
export function KeysDialog() {
  if (!isShown.value) return null
  const all = [...new Map(registered.value.flat().map((each) => [each.key, each.label]))]
  return (
    <Dialog title="Keyboard" onClose={() => (isShown.value = false)}>
      <dl class="keys">
        {[...all, ['?', 'Show this list']].map(([key = '', label]) => (
          <div key={key}>
            <dt>
              <kbd>{NAMES[key] ?? key}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={({ currentTarget }) => setSingleKeys(currentTarget.checked)}
        />
        Single keys do something
      </label>
    </Dialog>
  )
}
