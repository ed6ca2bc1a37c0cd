import type { VisitDraft } from '@/api'

/** A visit of which nothing has been written. */
export function emptyVisit(): VisitDraft {
  return {
    id: '',
    date: '',
    mode: '',
    visitor: '',
    visitorName: '',
    companions: '',
    household: '',
    situation: '',
    request: '',
    livelihood: '',
    doneOnSpot: '',
    nextDate: '',
    note: '',
    makeMatter: false,
    matterCategory: '',
    savedAt: 0,
    head: '',
    key: '',
    seen: {},
  }
}

/** The four fields that are enough, as far as they are still empty, in the order of the form. */
export function missingIn(v: VisitDraft): string[] {
  return [
    v.household === '' && 'household',
    v.date === '' && 'date',
    v.mode === '' && 'mode',
    v.visitor === '' && v.visitorName.trim() === '' && 'visitor',
  ].filter((s): s is string => s !== false)
}

/**
 * A visit that was saved, to be written on: as it now stands, with what has
 * been typed since it was sent. Saved again, it takes back nothing that others
 * have written meanwhile.
 */
export function afresh(stands: VisitDraft, sent: VisitDraft, now: VisitDraft): VisitDraft {
  const typed = Object.fromEntries(Object.entries(now).filter(([k, v]) => v !== sent[k as keyof VisitDraft]))
  return { ...stands, ...typed, id: stands.id, key: now.key, makeMatter: false, seen: stands.seen }
}
