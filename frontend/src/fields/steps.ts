/** The collection that holds the course of a record, and the field that leads back. */
export interface Steps {
  collection: string
  back: string
}

export function stepsOf(collection: string): Steps | null {
  switch (collection) {
    case 'matter':
      return { collection: 'matter_step', back: 'matter' }
    case 'dispute':
      return { collection: 'dispute_step', back: 'dispute' }
    case 'mobile':
      return { collection: 'mobile_contact', back: 'mobile' }
  }
  return null
}
