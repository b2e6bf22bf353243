import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { useKeys } from '../keys.js'
import { Card } from './card.js'
import type { Listing } from './listing.js'
import { selected, selectRange, setSelected } from './selection.js'

/** Pixels: the least width of a card, the space between cards, and what surrounds a card's text. */
const MIN_WIDTH = 200
const NARROW_WIDTH = 150
const GAP = 16
const PADDING = 12
/** The height of a card's text, in the page's own letters: who has them larger sees all of it as well. */
const TEXT_REM = 7.5
/** Rows beyond what is seen that are in the page. */
const SPARE = 2

interface Seen {
  width: number
  top: number
  height: number
}

/** The cards of a list. Only those that are seen are in the page, however many there are. */
export function Grid({ listing }: { listing: Listing }) {
  const box = useRef<HTMLUListElement>(null)
  const [seen, setSeen] = useState<Seen>({ width: 0, top: listing.scrollTop, height: 800 })
  const [at, setAt] = useState(listing.at)
  const wantsFocus = useRef(false)
  const personas = listing.shown.value
  const { projectId } = listing.wanted

  const least = seen.width < 480 ? NARROW_WIDTH : MIN_WIDTH
  const columns = Math.max(1, Math.floor((seen.width + GAP) / (least + GAP)))
  const width = (seen.width - GAP * (columns - 1)) / columns
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const rowHeight = Math.round(width + TEXT_REM * rem) + GAP
  const rows = Math.ceil(personas.length / columns)
  const first = Math.max(0, Math.floor(seen.top / rowHeight) - SPARE)
  const end = Math.min(rows, Math.ceil((seen.top + seen.height) / rowHeight) + SPARE)

  useLayoutEffect(() => {
    const main = document.getElementById('main')
    const list = box.current
    if (main === null || list === null) return
    const look = () => {
      const top = main.getBoundingClientRect().top - list.getBoundingClientRect().top
      setSeen({ width: list.clientWidth, top: Math.max(0, top), height: main.clientHeight })
      listing.scrollTop = main.scrollTop
    }
    const observer = new ResizeObserver(look)
    observer.observe(list)
    observer.observe(main)
    main.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      main.removeEventListener('scroll', look)
    }
  }, [listing])

  // Once it has its height again, the list is where it was left.
  const isPlaced = useRef(false)
  useLayoutEffect(() => {
    if (isPlaced.current || seen.width === 0 || rows === 0) return
    isPlaced.current = true
    const main = document.getElementById('main')
    if (main !== null && listing.scrollTop > 0) main.scrollTop = listing.scrollTop
  }, [seen.width, rows, listing])

  const isNearEnd = end >= rows - 2 * SPARE
  const count = personas.length
  useEffect(() => {
    if (isNearEnd && seen.width > 0) void listing.more()
  }, [isNearEnd, count, listing, seen.width])

  function walk(by: number): void {
    if (personas.length === 0) return
    const next = at < 0 ? 0 : Math.min(personas.length - 1, Math.max(0, at + by))
    wantsFocus.current = true
    setAt(next)
    listing.at = next
    const main = document.getElementById('main')
    const list = box.current
    if (main === null || list === null) return
    list.querySelector<HTMLElement>(`[data-at="${next}"] a`)?.focus({ preventScroll: true })
    const top = list.offsetTop + Math.floor(next / columns) * rowHeight
    if (top < main.scrollTop + 8) main.scrollTop = top - 8
    else if (top + rowHeight > main.scrollTop + main.clientHeight)
      main.scrollTop = top + rowHeight - main.clientHeight
  }

  // Before the next key comes: Enter is for what has the focus.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return
    const link = box.current?.querySelector<HTMLElement>(`[data-at="${at}"] a`)
    if (link === null || link === undefined) return
    wantsFocus.current = false
    link.focus({ preventScroll: true })
  })

  const chosen = personas[at]
  useKeys([
    { key: 'j', label: 'Next persona', run: () => walk(1) },
    { key: 'k', label: 'Previous persona', run: () => walk(-1) },
    { key: 'ArrowRight', label: 'Next persona', run: () => walk(1) },
    { key: 'ArrowLeft', label: 'Previous persona', run: () => walk(-1) },
    { key: 'ArrowDown', label: 'A row down', run: () => walk(columns) },
    { key: 'ArrowUp', label: 'A row up', run: () => walk(-columns) },
    {
      key: 'x',
      label: 'Select the persona',
      run: () => chosen && setSelected(chosen.id, !selected.value.has(chosen.id)),
    },
    {
      key: 'e',
      label: 'Edit the persona',
      run: () => box.current?.querySelector<HTMLElement>(`[data-at="${Math.max(0, at)}"] a`)?.click(),
    },
  ])

  const visible: number[] = []
  for (let n = first * columns; n < Math.min(personas.length, end * columns); n += 1) visible.push(n)
  // What has the focus stays in the page.
  if (at >= 0 && at < personas.length && !visible.includes(at)) visible.push(at)

  return (
    <ul ref={box} class="grid" style={{ height: `${Math.max(0, rows * rowHeight - GAP)}px` }}>
      {visible.map((n) => {
        const persona = personas[n]
        if (persona === undefined) return null
        const [row, column] = [Math.floor(n / columns), n % columns]
        return (
          <li
            key={persona.id}
            data-at={n}
            aria-setsize={listing.isComplete.value ? personas.length : -1}
            aria-posinset={n + 1}
            style={{
              width: `${width}px`,
              height: `${rowHeight - GAP}px`,
              transform: `translate(${column * (width + GAP)}px, ${row * rowHeight}px)`,
            }}
          >
            <Card
              projectId={projectId}
              persona={persona}
              room={width - 2 * PADDING}
              isSelected={selected.value.has(persona.id)}
              isFocusable={n === Math.max(0, at)}
              onFocus={() => {
                setAt(n)
                listing.at = n
              }}
              onSelect={(isSelected, withShift) =>
                withShift ? selectRange(personas, n) : setSelected(persona.id, isSelected, n)
              }
            />
          </li>
        )
      })}
    </ul>
  )
}
