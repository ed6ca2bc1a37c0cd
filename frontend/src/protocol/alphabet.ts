import { symbolEnd } from './codes'
import type { Bits } from './bits'
import { expectForm, expectWithin } from './reader'

/** A decision: whether the number of the next symbol is below some other. A kid is a node, or ~number. */
export type Node = [lower: number, upper: number]

/** The symbols of a text, and the decisions that lead to each from the root. */
export interface Alphabet {
  symbols: number[]
  nodes: Node[]
  root: number
}

const half = 1 << 15

/** Whole numbers from 1 up: the length in bits, then the bits, the first two adaptive. */
class Numbers {
  private readonly length = new Uint16Array(32).fill(half)
  private readonly first = Array.from({ length: 32 }, () => new Uint16Array(4).fill(half))

  read(bits: Bits): number {
    let at = 1
    for (let k = 0; k < 5; k++) at = (at << 1) | adaptive(bits, this.length, at)
    const length = at & 31
    const first = this.first[length]!
    let n = 1
    for (let k = 0; k < length; k++) {
      let bit = 0
      if (k === 0) bit = adaptive(bits, first, 1)
      else if (k === 1) bit = adaptive(bits, first, 2 + (n & 1))
      else bit = bits.read(half)
      n = n * 2 + bit
    }
    return n
  }
}

function adaptive(bits: Bits, cells: Uint16Array, i: number): number {
  const p = cells[i]!
  const bit = bits.read(p)
  cells[i] = bit ? p + ((65535 - p) >> 4) : p - (p >> 4)
  return bit
}

/** Reads the symbols of a text, at most so many, each with the binary order of how often it occurs. */
export function readAlphabet(bits: Bits, most: number): Alphabet {
  const [size, gaps, orders] = [new Numbers(), new Numbers(), new Numbers()]
  const n = size.read(bits) - 1
  expectForm(n > 0 && n <= most, `${n} symbols`)
  const symbols: number[] = []
  const weights: number[] = []
  let last = -1
  for (let i = 0; i < n; i++) {
    last += gaps.read(bits)
    const order = orders.read(bits)
    expectForm(last < symbolEnd && order <= 31, `symbol ${last} of order ${order}`)
    symbols.push(last)
    weights.push(Math.floor((3 * 2 ** order) / 4))
  }
  return { symbols, ...grow(weights) }
}

/** Halves the weights again and again, breadth first. */
function grow(weights: number[]): { nodes: Node[]; root: number } {
  if (weights.length === 1) return { nodes: [], root: ~0 }
  expectWithin(weights.length, 1 << 16, 'symbols')
  const sum = [0]
  weights.forEach((w, i) => sum.push(sum[i]! + w))
  const nodes: Node[] = []
  const queue: [number, number][] = [[0, weights.length]]
  // A node's number is its place in the queue.
  for (let i = 0; i < queue.length; i++) {
    const [lo, hi] = queue[i]!
    const cut = halfway(sum, lo, hi)
    const kid = (from: number, to: number): number => {
      if (to - from === 1) return ~from
      return queue.push([from, to]) - 1
    }
    const lower = kid(lo, cut)
    nodes.push([lower, kid(cut, hi)])
  }
  return { nodes, root: 0 }
}

/**
 * The cut strictly inside lo..hi that halves the weight best; one before the
 * last if the last outweighs all others, for that is what writers do.
 */
function halfway(sum: number[], lo: number, hi: number): number {
  const twice = sum[lo]! + sum[hi]!
  let cut = lo + 1
  while (cut < hi - 1 && 2 * sum[cut]! < twice) cut++
  const over = 2 * sum[cut]! - twice
  if (cut > lo + 1 && (over < 0 || twice - 2 * sum[cut - 1]! < over)) cut--
  return cut
}
