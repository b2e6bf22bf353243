import { signal } from '@preact/signals'

/** Where columns no longer fit beside each other: the same width as in the styles. */
const query = window.matchMedia('(max-width: 960px)')

/** Whether columns stand one below the other. */
export const isStacked = signal(query.matches)
query.addEventListener('change', ({ matches }) => {
  isStacked.value = matches
})
