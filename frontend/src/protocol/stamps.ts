import { readInts, readSmall } from './ints'
import { expectForm, limits, Reader } from './reader'
import { stampOf, type Key, type Stamp } from './record'

/** A list of replicas: their number, then each. */
export function readReplicas(r: Reader): number[] {
  const n = r.count(limits.replicas, 'replicas')
  expectForm(n <= r.left, 'replicas end early')
  return Array.from({ length: n }, () => r.name(32))
}

function build(ms: bigint, counter: bigint, replica: number): Stamp {
  expectForm(ms >= 0n && ms < 1n << 48n, `millisecond ${ms}`)
  expectForm(counter >= 0n && counter < 1n << 16n, `counter ${counter}`)
  return stampOf(ms, Number(counter), replica)
}

/** `ids(n)` of PROTOCOL.md §5: rising stamps. */
export function readIds(r: Reader, n: number, replicas: number[]): Stamp[] {
  const index = readSmall(r, n, replicas.length - 1, 'replica index')
  const steps = readInts(r, n)
  const counters = readInts(r, n)
  let ms = 0n
  let counter = 0n
  const ids = steps.map((step, i) => {
    ms += step
    counter = step === 0n ? counter + counters[i]! : counters[i]!
    return build(ms, counter, replicas[index[i]!]!)
  })
  expectForm(
    ids.every((id, i) => i === 0 || ids[i - 1]! < id),
    'ids do not rise',
  )
  return ids
}

/** `stamps(n)` of PROTOCOL.md §5. */
export function readStamps(r: Reader, n: number, replicas: number[]): Stamp[] {
  const index = readSmall(r, n, replicas.length - 1, 'replica index')
  const ms = readInts(r, n)
  const counters = readInts(r, n)
  return ms.map((m, i) => build(m, counters[i]!, replicas[index[i]!]!))
}

/** `keys` of PROTOCOL.md §6. */
export function readKeys(bytes: Uint8Array): Key[] {
  if (bytes.length === 0) return []
  const r = new Reader(bytes)
  const replicas = readReplicas(r)
  const keys: Key[] = []
  let last = -1
  while (r.left > 0) {
    const collection = r.name(16)
    expectForm(collection > last, 'collections do not rise')
    last = collection
    const n = r.count(limits.keys - keys.length, 'keys')
    expectForm(n >= 1, 'collection without keys')
    keys.push(...readIds(r, n, replicas).map((id) => ({ collection, id })))
  }
  return keys
}
