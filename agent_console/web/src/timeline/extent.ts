/**
 * Where each row of a long list begins, by its height where it was measured and by an estimate
 * where it was not. Knows nothing of the page; heights are in CSS pixels and may be fractions.
 */
export class Extent<T extends { readonly key: string }> {
  private rows: readonly T[] = []
  private readonly heights = new Map<string, number>()
  /** `tops[i]` is where row `i` begins, `tops[count]` where the last one ends; valid up to `known`. */
  private tops = new Float64Array(64)
  private known = 0
  private readonly estimate: (row: T) => number

  constructor(estimate: (row: T) => number) {
    this.estimate = estimate
  }

  get count(): number {
    return this.rows.length
  }

  get total(): number {
    return this.top(this.count)
  }

  /** Other rows; what is reckoned of those at the beginning that stayed is kept. */
  set(rows: readonly T[]): void {
    const most = Math.min(this.known, rows.length, this.rows.length)
    let same = 0
    while (same < most && rows[same]?.key === this.rows[same]?.key) same++
    this.rows = rows
    this.known = same
    if (this.tops.length <= rows.length) {
      const grown = new Float64Array(rows.length * 2)
      grown.set(this.tops.subarray(0, same + 1))
      this.tops = grown
    }
  }

  key(index: number): string | null {
    return this.rows[index]?.key ?? null
  }

  /** -1 when it isn't among the rows; `near` is where it was. */
  indexOf(key: string, near: number): number {
    return this.rows[near]?.key === key ? near : this.rows.findIndex((row) => row.key === key)
  }

  measured(index: number): boolean {
    const key = this.key(index)
    return key !== null && this.heights.has(key)
  }

  height(index: number): number {
    const row = this.rows[index]
    return row ? (this.heights.get(row.key) ?? this.estimate(row)) : 0
  }

  /** Keeps what was measured, and says by how much that is more than was reckoned with. */
  measure(index: number, height: number): number {
    const key = this.key(index)
    if (key === null) return 0
    const more = height - this.height(index)
    this.heights.set(key, height)
    if (more !== 0) this.known = Math.min(this.known, index)
    return more
  }

  /** Measured at another width: worth nothing any more. */
  forget(): void {
    this.heights.clear()
    this.known = 0
  }

  top(index: number): number {
    const wanted = Math.min(index, this.count)
    for (let at = this.known; at < wanted; at++) {
      this.tops[at + 1] = (this.tops[at] ?? 0) + this.height(at)
    }
    this.known = Math.max(this.known, wanted)
    return this.tops[wanted] ?? 0
  }

  /** The row at this distance from the beginning; the nearest one beyond either end. */
  at(offset: number): number {
    this.top(this.count)
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.tops[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}
