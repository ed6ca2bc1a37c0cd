/** A stretch of a text; own is what not all of the others have. */
export interface Stretch {
  text: string
  own: boolean
}

/** Below so many letters a person sees the difference without help. */
const short = 24

function clauses(text: string): string[] {
  return text.match(/[^，。；、！？\n]*[，。；、！？\n]|[^，。；、！？\n]+/g) ?? []
}

/** What was said, whatever mark follows it. */
function said(clause: string): string {
  return clause.replace(/[，。；、！？\n]$/, '').trim()
}

/**
 * Cuts long texts, clause by clause, so that the eye finds where they differ;
 * null if that would not help: they are short, or differ all over.
 */
export function differing(texts: string[]): Stretch[][] | null {
  if (texts.length < 2 || Math.max(...texts.map((text) => text.length)) < short) return null
  const parts = texts.map(clauses)
  const held = parts.map((list) => new Set(list.map(said)))
  const cut = parts.map((list) => {
    const out: Stretch[] = []
    for (const clause of list) {
      const own = said(clause) !== '' && !held.every((set) => set.has(said(clause)))
      const last = out.at(-1)
      if (last && last.own === own) last.text += clause
      else out.push({ text: clause, own })
    }
    return out
  })
  return cut.every((list) => list.some((s) => !s.own)) ? cut : null
}
