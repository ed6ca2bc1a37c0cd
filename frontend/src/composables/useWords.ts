import { useI18n } from 'vue-i18n'
import { useSession } from '@/stores/session'
import { daysBetween } from './days'

function pad(n: number): string {
  return String(n).padStart(2, '0')
}

/** Dates and times as people say them. */
export function useWords() {
  const { t } = useI18n()
  const session = useSession()

  /** "2024-03-05" as 3月5日, with the year if it is another one. Months and years stay as they are. */
  function day(date: string): string {
    const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date)
    if (!m) return date
    const named = { year: m[1]!, month: Number(m[2]), day: Number(m[3]) }
    return m[1] === session.today.slice(0, 4) ? t('time.monthDay', named) : t('time.yearMonthDay', named)
  }

  /** Milliseconds since 1970 as a time on this laptop's clock. */
  function time(ms: number): string {
    if (ms <= 0) return t('time.never')
    const d = new Date(ms)
    const date = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`
    const clock = `${pad(d.getHours())}:${pad(d.getMinutes())}`
    const ago = session.today ? daysBetween(date, session.today) : NaN
    if (ago === 0) return t('time.todayAt', { clock })
    if (ago === 1) return t('time.yesterdayAt', { clock })
    return `${day(date)} ${clock}`
  }

  /** How long ago a time was, in days. */
  function since(ms: number): string {
    if (ms <= 0) return t('time.never')
    const d = new Date(ms)
    const ago = daysBetween(`${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`, session.today)
    return ago <= 0 ? t('time.today') : ago === 1 ? t('time.yesterday') : t('time.daysAgo', { n: ago })
  }

  /** Days over a due date; negative ones are still to come. */
  function over(days: number): string {
    if (days === 0) return t('time.dueToday')
    return days > 0 ? t('time.overdue', { n: days }) : t('time.dueIn', { n: -days })
  }

  return { day, time, since, over }
}
