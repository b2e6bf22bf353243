// Pieces of texts that errors of several subjects share.

export const TRY_LATER = 'try again later'

/** The provider's own words, fit to be shown; '' where it gave none. */
export interface Quote {
  quote: string
}

/** Those words, or what stands in their place. */
export function orNoReason(quote: string): string {
  return quote || 'it gave no reason'
}
