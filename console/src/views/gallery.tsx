import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Filters } from '../gallery/filters.js'
import { Grid } from '../gallery/grid.js'
import { listingOf } from '../gallery/listing.js'
import { addressOf, readSearch, rememberSearch, sortOf } from '../gallery/search.js'
import { clearSelection, selected } from '../gallery/selection.js'
import { SelectionBar } from '../gallery/selection-bar.js'
import { useKeys } from '../keys.js'
import { navigate, pathTo, place } from '../router.js'
import { epoch } from '../service.js'
import { Empty, Failure, Loading } from '../ui/states.js'
import { FirstVisit } from './first-visit.js'

/** Milliseconds after the last letter before it is looked for. */
const TYPING = 200

/** The personas of a project as cards, found by words and tags. */
export function Gallery({ projectId }: { projectId: string }) {
  const { query } = place.value
  const text = query.get('q') ?? ''
  const sort = sortOf(query)
  const { q, tags } = readSearch(text)
  const listing = useMemo(() => listingOf({ projectId, q, tags, sort }), [projectId, text, sort])
  const input = useRef<HTMLInputElement>(null)
  const typing = useRef<number | undefined>(undefined)
  const since = epoch.value

  useEffect(() => rememberSearch(projectId, addressOf(projectId, text, sort)), [projectId, text, sort])
  useEffect(() => void listing.refresh(), [listing, since])
  useEffect(() => () => window.clearTimeout(typing.current), [])
  useEffect(() => {
    if (input.current !== null && document.activeElement !== input.current) input.current.value = text
  }, [text])

  const search = (next: string) => navigate(addressOf(projectId, next, sort), { replace: true })
  const create = pathTo('create', { projectId })
  useKeys([
    { key: '/', label: 'Find', run: () => input.current?.focus() },
    { key: 'n', label: 'New persona', run: () => navigate(create) },
    {
      key: 'Escape',
      label: 'Clear the selection, or the search',
      run: () => {
        if (selected.value.size > 0) return clearSelection()
        input.current?.blur()
        put('')
      },
    },
  ])

  const count = listing.shown.value.length
  const isComplete = listing.isComplete.value
  const shownCount = count === 0 ? '' : `${count.toLocaleString('en')}${isComplete ? '' : '+'}`
  const isSearch = q !== '' || tags.length > 0
  const failure = listing.failure.value
  const isEmpty = isComplete && count === 0
  // Where there is nothing to find, there is nothing to find it with.
  const isFirstVisit = isEmpty && !isSearch

  function put(words: string) {
    // What was being typed is not looked for after it.
    window.clearTimeout(typing.current)
    if (input.current !== null) input.current.value = words
    search(words)
  }

  return (
    <section class="gallery">
      <header class="bar">
        <h1>
          Personas <span class="count">{shownCount}</span>
        </h1>
        <span class="visually-hidden" role="status">
          {isComplete && `${shownCount || 'No'} personas`}
        </span>
        {!isFirstVisit && (
          <>
            <input
              ref={input}
              type="search"
              aria-label="Find personas"
              placeholder="Words or tag:billing"
              defaultValue={text}
              dir="auto"
              onInput={({ currentTarget }) => {
                window.clearTimeout(typing.current)
                const { value } = currentTarget
                typing.current = window.setTimeout(() => search(value), TYPING)
              }}
            />
            <a class="button primary" href={create}>
              New persona
            </a>
          </>
        )}
      </header>
      {!isFirstVisit && (
        <Filters
          counts={listing.tags.value}
          q={q}
          tags={tags}
          sort={sort}
          onSearch={put}
          onSort={(next) => navigate(addressOf(projectId, text, next), { replace: true })}
        />
      )}
      <SelectionBar listing={listing} />
      {failure !== undefined && <Failure error={failure} onRetry={() => void listing.refresh()} />}
      {isEmpty && isSearch && (
        <Empty title="Nothing found">
          <p>
            Try fewer words, part of a word, or another tag. Words are looked for in names, descriptions and
            tags.
          </p>
          <p>
            <button type="button" onClick={() => put('')}>
              Clear the search
            </button>
          </p>
        </Empty>
      )}
      {isFirstVisit && <FirstVisit projectId={projectId} />}
      {count === 0 && !isComplete && failure === undefined && <Loading what="personas" />}
      <Grid key={text + sort} listing={listing} />
    </section>
  )
}
