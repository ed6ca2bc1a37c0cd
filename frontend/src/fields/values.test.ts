import { expect, test } from 'vitest'
import type { SchemaCollection, SchemaField } from '@/api'
import schema from '@/testing/schema.json'
import { changesOf, formFields, isEmpty, missing } from './values'

test('only what was changed is written', () => {
  const before = { a: '1', b: null, c: ['x'], d: 2, e: 'gone' }
  expect(changesOf(before, { a: '1', b: '', c: ['x'], d: 3, e: '' })).toEqual({ d: 3, e: null })
  expect(changesOf(before, before)).toEqual({})
  expect(changesOf({}, { a: 'new', b: '', c: [], d: false })).toEqual({ a: 'new', d: false })
})

test('no and nothing are not the same', () => {
  expect(isEmpty(false)).toBe(false)
  expect(isEmpty(0)).toBe(false)
  expect([null, undefined, '', []].every(isEmpty)).toBe(true)
})

test('every collection makes a form: no marks of the program, the note last', () => {
  for (const c of schema.collections as SchemaCollection[]) {
    const keys = formFields(c).map((f) => f.key)
    expect(keys).not.toContain('deleted')
    expect(keys).not.toContain('sha256')
    expect(keys.at(-1)).toBe('note')
  }
})

test('what is required and empty is missing, save what the program makes itself', () => {
  const field = (key: string, required: boolean): SchemaField => ({ key, label: key, type: 'text', table: '', ref: '', required, privacy: 'public', max: 0 })
  const fields = [field('name', true), field('no', true), field('extra', false)]
  expect(missing(fields, {}).map((f) => f.key)).toEqual(['name'])
  expect(missing(fields, { name: 'x' })).toEqual([])
})
