import { readInts, readSizes, readSmall } from './ints'
import { readIds } from './stamps'
import { expectForm, expectWithin, limits, ProtocolError, Reader, textOf } from './reader'
import { Ref, type Value } from './record'

/** The two streams of a batch and the replicas that it names. */
export interface Streams {
  structure: Reader
  text: Reader
  replicas: number[]
  /** Bytes that values may still come to. */
  budget: number
}

/** Counts what a value unpacks to, so that a few indexes cannot become gigabytes. */
export function spend(s: Streams, bytes: number): void {
  s.budget -= bytes
  if (s.budget < 0) throw new ProtocolError('too_large', 'values of a batch')
}

const mixed = 127
const kinds = 7

/** `values(n)` of PROTOCOL.md §5. */
export function readValues(s: Streams, n: number): Value[] {
  if (n === 0) return []
  const kind = s.structure.byte()
  if (kind !== mixed) return readKind(s, kind, n)
  const each = readSmall(s.structure, n, kinds - 1, 'kind')
  const out = new Array<Value>(n)
  for (let k = 0; k < kinds; k++) {
    const rows = each.flatMap((v, i) => (v === k ? [i] : []))
    if (rows.length === 0) continue
    const values = readKind(s, k, rows.length)
    rows.forEach((row, i) => (out[row] = values[i]!))
  }
  return out
}

function readKind(s: Streams, kind: number, n: number): Value[] {
  const r = s.structure
  switch (kind) {
    case 0:
      return Array<Value>(n).fill(null)
    case 1:
      return readInts(r, n).map((v) => v !== 0n)
    case 2:
      return readInts(r, n)
    case 3:
      return readTexts(s, n)
    case 4:
      return Array.from({ length: n }, () => {
        const bytes = r.take(r.count(limits.text, 'bytes'))
        spend(s, bytes.length)
        return bytes
      })
    case 5:
      return readRefs(s, n)
    case 6:
      return readLists(s, n)
  }
  throw new ProtocolError('malformed', `kind ${kind}`)
}

function readRefs(s: Streams, n: number): Value[] {
  const distinct = s.structure.uvarint()
  expectForm(distinct <= n, 'more distinct references than references')
  const refs = readIds(s.structure, Number(distinct), s.replicas).map((id) => new Ref(id))
  return readSmall(s.structure, n, refs.length - 1, 'index').map((i) => refs[i]!)
}

function readLists(s: Streams, n: number): Value[] {
  const counts = readSizes(s.structure, n, limits.list, 'list')
  const total = counts.reduce((a, b) => a + b, 0)
  expectWithin(total, limits.listed, 'texts of lists')
  const texts = readTexts(s, total)
  let at = 0
  return counts.map((c) => texts.slice(at, (at += c)))
}

function readTexts(s: Streams, n: number): string[] {
  if (n === 0) return []
  return readLayout(s, n).map(({ text, bytes }) => {
    spend(s, bytes)
    return text
  })
}

/** A text and how many bytes it has in UTF-8. */
interface Sized {
  text: string
  bytes: number
}

const sized = (text: string): Sized => ({ text, bytes: text.length }) // of digits

function readLayout(s: Streams, n: number): Sized[] {
  const r = s.structure
  const layout = r.byte()
  switch (layout) {
    case 0:
      return cutTexts(r, readLengths(r, n))
    case 1:
      return cutTexts(s.text, readLengths(r, n))
    case 2:
      return readDistinct(s, n)
    case 3:
      return readDigits(r, n)
    case 4:
      return readIdentities(r, n)
  }
  throw new ProtocolError('malformed', `layout ${layout} of texts`)
}

const readLengths = (r: Reader, n: number): number[] => readSizes(r, n, limits.text, 'text')

const cutTexts = (from: Reader, lengths: number[]): Sized[] =>
  lengths.map((bytes) => ({ text: textOf(from.take(bytes)), bytes }))

function readDistinct(s: Streams, n: number): Sized[] {
  const r = s.structure
  const count = r.uvarint()
  expectForm(count >= 1n && count <= n, 'more distinct texts than texts')
  const layout = r.byte()
  expectForm(layout <= 1, `layout ${layout} of distinct texts`)
  const texts = cutTexts(layout === 0 ? r : s.text, readLengths(r, Number(count)))
  return readSmall(r, n, texts.length - 1, 'index').map((i) => texts[i]!)
}

function readDigits(r: Reader, n: number): Sized[] {
  const length = r.byte()
  expectForm(length >= 1 && length <= 16, `${length} digits`)
  return readInts(r, n).map((v) => sized(digits(v, length)))
}

function digits(v: bigint, length: number): string {
  const text = v.toString().padStart(length, '0')
  expectForm(v >= 0n && text.length === length, `${v} in ${length} digits`)
  return text
}

function readIdentities(r: Reader, n: number): Sized[] {
  const areas = readInts(r, n)
  const births = readInts(r, n)
  const sequences = readInts(r, n)
  return areas.map((area, i) => {
    const first = digits(area, 6) + calendarDay(births[i]!) + digits(sequences[i]!, 3)
    return sized(first + checkDigit(first))
  })
}

/** The date of so many days since 1970 as eight digits. */
function calendarDay(days: bigint): string {
  const date = new Date(Number(days) * 86_400_000)
  const year = date.getUTCFullYear()
  expectForm(year >= 1 && year <= 9999, `birth ${days} days after 1970`)
  return date.toISOString().slice(0, 10).replaceAll('-', '')
}

/** The check digit of GB 11643-1999 (ISO 7064 MOD 11-2) over 17 digits. */
function checkDigit(first: string): string {
  let sum = 0
  for (const d of first) sum = (sum + Number(d)) * 2
  return '10X98765432'[sum % 11]!
}
