import { createHash } from 'node:crypto'
import { Decoder, Encoder, ExtData, ExtensionCodec } from '@msgpack/msgpack'
import { expectForm, expectWithin, limits, ProtocolError, textOf } from './reader'
import { Ref, replicaOf, type Head, type Rec, type Register, type Stamp, type Value } from './record'

/** What msgpack may hold in this protocol. */
export type Plain = null | boolean | bigint | string | Uint8Array | ExtData | Plain[]

// No type of extension is known to the library, its own time stamps neither:
// all come as ExtData.
class NoExtensions extends ExtensionCodec {
  override decode(data: Uint8Array, type: number): ExtData {
    return new ExtData(type, data)
  }
}

const extensionCodec = new NoExtensions()

const encoder = new Encoder({ extensionCodec, useBigInt64: true })

/** A decoder of msgpack that takes no array beyond the most that a record may need. */
function decoder(rawStrings: boolean, longest: number): Decoder {
  return new Decoder({ extensionCodec, useBigInt64: true, rawStrings, maxArrayLength: longest, mapKeyConverter: String })
}

/** A msgpack value that is checked when it is wanted. */
export type Unread = () => Plain

/** All msgpack values that follow each other in bytes. */
export function unpackAll(bytes: Uint8Array): Unread[] {
  // The longest arrays are a record's fields and a reply's rejections.
  const longest = Math.max(2 * limits.fields, limits.records, limits.list)
  try {
    const loose = [...decoder(false, longest).decodeMulti(bytes)]
    const raw = [...decoder(true, longest).decodeMulti(bytes)]
    return loose.map((v, i) => () => strict(v, raw[i], 0))
  } catch (e) {
    const long = e instanceof Error && e.message.startsWith('Max length exceeded')
    throw new ProtocolError(long ? 'too_large' : 'malformed', String(e))
  }
}

// The library reads any bytes as text and drops a byte order mark, so every
// value is read twice: with its type, and with the bytes of its texts.
function strict(loose: unknown, raw: unknown, depth: number): Plain {
  expectForm(depth < 8, 'nested too deep')
  if (typeof loose === 'string') return textOf(raw as Uint8Array)
  if (typeof loose === 'number') {
    expectForm(Number.isInteger(loose), `number ${loose}`)
    return BigInt(loose)
  }
  if (Array.isArray(loose)) return loose.map((v, i) => strict(v, (raw as unknown[])[i], depth + 1))
  const known =
    loose === null ||
    typeof loose === 'boolean' ||
    typeof loose === 'bigint' ||
    loose instanceof Uint8Array ||
    loose instanceof ExtData
  expectForm(known, 'value of a type that the protocol does not have')
  return loose as Plain
}

/** msgpack in its shortest forms. */
export function pack(v: Plain): Uint8Array {
  return encoder.encode(shortest(v))
}

function shortest(v: Plain): unknown {
  if (Array.isArray(v)) return v.map(shortest)
  // The library writes a bigint in 64 bits and a greater number as a float.
  const small = typeof v === 'bigint' && v >= -(1n << 31n) && v < 1n << 32n
  return small ? Number(v) : v
}

export const hexOf = (b: Uint8Array): string => Buffer.from(b).toString('hex')
export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

/** A name of so many bits out of msgpack. */
export function nameOf(v: Plain | undefined, bits: 16 | 32 | 62): bigint {
  expectForm(typeof v === 'bigint' && v >= 0n, 'name')
  if (v >= 1n << BigInt(bits)) throw new ProtocolError('too_large', `name of ${bits} bits`)
  return v
}

/** A stamp out of 12 bytes. */
export function stampIn(v: Plain | undefined): Stamp {
  expectForm(v instanceof Uint8Array && v.length === 12, 'stamp')
  return hexOf(v)
}

/** The canonical bytes of a record (§3). */
export function encodeRecord(r: Rec): Uint8Array {
  const tags = [...r.fields.keys()].sort((a, b) => a - b)
  const fields = tags.flatMap((tag) => [BigInt(tag), plainRegister(r.fields.get(tag)!, r.id)])
  return pack([BigInt(r.collection), bytesOf(r.id), fields])
}

function plainRegister(g: Register, id: Stamp): Plain {
  const [first] = g.heads
  if (g.heads.length === 1 && g.seen.length === 0) {
    const value = plainValue(first!.value)
    return first!.stamp === id ? [value] : [bytesOf(first!.stamp), value]
  }
  return [bytesOf(g.seen.join('')), ...g.heads.flatMap((h) => [bytesOf(h.stamp), plainValue(h.value)])]
}

