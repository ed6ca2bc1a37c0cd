import { crc32 } from 'node:zlib'
import { type Alphabet, readAlphabet } from './alphabet'
import { Bits } from './bits'
import { bytesOfSymbol } from './codes'
import { expectForm, expectWithin, ProtocolError, Reader } from './reader'
import { advance, clamped, freshSlot, hash2, Refiner, seen, Slots, squashed, stretched } from './lightparts'

const largest = 4 << 20

/**
 * The text of size bytes that the light text model packed (PROTOCOL.md §5,
 * compressor 4). The package textmodel is normative for it.
 */
export function readLight(bytes: Uint8Array, size: number): Uint8Array {
  expectWithin(size, largest, 'modelled text')
  const r = new Reader(bytes)
  const form = r.byte()
  if (form === 0) return r.take(r.left)
  if (form !== 2) throw new ProtocolError('malformed', `form ${form}`)
  const n = r.count(size, 'modelled text')
  const [low, high] = [r.byte(), r.byte()]
  const bits = new Bits(r.take(r.left))
  const alphabet = readAlphabet(bits, n)
  const model = new Light(bits, alphabet, n)
  const text = new Uint8Array(n)
  for (let at = 0; at < n; ) {
    const symbol = bytesOfSymbol(alphabet.symbols[model.next()]!)
    expectForm(!bits.exhausted && at + symbol.length <= n, 'the code ends early')
    text.set(symbol, at)
    at += symbol.length
  }
  const sum = crc32(text)
  expectForm(((sum ^ (sum >>> 16)) & 0xffff) === low + high * 256, 'the check differs')
  return text
}

const orders = [5, 3, 2] as const

interface Expectation {
  table: Uint32Array
  cell: number
  symbol: number // -1 none
  held: number
}

/** What tables are for n bytes. */
function cellsFor(n: number): number {
  let cells = 1 << 14
  while (cells < 1 << 21 && cells / 4 < n) cells *= 2
  return cells
}

const rate = (steps: number): number => 8 + Math.floor((32 * 4096) / (4096 + steps))

/** Sums what the inputs say; learn moves the weights against the error. */
class Mixer {
  private readonly weights: Int32Array
  private inputs: number[] = []
  private row = 0
  private p = 0
  private steps = 0
  private readonly width: number

  constructor(width: number, rows: number, first: number) {
    this.width = width
    this.weights = new Int32Array(width * rows).fill(first)
  }

  mix(row: number, inputs: number[]): number {
    this.inputs = inputs
    this.row = row * this.width
    const dot = inputs.reduce((sum, v, k) => sum + v * this.weights[this.row + k]!, 0)
    const guess = clamped(Math.floor(dot / 65536))
    this.p = squashed(guess)
    return guess
  }

  learn(target: number): void {
    const e = (target - this.p) * rate(this.steps++)
    this.inputs.forEach((v, k) => {
      this.weights[this.row + k]! += Math.floor((v * e + 131072) / 262144)
    })
  }
}

class Light {
  private readonly bits: Bits
  private readonly alphabet: Alphabet
  private readonly slots: Slots
  private readonly zero: Uint32Array
  private readonly expect: Uint32Array[]
  private readonly byTrust = new Uint32Array(1 << 13).fill(freshSlot)
  private readonly byPair = new Uint32Array(1 << 16).fill(freshSlot)
  private readonly byTriple = new Uint32Array(1 << 16).fill(freshSlot)
  private readonly flags = new Mixer(4, 48, Math.floor((65536 * 40) / 100))
  private readonly mixer = new Mixer(5, 1024, Math.floor((65536 * 30) / 100))
  private readonly refiner = new Refiner(1024)
  private last = [-1, -1, -1, -1, -1]
  private hash: number[] = []
  private word = 0
  private hits = 0

  constructor(bits: Bits, alphabet: Alphabet, n: number) {
    const cells = cellsFor(n)
    this.bits = bits
    this.alphabet = alphabet
    this.slots = new Slots(cells)
    this.zero = new Uint32Array(cells / 4).fill(freshSlot)
    this.expect = orders.map(() => new Uint32Array(cells / 8))
  }

