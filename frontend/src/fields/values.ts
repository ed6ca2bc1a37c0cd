import type { RecordView, SchemaCollection, SchemaField } from '@/api'

/** Whether a value says nothing: such a field is emptied by null. */
export function isEmpty(value: unknown): boolean {
  return value == null || value === '' || (Array.isArray(value) && value.length === 0)
}

export type Values = Record<string, unknown>

/** The values of a record as a form starts with them. */
export function valuesOf(record: RecordView): Values {
  return Object.fromEntries(record.fields.filter((f) => !f.masked).map((f) => [f.key, f.value ?? null]))
}

/** What a form shows of each field: its value, or those between which nobody has decided. */
export function seenOf(record: RecordView): Record<string, unknown[]> {
  const open = record.fields.filter((f) => !f.masked)
  return Object.fromEntries(open.map((f) => [f.key, f.conflict ? f.conflict.heads.map((h) => h.value ?? null) : [f.value ?? null]]))
}

/**
 * What differs, as SaveRecord takes it. Only this is written: a field that
 * nobody touched must not look like an edit to another laptop.
 */
export function changesOf(before: Values, after: Values): Values {
  const out: Values = {}
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    if (isEmpty(old) && isEmpty(value)) continue
    if (JSON.stringify(old) !== JSON.stringify(value)) out[key] = isEmpty(value) ? null : value
  }
  return out
}

/** Keys that the program fills in itself, or that a screen of their own is for. */
const own = new Set(['deleted', 'village'])

/** The fields that a form of a collection shows. */
export function formFields(collection: SchemaCollection): SchemaField[] {
  return collection.fields
    .filter((f) => !own.has(f.key) && f.type !== 'sha256' && f.type !== 'instant')
    // The note is the first tag but the last thing that one writes.
    .sort((a, b) => Number(a.key === 'note') - Number(b.key === 'note'))
}

/** Fields of the same form that are required and still empty. */
export function missing(fields: SchemaField[], values: Values): SchemaField[] {
  return fields.filter((f) => f.required && !selfMade.has(f.key) && isEmpty(values[f.key]))
}

/** Required, but made by the program when left empty: the number of a matter. */
export const selfMade = new Set(['no'])