/** A value as msgpack holds it. */
export function plainValue(v: Value): Plain {
  return v instanceof Ref ? new ExtData(1, bytesOf(v.id)) : v
}

/** A record out of its canonical bytes; any other form of it is refused. */
export function decodeRecord(bytes: Uint8Array): Rec {
  const all = unpackAll(bytes)
  expectForm(all.length === 1, 'not a record')
  const parts = all[0]!()
  expectForm(Array.isArray(parts) && parts.length === 3, 'not a record')
  const [collection, bin, list] = parts
  const id = stampIn(bin)
  expectForm(Array.isArray(list) && list.length % 2 === 0, 'fields')
  expectWithin(list.length / 2, limits.fields, 'fields')
  const r: Rec = { collection: Number(nameOf(collection, 16)), id, fields: new Map() }
  for (let i = 0; i < list.length; i += 2) {
    r.fields.set(Number(nameOf(list[i], 16)), registerIn(list[i + 1]!, id))
  }
  expectForm(hexOf(encodeRecord(r)) === hexOf(bytes), 'not the canonical form')
  return r
}

function registerIn(v: Plain, id: Stamp): Register {
  expectForm(Array.isArray(v) && v.length > 0, 'register')
  if (v.length === 1) return { heads: [{ stamp: id, value: valueIn(v[0]!) }], seen: [] }
  if (v.length === 2) return { heads: [{ stamp: stampIn(v[0]), value: valueIn(v[1]!) }], seen: [] }
  const [row, ...rest] = v
  expectForm(row instanceof Uint8Array && row.length % 12 === 0 && rest.length % 2 === 0, 'register')
  expectWithin(row.length / 12, limits.seen, 'seen')
  expectWithin(rest.length / 2, limits.heads, 'heads')
  const heads: Head[] = []
  for (let i = 0; i < rest.length; i += 2) heads.push({ stamp: stampIn(rest[i]), value: valueIn(rest[i + 1]!) })
  const seen: Stamp[] = []
  for (let i = 0; i < row.length; i += 12) seen.push(hexOf(row.subarray(i, i + 12)))
  return expectOrder({ heads, seen })
}

/** The register, if its heads rise by stamp and what it has seen by replica. */
export function expectOrder(g: Register): Register {
  const rises = (list: string[]) => list.every((s, i) => i === 0 || list[i - 1]! < s)
  expectForm(rises(g.heads.map((h) => h.stamp)), 'order of heads')
  expectForm(rises(g.seen.map(replicaOf)), 'order of seen')
  return g
}

function valueIn(v: Plain): Value {
  if (typeof v === 'bigint') {
    expectForm(BigInt.asIntN(64, v) === v, `int ${v}`)
    return v
  }
  if (v instanceof ExtData) {
    expectForm(v.type === 1 && v.data instanceof Uint8Array, 'extension')
    return new Ref(stampIn(v.data))
  }
  if (typeof v === 'string' || v instanceof Uint8Array) expectWithin(byteLength(v), limits.text, 'text')
  if (Array.isArray(v)) {
    expectWithin(v.length, limits.list, 'list')
    for (const text of v) {
      expectForm(typeof text === 'string', 'list of something else than texts')
      expectWithin(byteLength(text), limits.text, 'text')
    }
    return v as string[]
  }
  return v
}

const byteLength = (v: string | Uint8Array): number => (typeof v === 'string' ? Buffer.byteLength(v) : v.length)

/** The heads of a field differ: people have to decide. */
export function isConflict(g: Register): boolean {
  return new Set(g.heads.map((h) => hexOf(pack(plainValue(h.value))))).size > 1
}

/** The hash of a record: 16 bytes. */
export function hashOf(r: Rec): Uint8Array {
  return new Uint8Array(createHash('sha256').update(encodeRecord(r)).digest().subarray(0, 16))
}

/** The sum of a set of records: their number, and their hashes' sum as a little-endian number. */
export interface Sum {
  count: number
  total: bigint
}

export function sumOf(records: Iterable<Rec>): Sum {
  let count = 0
  let total = 0n
  for (const r of records) {
    count++
    total = BigInt.asUintN(128, total + littleEndian(hashOf(r)))
  }
  return { count, total }
}

export function littleEndian(b: Uint8Array): bigint {
  return b.reduceRight((n, v) => (n << 8n) | BigInt(v), 0n)
}
