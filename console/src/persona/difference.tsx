import { useEffect, useState } from 'preact/hooks'

interface Piece {
  value: string
  added: boolean
  removed: boolean
}

/** Milliseconds that a comparison may take; beyond it the whole is shown as replaced. */
const TIMEOUT = 500

async function compare(before: string, after: string): Promise<Piece[]> {
  const { diffWordsWithSpace } = await import('diff')
  // Without an answer in time it is undefined.
  const pieces: Piece[] | undefined = diffWordsWithSpace(before, after, { timeout: TIMEOUT })
  return (
    pieces ?? [
      { value: before, added: false, removed: true },
      { value: after, added: true, removed: false },
    ]
  )
}

/** Two texts as one, with what was added and removed marked: by lines and words, not by colour alone. */
export function Difference({ before, after }: { before: string; after: string }) {
  const [pieces, setPieces] = useState<Piece[]>([])
  useEffect(() => {
    let isCurrent = true
    void compare(before, after).then((found) => isCurrent && setPieces(found))
    return () => {
      isCurrent = false
    }
  }, [before, after])
  return (
    <div class="difference" dir="auto">
      {pieces.map(({ value, added, removed }, at) => {
        // The pieces of two texts never change.
        const key = `${at}`
        if (added)
          return (
            <ins key={key}>
              <span class="visually-hidden">added: </span>
              {value}
            </ins>
          )
        if (removed)
          return (
            <del key={key}>
              <span class="visually-hidden">removed: </span>
              {value}
            </del>
          )
        return <span key={key}>{value}</span>
      })}
      {before === '' && after === '' && <span class="hint">Empty</span>}
    </div>
  )
}
