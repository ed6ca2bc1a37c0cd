// The data of PROTOCOL.md §2 and its join.

/** A stamp's 12 bytes as 24 hexadecimal digits: their order is that of stamps. */
export type Stamp = string

/** A reference to a record. */
export class Ref {
  readonly id: Stamp

  constructor(id: Stamp) {
    this.id = id
  }
}

export type Value = null | boolean | bigint | string | Uint8Array | Ref | string[]

export interface Head {
  stamp: Stamp
  value: Value
}

/** Heads are sorted by stamp, `seen` (the greatest superseded per replica) by replica. */
export interface Register {
  heads: Head[]
  seen: Stamp[]
}

export interface Key {
  collection: number
  id: Stamp
}

export interface Rec extends Key {
  fields: Map<number, Register>
}

export const timeOf = (s: Stamp): string => s.slice(0, 16)
export const replicaOf = (s: Stamp): string => s.slice(16)

/** The stamp of a millisecond, a counter and a replica. */
export function stampOf(ms: number | bigint, counter: number, replica: number): Stamp {
  const hex = (n: number | bigint, digits: number) => n.toString(16).padStart(digits, '0')
  return hex(ms, 12) + hex(counter, 4) + hex(replica, 8)
}

/** A key as a text, for maps; the texts sort as keys do. */
export const keyText = (k: Key): string => `${k.collection.toString(16).padStart(4, '0')}/${k.id}`

/** The day of a record: its id's milliseconds ÷ 86,400,000. */
export const dayOf = (k: Key): number => Math.floor(parseInt(k.id.slice(0, 12), 16) / 86_400_000)

/** The join of two registers. */
export function joinRegisters(a: Register, b: Register): Register {
  const kept = (from: Register, other: Register) =>
    from.heads.filter((h) => has(other, h.stamp) || !supersedes(other, h.stamp))
  const heads = new Map([...kept(a, b), ...kept(b, a)].map((h) => [h.stamp, h]))
  const seen = new Map<string, Stamp>()
  for (const s of [...a.seen, ...b.seen]) {
    const before = seen.get(replicaOf(s))
    if (before === undefined || before < s) seen.set(replicaOf(s), s)
  }
  return { heads: sortedByKey(heads), seen: sortedByKey(seen) }
}

const has = (g: Register, s: Stamp): boolean => g.heads.some((h) => h.stamp === s)

const supersedes = (g: Register, s: Stamp): boolean =>
  g.seen.some((v) => replicaOf(v) === replicaOf(s) && timeOf(s) <= timeOf(v))

function sortedByKey<T>(m: Map<string, T>): T[] {
  return [...m.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, v]) => v)
}

/** The join of two records of one key, tag by tag. */
export function joinRecords(a: Rec | undefined, b: Rec): Rec {
  const fields = new Map(a?.fields)
  for (const [tag, g] of b.fields) {
    const before = fields.get(tag)
    fields.set(tag, before ? joinRegisters(before, g) : g)
  }
  return { collection: b.collection, id: b.id, fields }
}
