import { useEffect } from 'preact/hooks'
import { guardLeaving } from '../router.js'
import { ask } from './ask.js'

/** Asks before the tab is closed or loaded again, while there is something that would be lost. */
export function useReloadGuard(isKept: boolean): void {
  useEffect(() => {
    if (!isKept) return
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', onUnload)
    return () => window.removeEventListener('beforeunload', onUnload)
  }, [isKept])
}

/** Asks before changes are left behind: by a link, by Back, and by closing the tab. Below the path `own` they stay. */
export function useLeaveGuard(isDirty: boolean, text: string, own = ''): void {
  useReloadGuard(isDirty)
  useEffect(() => {
    if (!isDirty) return
    return guardLeaving((to, go) => {
      if (own !== '' && (to === own || to.startsWith(`${own}/`))) return true
      ask({
        title: 'Leave without saving?',
        text,
        yes: 'Discard changes',
        no: 'Keep editing',
        onYes: go,
      })
      return false
    })
  }, [isDirty, text, own])
}
