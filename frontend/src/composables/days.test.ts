import { expect, test } from 'vitest'
import { addDays, daysBetween, parseDay } from './days'

const today = '2026-01-10'

test.each([
  ['2024-03-05', '2024-03-05'],
  ['2024/3/5', '2024-03-05'],
  ['2024.3.5', '2024-03-05'],
  ['2024年3月5日', '2024-03-05'],
  ['２０２４－３－５', '2024-03-05'],
  ['20240305', '2024-03-05'],
  ['0305', '2026-03-05'],
  ['3-5', '2026-03-05'],
  ['3月5号', '2026-03-05'],
  ['5', '2026-01-05'],
  [' 今天 ', '2026-01-10'],
  ['昨天', '2026-01-09'],
  ['前天', '2026-01-08'],
  ['2024-02-29', '2024-02-29'],
])('%s is the date %s', (typed, date) => {
  expect(parseDay(typed, today)).toBe(date)
})

test.each(['', '13-1', '2023-02-29', '2-30', '32', '明儿', '1-2-3-4', '2024-3', 'abc', '30001'])('%s is no date', (typed) => {
  expect(parseDay(typed, today)).toBe('')
})

test('what was done in December and is written down in January is last year', () => {
  expect(parseDay('12-30', today, true)).toBe('2025-12-30')
  expect(parseDay('12-30', today)).toBe('2026-12-30')
  expect(parseDay('1-12', today, true)).toBe('2026-01-12')
})

test('days are counted over the ends of months and leap days', () => {
  expect(addDays('2024-02-28', 2)).toBe('2024-03-01')
  expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
  expect(daysBetween('2024-02-28', '2024-03-01')).toBe(2)
  expect(daysBetween('2026-01-02', '2026-01-01')).toBe(-1)
})
