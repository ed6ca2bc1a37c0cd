// @vitest-environment node
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bytesOf, decodeRecord, encodeRecord, hexOf } from './canonical'
import { joinRecords } from './record'

interface Joined {
  name: string
  a: string
  b: string
  join: string
}

const path = new URL('../../../syncproto/testdata/joins.json', import.meta.url)
const joins = JSON.parse(readFileSync(path, 'utf8')) as Joined[]

it.each(joins)('joins $name, both ways round and once more', ({ a, b, join }) => {
  const [first, second] = [decodeRecord(bytesOf(a)), decodeRecord(bytesOf(b))]
  const both = [joinRecords(first, second), joinRecords(second, first)]
  for (const r of both) expect(hexOf(encodeRecord(r))).toBe(join)
  expect(hexOf(encodeRecord(joinRecords(both[0], both[1]!)))).toBe(join)
})
