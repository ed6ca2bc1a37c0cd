// @vitest-environment node
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, encodeRecord, hexOf, littleEndian, type Sum } from './canonical'
import { decodeReply, decodeRequest, type Reply, type Request } from './message'
import { keyText } from './record'
import { Replica } from './replica'

interface Step {
  by: string
  about: string
  loses?: string
  request?: string
  reply?: string
}

interface Held {
  records: string[]
  count: number
  sum: string
  conflicts: string[]
}

interface Recording {
  version: number
  steps: Step[]
  ends: Record<string, Held>
}

const path = new URL('../../../syncproto/testdata/exchange.json', import.meta.url)
const recording = JSON.parse(readFileSync(path, 'utf8')) as Recording

/** A collection and id of 14 bytes in hex, as this reader writes keys. */
const named = (hex: string): string => `${hex.slice(0, 4)}/${hex.slice(4)}`

/** One exchange beside what the replica held before and after it. */
interface Seen {
  step: Step
  request: Request
  reply: Reply
  probed: { days: unknown; hashes: unknown }
  after: Sum
}

function replay(): { laptops: Map<string, Replica>; seen: Seen[] } {
  const laptops = new Map<string, Replica>()
  const seen: Seen[] = []
  for (const step of recording.steps) {
    const laptop = laptops.get(step.by) ?? new Replica()
    laptops.set(step.by, laptop)
    if (step.loses) {
      laptop.lose(named(step.loses))
      continue
    }
    const request = decodeRequest(bytesOf(step.request!))
    const reply = decodeReply(bytesOf(step.reply!))
    const probed = { days: laptop.daySums(), hashes: laptop.hashes(request.probe?.of ?? []) }
    laptop.exchange(request, reply)
    seen.push({ step, request, reply, probed, after: laptop.sum() })
  }
  return { laptops, seen }
}

describe('a recorded exchange, joined by a second implementation', () => {
  let played: ReturnType<typeof replay>

  beforeAll(() => {
    played = replay()
  })

  it('is of the version that this reader knows', () => {
    expect(recording.version).toBe(1)
    for (const { request, reply } of played.seen) expect([request.version, reply.version]).toEqual([1, 1])
  })

  it.each(Object.keys(recording.ends))('leaves %s with the same records, sum and conflicts', (name) => {
    const laptop = played.laptops.get(name)!
    const end = recording.ends[name]!
    expect(laptop.records().map((r) => hexOf(encodeRecord(r)))).toEqual(end.records)
    expect(laptop.sum()).toEqual({ count: end.count, total: littleEndian(bytesOf(end.sum)) })
    expect(laptop.conflicts()).toEqual(end.conflicts.map(named))
    expect(end.conflicts).toHaveLength(1)
  })

  it('keeps both values of the conflict', () => {
    const [conflict] = recording.ends.li!.conflicts
    const [key, tag] = [named(conflict!).slice(0, 29), Number(conflict!.split('/')[1])]
    const record = played.laptops.get('li')!.records().find((r) => keyText(r) === key)!
    expect(record.fields.get(tag)!.heads.map((h) => h.value)).toEqual(['13905790001', '13905790002'])
  })

  it('comes to the sum of each reply that has one, except when the disk had lost something', () => {
    const compared = played.seen.filter(({ reply }) => reply.sum)
    const unequal = compared.filter(({ reply, after }) => reply.sum!.total !== after.total)
    expect(compared.length - unequal.length).toBeGreaterThan(5)
    expect(unequal.map(({ reply, after }) => reply.sum!.count - after.count)).toEqual([1])
    const next = played.seen[played.seen.indexOf(unequal[0]!) + 1]!
    expect(next.request.probe!.days.length).toBeGreaterThan(0)
  })

  it('makes the probes that were sent: sums by day, then hashes', () => {
    const probes = played.seen.filter(({ request }) => request.probe)
    expect(probes).toHaveLength(2)
    const [days, records] = probes
    expect(days!.request.probe!.days).toEqual(days!.probed.days)
    expect(days!.reply.differing).toHaveLength(1)
    expect(records!.request.probe!.of).toEqual(days!.reply.differing)
    const sent = records!.request.probe!.records.map(({ key, hash }) => ({ key: keyText(key), hash }))
    expect(sent.length).toBeGreaterThan(20)
    expect(sent).toEqual(records!.probed.hashes)
    expect(records!.reply.batch).toHaveLength(1)
    expect(records!.reply.want).toEqual([])
  })

  it('reads the refusal and the erasure', () => {
    const rejections = played.seen.flatMap(({ reply }) => reply.rejections)
    expect(rejections.map(({ code, message }) => [code, message])).toEqual([['field', '这个内容不收']])
    const purged = played.seen.flatMap(({ reply }) => reply.purged.map(keyText))
    expect(new Set(purged).size).toBe(1)
    for (const laptop of played.laptops.values()) {
      expect(laptop.records().map(keyText)).not.toContain(purged[0])
    }
  })

  it('goes on from the cursor that each reply gave', () => {
    const cursors = new Map<string, unknown>()
    for (const { step, request, reply } of played.seen) {
      expect(request.cursor).toEqual(cursors.get(step.by))
      if (reply.cursor) cursors.set(step.by, reply.cursor)
    }
  })
})
