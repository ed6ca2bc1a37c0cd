// Calendar dates are text, "2024-03-05", without a time zone: a date that is
// written down is the same date everywhere.

const millis = 86_400_000

function make(year: number, month: number, day: number): string {
  const d = new Date(Date.UTC(year, month - 1, day))
  if (d.getUTCFullYear() !== year || d.getUTCMonth() !== month - 1 || d.getUTCDate() !== day) return ''
  return d.toISOString().slice(0, 10)
}

/** The date n days later (earlier if negative). */
export function addDays(date: string, n: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + n * millis).toISOString().slice(0, 10)
}

/** Days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / millis)
}

const words: Record<string, number> = { 今天: 0, 今日: 0, 昨天: -1, 昨日: -1, 前天: -2, 明天: 1, 后天: 2 }

/**
 * A date as people type one: 5, 3-5, 3.5, 3月5日, 0305, 20240305, 2024/3/5, 昨天.
 * What is left out is taken from today, save that a day and month far ahead
 * mean last year's if past is set, since visits are written down afterwards.
 * Returns "" for what is no date.
 */
export function parseDay(text: string, today: string, past = false): string {
  const s = text.normalize('NFKC').replace(/\s+/g, '')
  const shift = words[s]
  if (shift !== undefined) return addDays(today, shift)
  const [year, month] = today.split('-').map(Number) as [number, number]

  const run = /^(?:(\d{4})(\d{2})(\d{2})|(\d{2})(\d{2}))$/.exec(s)
  const parts = run
    ? run.slice(1).filter(Boolean).map(Number)
    : /^\d+(?:[-./年月]\d+){0,2}[日号]?$/.test(s)
      ? s.match(/\d+/g)!.map(Number)
      : []
  if (parts.length === 3) return make(parts[0]!, parts[1]!, parts[2]!)
  if (parts.length === 1) return make(year, month, parts[0]!)
  if (parts.length !== 2) return ''
  const date = make(year, parts[0]!, parts[1]!)
  if (past && date && daysBetween(today, date) > 31) return make(year - 1, parts[0]!, parts[1]!)
  return date
}
