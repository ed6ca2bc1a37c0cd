// @vitest-environment node
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeBatch } from './batch'
import { bytesOf, decodeRecord, encodeRecord, hexOf } from './canonical'
import { decodeMessage, decodeReply, decodeRequest, encodeMessage } from './message'
import { ProtocolError } from './reader'
import type { Rec } from './record'

interface Vector {
  name: string
  kind: 'record' | 'batch' | 'request' | 'reply'
  hex: string
  error?: string
  holds?: string[]
  again?: boolean
}

const path = new URL('../../../syncproto/testdata/vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vector[]

function decode(v: Vector): { records: Rec[]; again: () => Uint8Array } {
  const bytes = bytesOf(v.hex)
  if (v.kind === 'record') {
    const record = decodeRecord(bytes)
    return { records: [record], again: () => encodeRecord(record) }
  }
  if (v.kind === 'batch') return { records: decodeBatch(bytes).map((row) => row.record), again: () => bytes }
  const { batch } = v.kind === 'request' ? decodeRequest(bytes) : decodeReply(bytes)
  return { records: batch.map((row) => row.record), again: () => encodeMessage(decodeMessage(bytes)) }
}

// Compressor 3 is for readers that asked for it with a `link` (§5). This one
// never does, and refuses just the one vector that holds it.
const beyond = (v: Vector): boolean => v.kind === 'batch' && v.name === 'text model'

function classOf(v: Vector): string {
  try {
    decode(v)
    return 'none'
  } catch (e) {
    if (e instanceof ProtocolError) return e.code
    throw e
  }
}

describe('the vectors of syncproto, read from PROTOCOL.md alone', () => {
  it('has good and bad ones of every kind', () => {
    const kinds = new Set(vectors.map((v) => v.kind + (v.error ? ' bad' : '')))
    for (const kind of ['record', 'batch', 'request', 'reply']) {
      expect(kinds).toContain(kind)
      expect(kinds).toContain(`${kind} bad`)
    }
  })

  it.each(vectors.filter((v) => !v.error && !beyond(v)))('reads $kind: $name', (v) => {
    const { records, again } = decode(v)
    expect(records.map((r) => hexOf(encodeRecord(r)))).toEqual(v.holds ?? [])
    if (v.again) expect(hexOf(again())).toBe(v.hex)
  })

  it('refuses the text model, which it never asks for', () => {
    const batches = vectors.filter(beyond)
    expect(batches).toHaveLength(1)
    expect(() => decode(batches[0]!)).toThrow('compressor 3')
  })

  it.each(vectors.filter((v) => v.error))('refuses $kind: $name ($error)', (v) => {
    expect(classOf(v)).toBe(v.error)
  })
})
