import { decodeBatch, type Row } from './batch'
import { bytesOf, hexOf, littleEndian, nameOf, pack, stampIn, unpackAll, type Plain, type Sum, type Unread } from './canonical'
import { readInts } from './ints'
import { expectForm, expectWithin, limits, ProtocolError, Reader } from './reader'
import type { Key } from './record'
import { readKeys } from './stamps'

/** A message as it lies on the wire: entries by number, rising. */
export type Message = Map<number, Unread>

/** The entries of a message; those without a meaning here stay unread. */
export function decodeMessage(bytes: Uint8Array): Message {
  expectWithin(bytes.length, limits.message, 'message')
  const r = new Reader(bytes)
  const n = entriesOf(r)
  const rest = unpackAll(r.take(r.left))
  expectForm(rest.length === 2 * n, `${rest.length} values for ${n} entries`)
  const entries: Message = new Map()
  let last = -1
  for (let i = 0; i < rest.length; i += 2) {
    const number = Number(nameOf(rest[i]!(), 16))
    expectForm(number > last, 'entries do not rise')
    last = number
    entries.set(number, rest[i + 1]!)
  }
  return entries
}

// The library reads maps as objects, which forget the order of numbers.
function entriesOf(r: Reader): number {
  const head = r.byte()
  if (head >= 0x80 && head <= 0x8f) return head & 0x0f
  expectForm(head === 0xde || head === 0xdf, 'not a map')
  return r.take(head === 0xde ? 2 : 4).reduce((n, b) => n * 256 + b, 0)
}

/** The bytes of a message of at most 15 entries. */
export function encodeMessage(m: Message): Uint8Array {
  const entries = [...m].sort(([a], [b]) => a - b)
  const parts = entries.flatMap(([number, value]) => [pack(BigInt(number)), pack(value())])
  return bytesOf((0x80 | entries.length).toString(16) + parts.map(hexOf).join(''))
}

export interface DaySum extends Sum {
  day: number
}

/** A comparison (§9): sums of days, or the records of some days with short hashes. */
export interface Probe {
  days: DaySum[]
  of: number[]
  records: { key: Key; hash: string }[]
}

export interface Cursor {
  epoch: bigint
  subscription: bigint
  sequence: bigint
  page: Uint8Array
}

export interface Request {
  version: number
  token: Uint8Array
  cursor?: Cursor
  now: bigint
  lease: Uint8Array
  nonce: Uint8Array
  batch: Row[]
  budget: number
  link: number
  verdict?: { equal: boolean; records: number }
  probe?: Probe
}

export interface Reply {
  version: number
  now: bigint
  error?: { code: string; message: string; hint: string }
  retry: number
  cursor?: Cursor
  lease: Uint8Array
  renumber: number
  token: Uint8Array
  rejections: { key: Key; code: string; message: string }[]
  batch: Row[]
  gone: Key[]
  purged: Key[]
  more: number
  sum?: Sum
  differing: number[]
  want: Key[]
}

export function decodeRequest(bytes: Uint8Array): Request {
  const m = decodeMessage(bytes)
  return {
    version: number(m.get(0)?.()),
    token: binary(m.get(1)?.()),
    cursor: optional(m.get(2)?.(), cursor),
    now: int(m.get(3)?.()),
    lease: binary(m.get(4)?.()),
    nonce: binary(m.get(5)?.()),
    batch: decodeBatch(binary(m.get(6)?.())),
    budget: number(m.get(7)?.()),
    link: number(m.get(8)?.()),
    verdict: optional(m.get(9)?.(), verdict),
    probe: optional(m.get(10)?.(), probe),
  }
}

