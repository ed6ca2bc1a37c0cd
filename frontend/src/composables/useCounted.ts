import { useI18n } from 'vue-i18n'

/** Joins the counts that are not 0 into one sentence after a heading; '' if there are none. */
export function useCounted() {
  const { t } = useI18n()
  return (heading: string, counts: [key: string, n: number][]): string => {
    const parts = counts.filter(([, n]) => n > 0).map(([key, n]) => t(key, { n }))
    return parts.length ? t(heading) + parts.join('；') + '。' : ''
  }
}
