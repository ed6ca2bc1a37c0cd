import { expectForm, expectWithin, ProtocolError, type Reader } from './reader'

/** `ints(n)` of PROTOCOL.md §4: a column of n 64-bit numbers. */
export function readInts(r: Reader, n: number): bigint[] {
  if (n === 0) return []
  const layout = r.byte()
  switch (layout) {
    case 0:
      return Array<bigint>(n).fill(r.varint())
    case 1:
      expectForm(n <= r.left, 'column ends early')
      return Array.from({ length: n }, () => r.varint())
    case 2:
      return readDifferences(r, n)
    case 3:
      return readPacked(r, n)
  }
  throw new ProtocolError('malformed', `layout ${layout} of numbers`)
}

function readDifferences(r: Reader, n: number): bigint[] {
  expectForm(n <= r.left, 'column ends early')
  let before = 0n
  return Array.from({ length: n }, () => (before = BigInt.asIntN(64, before + r.varint())))
}

function readPacked(r: Reader, n: number): bigint[] {
  const least = r.varint()
  const width = r.byte()
  expectForm(width <= 56, `width ${width}`)
  const bytes = r.take(Math.ceil((n * width) / 8))
  return Array.from({ length: n }, (_, i) => BigInt.asIntN(64, least + bitsAt(bytes, i * width, width)))
}

function bitsAt(bytes: Uint8Array, from: number, width: number): bigint {
  let n = 0n
  for (let i = (from + width - 1) >> 3; width > 0 && i >= from >> 3; i--) n = (n << 8n) | BigInt(bytes[i]!)
  return (n >> BigInt(from & 7)) & ((1n << BigInt(width)) - 1n)
}

/** A column of numbers that must lie from 0 to `most`: lengths, kinds, indexes. */
export function readSmall(r: Reader, n: number, most: number, what: string): number[] {
  return readInts(r, n).map((v) => {
    expectForm(v >= 0n && v <= most, `${what} ${v}`)
    return Number(v)
  })
}

/** A column of sizes: what is over the limit is too large. */
export function readSizes(r: Reader, n: number, limit: number, what: string): number[] {
  return readInts(r, n).map((v) => {
    expectForm(v >= 0n, `negative size of ${what}`)
    expectWithin(v, limit, what)
    return Number(v)
  })
}
