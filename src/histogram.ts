type LabelValue = string | number

/** The observations with one combination of labels. */
interface Series {
  labels: Record<string, LabelValue>
  /** How many were at most each bound, and above the one before; last, how many were above all. */
  counts: number[]
  sum: number
}

interface HistogramOptions {
  name: string
  help: string
  labelNames: readonly string[]
  /** Upper bounds, ascending. */
  buckets: readonly number[]
}

type Tree = Map<LabelValue, Tree | Series>

/**
 * A histogram as prom-client's registries take it. Its own makes a text of the labels at every observation, by which
 * it finds the series; here each label leads a step further down a tree of maps.
 */
export class FastHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #labelNames: readonly string[]
  readonly #buckets: readonly number[]
  readonly #tree: Tree = new Map()
  readonly #all: Series[] = []

  constructor({ name, help, labelNames, buckets }: HistogramOptions) {
    this.name = name
    this.help = help
    this.#labelNames = labelNames
    this.#buckets = buckets
  }

  /** Counts a value; `labels` are the values of its labels, in the order of their names. */
  observe(labels: readonly LabelValue[], value: number): void {
    const series = this.#find(labels)
    let at = 0
    while (value > (this.#buckets[at] ?? Number.POSITIVE_INFINITY)) at += 1
    series.counts[at] = (series.counts[at] ?? 0) + 1
    series.sum += value
  }

  /** What it counted, as a registry asks for it. */
  async get() {
    const values = this.#all.flatMap(({ labels, counts, sum }) => {
      let count = 0
      const buckets = counts.map((more, at) => {
        count += more
        const le = this.#buckets[at] ?? '+Inf'
        return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count }
      })
      return [
        ...buckets,
        { metricName: `${this.name}_sum`, labels, value: sum },
        { metricName: `${this.name}_count`, labels, value: count },
      ]
    })
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values }
  }

  #find(labels: readonly LabelValue[]): Series {
    let tree = this.#tree
    const last = labels.length - 1
    for (let at = 0; at < last; at += 1) tree = this.#branch(tree, labels[at] ?? '')
    const leaf = labels[last] ?? ''
    // The last level holds series alone, and those above it trees.
    const known = tree.get(leaf) as Series | undefined
    if (known !== undefined) return known
    const named = this.#labelNames.map((name, at) => [name, labels[at] ?? ''])
    const series = { labels: Object.fromEntries(named), counts: [...this.#buckets, 0].map(() => 0), sum: 0 }
    tree.set(leaf, series)
    this.#all.push(series)
    return series
  }

  #branch(tree: Tree, label: LabelValue): Tree {
    const known = tree.get(label) as Tree | undefined
    if (known !== undefined) return known
    const branch: Tree = new Map()
    tree.set(label, branch)
    return branch
  }
}
