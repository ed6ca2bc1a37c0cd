// Arithmetic that both ends of a text model must share, on whole numbers
// alone. Probabilities are of a 1 bit, in 1/65,536; logistic values are
// ln(p/(1-p)) in 1/256, within ±2,047. A slot is a probability in the upper 16
// bits and how often it was used in the lower.

const most = 2047

/** A slot that was never used. */
export const freshSlot = 0x80000000

const squash = ((): Uint16Array => {
  const out = new Uint16Array(2 * most + 2)
  const one = 1n << 32n
  let e = one
  for (let i = 0; i <= most; i++) {
    const low = (e << 16n) / (one + e)
    out[most - i] = Number(low < 1n ? 1n : low)
    out[most + i] = Math.min(65536 - out[most - i]!, 65535)
    e = (e * (4278222805n >> 1n) + (1n << 30n)) >> 31n
  }
  return out
})()

const stretch = ((): Int16Array => {
  const out = new Int16Array(4096)
  let j = 0
  for (let i = 0; i < out.length; i++) {
    while (j < 2 * most && squash[j]! < i * 16 + 8) j++
    out[i] = j - most
  }
  return out
})()

/** Holds a logistic value within its bounds. */
export const clamped = (x: number): number => Math.max(-most, Math.min(most, x))

/** The probability of a logistic value. */
export const squashed = (x: number): number => squash[x + most]!

/** The logistic value of a slot. */
export const stretched = (slot: number): number => stretch[slot >>> 20]!

/** Grades how often a slot was used. */
export function seen(slot: number): number {
  const n = slot & 0xffff
  if (n < 2) return n
  return n < 4 ? 2 : 3
}

/** What a slot becomes after a bit. */
export function advance(slot: number, bit: number): number {
  const n = slot & 0xffff
  const step = Math.floor(6553600 / (100 * (n & 255) + 150))
  const old = slot >>> 16
  const p = old + Math.floor(((bit * 65535 - old) * step) / 65536)
  return ((p << 16) | Math.min(n + 1, 255)) >>> 0
}

/** Mixes b into a; both are taken modulo 2^32. */
export function hash2(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}

/** A hash table of buckets: a check word and seven slots. */
export class Slots {
  readonly cells: Uint32Array

  constructor(cells: number) {
    this.cells = new Uint32Array(cells)
  }

  /** The cell where the bucket of a hash begins, cleared if it was another's. */
  bucket(h: number): number {
    const { cells } = this
    const x = ((h & (cells.length / 8 - 1)) >>> 0) * 8
    const y = x ^ 8
    if (h !== 0 && cells[x] === h) return x
    if (h !== 0 && cells[y] === h) return y
    const at = (cells[y + 1]! & 0xffff) < (cells[x + 1]! & 0xffff) ? y : x
    cells.fill(freshSlot, at, at + 8)
    cells[at] = h
    return at
  }
}

const steps = 24

/** Corrects a guess by what came of earlier guesses like it. */
export class Refiner {
  private readonly cells: Uint16Array
  private at = 0

  constructor(situations: number) {
    this.cells = Uint16Array.from({ length: situations * steps }, (_, i) =>
      squashed(clamped(Math.floor(((i % steps) * 4096) / (steps - 1)) - most - 1)),
    )
  }

  refine(situation: number, guess: number): number {
    const x = (guess + most + 1) * (steps - 1)
    const part = x & 4095
    this.at = situation * steps + (x >> 12)
    const p = (this.cells[this.at]! * (4096 - part) + this.cells[this.at + 1]! * part) >> 12
    if (part > 2048) this.at++
    return p
  }

  learn(target: number): void {
    const old = this.cells[this.at]!
    this.cells[this.at] = old + ((target - old) >> 4)
  }
}
