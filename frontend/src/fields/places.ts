/** The address of the screen on which a record is shown. */
export function placeOf(collection: string, id: string, household = ''): string {
  switch (collection) {
    case 'household':
      return `/households/${id}`
    case 'grid':
      return `/grids/${id}`
    case 'member':
      return `/members/${id}`
    case 'visit':
      return `/visits/${id}`
    case 'resident':
      return household ? `/households/${household}` : `/records/resident/${id}`
  }
  return `/records/${collection}/${id}`
}
