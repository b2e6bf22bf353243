/**
 * Makes a gate that lets works in as long as the costs of those inside add up to at most `capacity`; the
 * others wait in order of arrival. What a work returns or throws passes through. No cost may exceed the
 * capacity.
 */
export function gate(capacity: number): <T>(cost: number, work: () => Promise<T>) => Promise<T> {
  let free = capacity
  const waiting: { cost: number; enter: () => void }[] = []

  function admit() {
    // Strictly in order: a dear work at the head would starve if cheap ones could overtake it.
    for (let next = waiting[0]; next !== undefined && next.cost <= free; next = waiting[0]) {
      waiting.shift()
      free -= next.cost
      next.enter()
    }
  }

  return async (cost, work) => {
    await new Promise<void>((enter) => {
      waiting.push({ cost, enter })
      admit()
    })
    try {
      return await work()
    } finally {
      free += cost
      admit()
    }
  }
}
