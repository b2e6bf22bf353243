import { useState } from 'preact/hooks'
import { useKeys } from '../keys.js'
import { useLoaded } from '../loading.js'
import { loadProjects } from '../projects.js'
import { navigate, pathTo } from '../router.js'
import {
  apiKey,
  isPersonasError,
  keyWanted,
  type PersonasIssue,
  type ProjectConfig,
  service,
  setApiKey,
} from '../service.js'
import { DeleteProject } from '../settings/delete-project.js'
import { faults, formOf, inputOf, isSame, MODELS, modelUses, type SettingsForm } from '../settings/form.js'
import { say } from '../toasts.js'
import { Field, issuesOf } from '../ui/field.js'
import { useLeaveGuard } from '../ui/leaving.js'
import { Failure, Loading } from '../ui/states.js'

/** A project's name and provider, and the key of the service. */
export function Settings({ projectId }: { projectId: string }) {
  const { value, error, reload } = useLoaded(projectId, (signal) =>
    service.value.projects.getConfig.query({ projectId }, { signal }),
  )
  return (
    <section class="settings">
      <header class="bar">
        <h1>Settings</h1>
      </header>
      {error !== undefined && value === undefined && <Failure error={error} onRetry={reload} />}
      {error === undefined && value === undefined && <Loading what="settings" />}
      {value !== undefined && <ProjectForm projectId={projectId} initial={value} />}
      <ServiceKey />
    </section>
  )
}

function ProjectForm({ projectId, initial }: { projectId: string; initial: ProjectConfig }) {
  const [config, setConfig] = useState(initial)
  const [form, setForm] = useState(() => formOf(initial))
  const [issues, setIssues] = useState<PersonasIssue[]>([])
  const [failure, setFailure] = useState<unknown>(undefined)
  const [isSaving, setSaving] = useState(false)
  const isDirty = !isSame(form, formOf(config))
  useLeaveGuard(isDirty, 'Your changes of the settings are not saved.')
  const mask = config.llmSettings?.apiKey

  async function save() {
    if (!isDirty || isSaving) return
    const wrong = faults(form)
    setIssues(wrong)
    setFailure(undefined)
    if (wrong.length > 0) return
    setSaving(true)
    try {
      const next = await service.value.projects.updateConfig.mutate({ projectId, ...inputOf(form) })
      setConfig(next)
      setForm(formOf(next))
      say('Saved')
      await loadProjects()
    } catch (error) {
      if (isPersonasError(error) && error.issues !== undefined) setIssues(error.issues)
      else setFailure(error)
    }
    setSaving(false)
  }
  useKeys([
    { key: 'mod+s', label: 'Save', run: () => void save() },
    { key: 'Escape', label: 'Back to the personas', run: () => navigate(pathTo('gallery', { projectId })) },
  ])

  const text = (
    field: keyof SettingsForm,
    about: { label: string; hint?: string; path: string; isSecret?: true },
  ) => (
    <Field label={about.label} hint={about.hint} issues={issuesOf(issues, about.path)}>
      {(described) => {
        const shared = {
          ...described,
          autocomplete: 'off',
          spellcheck: false,
          placeholder: field === 'apiKey' ? mask : undefined,
          value: form[field],
          onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
            setForm({ ...form, [field]: currentTarget.value }),
        } as const
        return about.isSecret === true ? (
          <input type="password" {...shared} />
        ) : (
          <input dir="auto" {...shared} />
        )
      }}
    </Field>
  )
  const keyHint =
    mask === undefined ? 'It is stored, and never shown again.' : `Stored: ${mask}. Left empty, it stays.`
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      {failure !== undefined && <Failure error={failure} />}
      <h2>Project</h2>
      {text('name', { label: 'Name', path: 'name' })}
      <h2>Language model provider</h2>
      <p class="hint">Draws portraits and speaks as personas. What it does is billed to this key.</p>
      {text('provider', {
        label: 'Provider',
        path: 'llmSettings.provider',
        hint: 'openai; empty removes the provider and its key',
      })}
      {text('apiKey', {
        label: 'API key of the provider',
        path: 'llmSettings.apiKey',
        isSecret: true,
        hint: keyHint,
      })}
      {modelUses.map((use) => (
        <div key={use}>
          {text(use, {
            ...MODELS[use],
            hint: `${MODELS[use].hint}. Empty: the service’s own choice.`,
            path: `llmSettings.models.${use}`,
          })}
        </div>
      ))}
      {text('maxConcurrency', {
        label: 'Most conversations at once',
        path: 'maxConcurrency',
        hint: 'Kept for clients of the original API',
      })}
      <p class="actions">
        <button type="button" disabled={!isDirty || isSaving} onClick={() => setForm(formOf(config))}>
          Discard
        </button>
        <button type="submit" class="primary" disabled={!isDirty || isSaving}>
          {isSaving ? 'Saving…' : 'Save'}
        </button>
      </p>
      <DeleteProject projectId={projectId} name={config.name} />
    </form>
  )
}

/** The key of the service, where one is used. */
function ServiceKey() {
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
