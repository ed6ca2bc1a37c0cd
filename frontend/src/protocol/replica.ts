import { hashOf, hexOf, isConflict, sumOf, type Sum } from './canonical'
import type { DaySum, Reply, Request } from './message'
import { dayOf, joinRecords, keyText, type Rec } from './record'

/** What a laptop knows the hub to hold, as its messages make it (PROTOCOL.md §7, §8). */
export class Replica {
  private agreed = new Map<string, Rec>()

  /** Takes one exchange: what was acknowledged, what came, and what is to go. */
  exchange(q: Request, p: Reply): void {
    if (p.error || p.renumber) return
    const refused = new Set(p.rejections.map((r) => keyText(r.key)))
    const sent = q.batch.map((row) => row.record).filter((r) => !refused.has(keyText(r)))
    for (const r of [...sent, ...p.batch.map((row) => row.record)]) {
      this.agreed.set(keyText(r), joinRecords(this.agreed.get(keyText(r)), r))
    }
    for (const k of [...p.gone, ...p.purged]) this.lose(keyText(k))
  }

  lose(key: string): void {
    this.agreed.delete(key)
  }

  /** All records in the order of their keys. */
  records(): Rec[] {
    return [...this.agreed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, r]) => r)
  }

  sum(): Sum {
    return sumOf(this.agreed.values())
  }

  /** The sums by day that a probe begins with (§9). */
  daySums(): DaySum[] {
    const days = [...new Set(this.records().map(dayOf))].sort((a, b) => a - b)
    return days.map((day) => ({ day, ...sumOf(this.ofDay(day)) }))
  }

  /** The records of some days with the first 8 bytes of their hashes, as a probe lists them. */
  hashes(days: number[]): { key: string; hash: string }[] {
    const all = this.records().filter((r) => days.includes(dayOf(r)))
    return all.map((r) => ({ key: keyText(r), hash: hexOf(hashOf(r).subarray(0, 8)) }))
  }

  /** Fields that people have to decide: key and tag. */
  conflicts(): string[] {
    return this.records().flatMap((r) =>
      [...r.fields]
        .filter(([, g]) => isConflict(g))
        .map(([tag]) => `${keyText(r)}/${tag}`),
    )
  }

  private ofDay(day: number): Rec[] {
    return this.records().filter((r) => dayOf(r) === day)
  }
}