  /** The number of the next symbol. */
  next(): number {
    let h = 1
    this.hash = this.last.map((s) => (h = hash2(h, s)))
    const found = orders.map((order, i) => this.look(this.expect[i]!, this.hash[order - 1]!))
    let symbol = this.ask(found)
    if (symbol < 0) symbol = this.decide()
    this.learn(found, symbol)
    return symbol
  }

  private look(table: Uint32Array, h: number): Expectation {
    const cell = (h & (table.length - 1)) >>> 0
    const e = table[cell]!
    const holds = e >>> 22 === h >>> 22 && (e & 63) > 0
    return { table, cell, symbol: holds ? (e >>> 6) & 0xffff : -1, held: holds ? e & 63 : 0 }
  }

  private ask(found: Expectation[]): number {
    const refused: number[] = []
    for (const [i, x] of found.entries()) {
      if (x.symbol < 0 || refused.includes(x.symbol)) continue
      if (this.flag(x, found[i + 1], i, refused.length)) return x.symbol
      refused.push(x.symbol)
    }
    return -1
  }

  private flag(x: Expectation, shorter: Expectation | undefined, i: number, n: number): number {
    let support = 0
    if (shorter && shorter.symbol === x.symbol) support = 2 + Math.floor((Math.min(shorter.held, 8) + 3) / 4)
    else if (shorter && shorter.symbol >= 0) support = 1
    const trust = ((i * 16 + Math.min(x.held, 15)) * 8 + support) * 12 + n * 4 + (this.hits & 3)
    const pair = hash2(this.hash[0]!, x.symbol) % 65536
    const triple = hash2(this.hash[1]!, x.symbol + 77) % 65536
    const places = [[this.byTrust, trust] as const, [this.byPair, pair] as const, [this.byTriple, triple] as const]
    const inputs = [...places.map(([table, at]) => stretched(table[at]!)), 256]
    const row = (seen(this.byPair[pair]!) * 4 + seen(this.byTriple[triple]!)) * 3 + n
    const bit = this.bits.read(squashed(this.flags.mix(row, inputs)))
    this.flags.learn(bit * 65535)
    for (const [table, at] of places) table[at] = advance(table[at]!, bit)
    this.hits = ((this.hits << 1) | bit) >>> 0
    return bit
  }

  private decide(): number {
    const contexts = [this.hash[0]!, this.hash[1]! + 0x1000193, this.word + 2 * 0x1000193]
    let at = this.alphabet.root
    let buckets: number[] = []
    let local = 8
    for (let depth = 0; at >= 0; depth++) {
      if (local >= 8) {
        const node = at
        buckets = contexts.map((h) => this.slots.bucket(hash2(h, node)))
        local = 1
      }
      const { cells } = this.slots
      const places = [[this.zero, at & (this.zero.length - 1)] as const, ...buckets.map((b) => [cells, b + local] as const)]
      const used = places.slice(1).reduce((row, [table, i]) => row * 4 + seen(table[i]!), 0)
      const inputs = [...places.map(([table, i]) => stretched(table[i]!)), 256]
      const guess = this.mixer.mix(used * 16 + Math.min(depth, 15), inputs)
      const p = (squashed(guess) + this.refiner.refine(at & 1023, guess)) >> 1
      const bit = this.bits.read(Math.max(1, p))
      this.mixer.learn(bit * 65535)
      this.refiner.learn(bit * 65535)
      for (const [table, i] of places) table[i] = advance(table[i]!, bit)
      at = this.alphabet.nodes[at]![bit]!
      local = (local << 1) | bit
    }
    return ~at
  }

  private learn(found: Expectation[], symbol: number): void {
    for (const [i, { table, cell, symbol: said, held }] of found.entries()) {
      if (said === symbol) {
        if (held < 63) table[cell]!++
      } else if (said >= 0 && held > 1) {
        table[cell] = ((table[cell]! & ~63) | (held >>> 1)) >>> 0
      } else {
        const check = (this.hash[orders[i]! - 1]! >>> 22) << 22
        table[cell] = (check | (symbol << 6) | 1) >>> 0
      }
    }
    this.last = [symbol, ...this.last.slice(0, 4)]
    if (!(this.hits & 1)) this.word = 0
    this.word = hash2(this.word, symbol + 1)
  }
}
