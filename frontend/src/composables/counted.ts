/** Joins the words of the counts that are not 0 into one sentence after a heading; '' if there are none. */
export function counted(heading: string, counts: [words: string, n: number][]): string {
  const said = counts.filter(([, n]) => n > 0).map(([words]) => words)
  return said.length ? heading + said.join('；') + '。' : ''
}
