import { expectForm, expectWithin, limits, Reader } from './reader'

// Code points end here; what follows stands for a byte that is not UTF-8.
const invalid = 0x110000

/** How long a compressor 5's codes are for a text of so many bytes, at most (PROTOCOL.md §5). */
export const longestCodes = (size: number): number => Math.min(5 * size + 16, limits.batch)

/** The text of at most size bytes that codes stand for (PROTOCOL.md §5). */
export function readCodes(bytes: Uint8Array, size: number): Uint8Array {
  const r = new Reader(bytes)
  const short = readCharacters(r, 256)
  const long = readCharacters(r, (256 - short.length) * 256)
  const text: number[] = []
  while (r.left > 0) {
    const code = r.byte()
    const character = code < short.length ? short[code] : long[(code - short.length) * 256 + r.byte()]
    expectForm(character !== undefined, `code ${code} of no character`)
    text.push(...character)
    expectForm(text.length <= size, `codes of more than ${size} bytes`)
  }
  return Uint8Array.from(text)
}

function readCharacters(r: Reader, most: number): Uint8Array[] {
  const n = r.count(most, 'characters')
  const out: Uint8Array[] = []
  let last = 0
  for (let i = 0; i < n; i++) {
    last += r.count(invalid + 255, 'gap')
    expectWithin(last, invalid + 255, 'character')
    out.push(bytesOfSymbol(last))
  }
  return out
}

/** The bytes of a code point, or of a byte that is not UTF-8. */
export function bytesOfSymbol(symbol: number): Uint8Array {
  if (symbol >= invalid) return Uint8Array.of(symbol - invalid)
  return new TextEncoder().encode(String.fromCodePoint(symbol))
}

/** One more than the last symbol. */
export const symbolEnd = invalid + 256