export function decodeReply(bytes: Uint8Array): Reply {
  const m = decodeMessage(bytes)
  return {
    version: number(m.get(0)?.()),
    now: int(m.get(1)?.()),
    error: optional(m.get(2)?.(), failure),
    retry: number(m.get(3)?.()),
    cursor: optional(m.get(4)?.(), cursor),
    lease: binary(m.get(5)?.()),
    renumber: number(m.get(6)?.()),
    token: binary(m.get(15)?.()),
    rejections: optional(m.get(7)?.(), rejections) ?? [],
    batch: decodeBatch(binary(m.get(8)?.())),
    gone: readKeys(binary(m.get(9)?.())),
    purged: readKeys(binary(m.get(10)?.())),
    more: number(m.get(11)?.()),
    sum: optional(m.get(12)?.(), sum),
    differing: readDays(binary(m.get(13)?.())),
    want: readKeys(binary(m.get(14)?.())),
  }
}

function optional<T>(v: Plain | undefined, read: (v: Plain) => T): T | undefined {
  return v === undefined ? undefined : read(v)
}

function int(v: Plain | undefined): bigint {
  if (v === undefined) return 0n
  expectForm(typeof v === 'bigint' && BigInt.asIntN(64, v) === v, 'int')
  return v
}

function number(v: Plain | undefined): number {
  const n = int(v)
  expectForm(n >= 0n && n <= Number.MAX_SAFE_INTEGER, `number ${n}`)
  return Number(n)
}

function binary(v: Plain | undefined): Uint8Array {
  if (v === undefined) return new Uint8Array()
  expectForm(v instanceof Uint8Array, 'bin')
  return v
}

function text(v: Plain | undefined): string {
  expectForm(typeof v === 'string', 'text')
  return v
}

function array(v: Plain, ...lengths: number[]): Plain[] {
  expectForm(Array.isArray(v) && lengths.includes(v.length), `array of ${lengths.join(' or ')}`)
  return v
}

function cursor(v: Plain): Cursor {
  const [epoch, subscription, sequence, page] = array(v, 3, 4)
  const out = {
    epoch: nameOf(epoch, 32),
    subscription: nameOf(subscription, 32),
    sequence: nameOf(sequence, 62),
    page: binary(page),
  }
  expectWithin(out.page.length, limits.page, 'page')
  return out
}

function verdict(v: Plain): { equal: boolean; records: number } {
  const [state, records] = array(v, 2)
  expectForm(state === 1n || state === 2n, 'verdict')
  return { equal: state === 1n, records: number(records) }
}

function failure(v: Plain): { code: string; message: string; hint: string } {
  const [code, message, hint] = array(v, 3)
  return { code: text(code), message: text(message), hint: text(hint) }
}

function rejections(v: Plain): { key: Key; code: string; message: string }[] {
  expectForm(Array.isArray(v), 'rejections')
  return v.map((each) => {
    const [collection, id, code, message] = array(each, 4)
    const key = { collection: Number(nameOf(collection, 16)), id: stampIn(id) }
    return { key, code: text(code), message: text(message) }
  })
}

function sum(v: Plain): Sum {
  const [count, total] = array(v, 2)
  expectForm(total instanceof Uint8Array && total.length === 16, 'sum')
  return { count: Number(nameOf(count, 62)), total: littleEndian(total) }
}

function probe(v: Plain): Probe {
  const [days, of, keys, hashes] = array(v, 4)
  const named = readKeys(binary(keys))
  const row = new Reader(binary(hashes))
  const records = named.map((key) => ({ key, hash: hexOf(row.take(8)) }))
  row.end('the hashes')
  return { days: readDaySums(binary(days)), of: readDays(binary(of)), records }
}

function readDays(bytes: Uint8Array): number[] {
  if (bytes.length === 0) return []
  const r = new Reader(bytes)
  const days = readInts(r, r.count(limits.days, 'days')).map(day)
  r.end('the days')
  return days
}

function readDaySums(bytes: Uint8Array): DaySum[] {
  if (bytes.length === 0) return []
  const r = new Reader(bytes)
  const n = r.count(limits.days, 'days')
  const days = readInts(r, n).map(day)
  const counts = readInts(r, n)
  const sums = days.map((d, i) => ({ day: d, count: number(counts[i]!), total: littleEndian(r.take(16)) }))
  r.end('the sums of days')
  return sums
}

function day(v: bigint): number {
  if (v < 0n || v >= 1n << 32n) throw new ProtocolError('malformed', `day ${v}`)
  return Number(v)
}
