import type { TagCount } from '../service.js'
import { SORTS, tagWord } from './search.js'

/** Tags that are shown above the cards: the most used. */
const MAX_TAGS = 24

interface FiltersProps {
  counts: readonly TagCount[]
  /** What is looked for: words, and tags. */
  q: string
  tags: string[]
  sort: string
  onSearch: (search: string) => void
  onSort: (sort: string) => void
}

/** The tags of a project with their counts, to look for, and the order. */
export function Filters({ counts, q, tags, sort, onSearch, onSort }: FiltersProps) {
  const lower = tags.map((tag) => tag.toLowerCase())

  function toggleTag(tag: string) {
    const others = tags.filter((each) => each.toLowerCase() !== tag.toLowerCase())
    const next = others.length === tags.length ? [...tags, tag] : others
    onSearch([q, ...next.map(tagWord)].join(' ').trim())
  }

  return (
    <div class="filters">
      <ul class="tag-counts" aria-label="Tags">
        {counts.slice(0, MAX_TAGS).map(({ tag, count: uses }) => (
          <li key={tag}>
            <button
              type="button"
              class="tag"
              aria-pressed={lower.includes(tag.toLowerCase())}
              onClick={() => toggleTag(tag)}
            >
              <bdi>{tag}</bdi> <span class="uses">{uses}</span>
            </button>
          </li>
        ))}
      </ul>
      <label class="sort">
        <span class="label">Sort</span>
        <select aria-label="Sort" value={sort} onChange={({ currentTarget }) => onSort(currentTarget.value)}>
          {Object.entries(SORTS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
