/** Longest piece of what a caller sent that an error shows, in UTF-16 units. */
const MAX_LENGTH = 80

/** A text of any length from a caller, fit to stand in an error. The client has it too, and so it needs no package. */
export function excerpt(text: string): string {
  return (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text).toWellFormed()
}
