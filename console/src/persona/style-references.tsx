import { useRef, useState } from 'preact/hooks'
import { useLoaded } from '../loading.js'
import { Picture } from '../picture.js'
import { service } from '../service.js'
import { say, sayFailure } from '../toasts.js'
import { ask } from '../ui/ask.js'
import { Failure } from '../ui/states.js'

const ROLE = 'persona-avatar-styleguide'

/** A file as a `data:` address, which has its content in base64. */
function readFile(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    // Read as an address, it is a text.
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
}

/** The project's pictures that portraits are to match: dropped or chosen, looked at, removed. */
export function StyleReferences({ projectId }: { projectId: string }) {
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const { value, error, reload } = useLoaded(projectId, (signal) =>
    service.value.images.list.query({ projectId, role: ROLE }, { signal }),
  )
  async function add(files: Iterable<File>) {
    setBusy(true)
    try {
      for (const file of files) {
        const imageBase64 = await readFile(file)
        await service.value.images.upload.mutate({ projectId, imageBase64, role: ROLE, filename: file.name })
        say(`${file.name} is a style reference now`)
      }
    } catch (failed) {
      sayFailure(failed)
    }
    setBusy(false)
    reload()
  }
  async function remove(imageId: string) {
    try {
      await service.value.images.delete.mutate({ projectId, imageId })
    } catch (failed) {
      sayFailure(failed)
    }
    reload()
  }
  return (
    <details class="references">
      <summary>
        Style references{value !== undefined && value.ids.length > 0 && ` (${value.ids.length})`}
      </summary>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      <ul>
        {value?.ids.map((imageId, at) => (
          <li key={imageId}>
            <Picture projectId={projectId} imageId={imageId} size={128} alt={`Style reference ${at + 1}`} />
            <button
              type="button"
              class="icon"
              aria-label={`Remove style reference ${at + 1}`}
              onClick={() =>
                ask({
                  title: 'Remove this style reference?',
                  text: 'Portraits of this project that are drawn from now on no longer follow it.',
                  yes: 'Remove',
                  onYes: () => void remove(imageId),
                })
              }
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button in it does the same */}
      <div
        class={isOver ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          event.stopPropagation()
          setOver(false)
          void add([...(event.dataTransfer?.files ?? [])])
        }}
      >
        <p class="hint">Drop pictures (PNG, JPEG, WebP) that portraits of this project should look like.</p>
        <button type="button" disabled={isBusy} onClick={() => input.current?.click()}>
          {isBusy ? 'Uploading…' : 'Choose pictures'}
        </button>
        <input
          ref={input}
          type="file"
          hidden
          multiple
          accept="image/png,image/jpeg,image/webp"
          onChange={({ currentTarget }) => {
            const files = [...(currentTarget.files ?? [])]
            currentTarget.value = ''
            void add(files)
          }}
        />
      </div>
    </details>
  )
}
