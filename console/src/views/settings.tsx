import { useLoaded } from '../loading.js'
import { service } from '../service.js'
import { ProjectForm } from '../settings/project-form.js'
import { ServiceKey } from '../settings/service-key.js'
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
