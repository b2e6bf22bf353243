import { useState } from 'preact/hooks'
import { useKeys } from '../keys.js'
import { loadProjects } from '../projects.js'
import { navigate, pathTo } from '../router.js'
import { isPersonasError, type PersonasIssue, type ProjectConfig, service } from '../service.js'
import { say } from '../toasts.js'
import { Field, issuesOf } from '../ui/field.js'
import { useLeaveGuard } from '../ui/leaving.js'
import { Failure } from '../ui/states.js'
import { DeleteProject } from './delete-project.js'
import { faults, formOf, inputOf, isSame, MODELS, modelUses, type SettingsForm } from './form.js'

/** A project's name, and the provider that draws and speaks for it. */
export function ProjectForm({ projectId, initial }: { projectId: string; initial: ProjectConfig }) {
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
