import { brotliDecompressSync } from 'node:zlib'
import { decompress as unzstd } from 'fzstd'
import { expectOrder } from './canonical'
import { longestCodes, readCodes } from './codes'
import { readInts, readSizes, readSmall } from './ints'
import { readLight } from './light'
import { expectForm, expectWithin, limits, ProtocolError, Reader } from './reader'
import type { Head, Rec, Register, Stamp } from './record'
import { readIds, readReplicas, readStamps } from './stamps'
import { readValues, spend, type Streams } from './values'

/** A record of a batch, and when the hub received its newest change (0: unknown). */
export interface Row {
  record: Rec
  received: number
}

/** The records of a batch (PROTOCOL.md §5); no bytes are none. */
export function decodeBatch(bytes: Uint8Array): Row[] {
  if (bytes.length === 0) return []
  const packed = new Reader(bytes)
  const structure = new Reader(unpack(packed))
  const text = new Reader(unpack(packed))
  packed.end('the batch')
  const s: Streams = { structure, text, replicas: readReplicas(structure), budget: limits.batch }
  const rows: Row[] = []
  let last = -1
  for (let groups = structure.uvarint(); groups > 0n; groups--) {
    const collection = structure.name(16)
    expectForm(collection > last, 'collections do not rise')
    last = collection
    rows.push(...readGroup(s, collection, limits.records - rows.length))
  }
  structure.end('the structure')
  text.end('the text')
  return rows
}

function unpack(r: Reader): Uint8Array {
  const compressor = r.byte()
  const size = r.count(limits.batch, 'unpacked')
  const packed = r.take(r.count(limits.message, 'packed'))
  const plain = decompress(compressor, packed, size)
  expectForm(plain.length === size, `${plain.length} bytes instead of ${size}`)
  return plain
}

function decompress(compressor: number, packed: Uint8Array, size: number): Uint8Array {
  switch (compressor) {
    case 0:
      return packed
    case 1:
      return guarded(() => unzstd(packed, new Uint8Array(size)))
    case 2:
      return guarded(() => brotliDecompressSync(packed, { maxOutputLength: Math.max(size, 1) }))
    case 4:
      return readLight(packed, size)
    case 5: {
      const r = new Reader(packed)
      const codes = new Uint8Array(r.count(longestCodes(size), 'codes'))
      return readCodes(guarded(() => unzstd(r.take(r.left), codes)), size)
    }
  }
  // 3, the text model, is for those who asked for it with a `link`: this
  // reader never does.
  throw new ProtocolError('malformed', `compressor ${compressor}`)
}

function guarded(f: () => Uint8Array): Uint8Array {
  try {
    return f()
  } catch (e) {
    throw new ProtocolError('malformed', String(e))
  }
}

function readGroup(s: Streams, collection: number, most: number): Row[] {
  const r = s.structure
  const n = r.count(most, 'records')
  expectForm(n >= 1, 'group without records')
  const ids = readIds(r, n, s.replicas)
  const received = readInts(r, n)
  const rows = ids.map((id, i) => ({
    record: { collection, id, fields: new Map<number, Register>() },
    received: Number(received[i]!),
  }))
  let last = -1
  for (let columns = r.uvarint(); columns > 0n; columns--) {
    const tag = r.name(16)
    expectForm(tag > last, 'tags do not rise')
    last = tag
    readColumn(s, tag, rows)
  }
  return rows
}

function readColumn(s: Streams, tag: number, rows: Row[]): void {
  const here = readPresent(s.structure, rows)
  spend(s, 8 * here.length)
  const registers = readRegisters(s, here)
  here.forEach((row, i) => {
    const { fields } = row.record
    expectWithin(fields.size + 1, limits.fields, 'fields')
    fields.set(tag, expectOrder(registers[i]!))
  })
}

function readPresent(r: Reader, rows: Row[]): Row[] {
  const m = r.uvarint()
  expectForm(m <= rows.length, 'more fields than records')
  if (Number(m) === rows.length) return rows
  const bitmap = r.take(Math.ceil(rows.length / 8))
  const here = rows.filter((_, i) => bitmap[i >> 3]! & (1 << (i & 7)))
  expectForm(here.length === Number(m), `${here.length} bits for ${m} records`)
  return here
}

const ownStamp = 0
const otherStamp = 1
const overFirst = 2
const general = 3

/** The shape of a register before it has values. */
interface Shape {
  stamps: Stamp[]
  seen: Stamp[]
}

function readRegisters(s: Streams, rows: Row[]): Register[] {
  const layouts = readSmall(s.structure, rows.length, general, 'layout')
  const count = (...which: number[]) => layouts.filter((l) => which.includes(l)).length
  const single = readStamps(s.structure, count(otherStamp, overFirst), s.replicas).values()
  const shapes = readGeneral(s, count(general)).values()
  const next = <T>(it: Iterator<T>): T => it.next().value as T
  const all = layouts.map((layout, i): Shape => {
    const { id } = rows[i]!.record
    if (layout === ownStamp) return { stamps: [id], seen: [] }
    if (layout === general) return next(shapes)
    return { stamps: [next(single)], seen: layout === overFirst ? [id] : [] }
  })
  const values = readValues(
    s,
    all.reduce((n, a) => n + a.stamps.length, 0),
  ).values()
  return all.map(({ stamps, seen }) => ({
    heads: stamps.map((stamp): Head => ({ stamp, value: next(values) })),
    seen,
  }))
}

function readGeneral(s: Streams, n: number): Shape[] {
  const heads = readSizes(s.structure, n, limits.heads, 'heads')
  const seen = readSizes(s.structure, n, limits.seen, 'seen')
  expectForm(!heads.includes(0), 'register without a head')
  const sizes = heads.map((h, i) => [h, seen[i]!] as const)
  const total = sizes.reduce((sum, [h, v]) => sum + h + v, 0)
  spend(s, 16 * total)
  const stamps = readStamps(s.structure, total, s.replicas)
  let at = 0
  return sizes.map(([h, v]) => ({
    stamps: stamps.slice(at, (at += h)),
    seen: stamps.slice(at, (at += v)),
  }))
}
