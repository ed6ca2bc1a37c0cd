import { afterEach, expect, test } from 'vitest'
import type { RecordView, SchemaCollection } from '@/api'
import { calls, press, settle, show, type Screen } from '@/testing/screen'
import schema from '@/testing/schema.json'
import { FakeRecords } from '@/testing/fakeRecords'
import RecordForm from './RecordForm.vue'

const collections = schema.collections as SchemaCollection[]
const records = new FakeRecords(collections, schema.tables, true)
let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

function collection(key: string): SchemaCollection {
  return collections.find((c) => c.key === key)!
}

async function open(key: string, record: RecordView, more: Record<string, unknown> = {}) {
  screen = await show(RecordForm, { collection: collection(key), record, ...more })
}

function box(id: string): HTMLInputElement {
  return document.getElementById(id) as HTMLInputElement
}

async function write(id: string, text: string): Promise<void> {
  box(id).value = text
  box(id).dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}

async function save(): Promise<void> {
  press(screen.view.element, 'Enter', { ctrlKey: true })
  await settle()
}

const branch = { name: '沙溪村第一党支部', kind: 'grid', secretary: '刘秀', phone: '13800003786' }

test('an edit writes the changed field alone', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await write('branch-secretary', '刘秀英')
  await save()
  expect(calls(screen, 'SaveForm')).toEqual([['branch', 'b1', { secretary: '刘秀英' }, { secretary: ['刘秀'] }]])
  expect(screen.view.emitted('saved')).toHaveLength(1)
})

test('what another laptop changed meanwhile comes in, what is being typed stays', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await write('branch-secretary', '我在改')
  await screen.view.setProps({ record: records.view('branch', 'b1', { ...branch, secretary: '别人改的', phone: '13900000000' }) })
  await settle()
  expect(box('branch-secretary').value).toBe('我在改')
  expect(box('branch-phone').value).toBe('13900000000')
  expect(screen.view.text()).toContain('别处把这一项改成了“别人改的”')
  await save()
  // What it showed goes along, so that the other's value is not replaced unseen.
  expect(calls(screen, 'SaveForm')).toEqual([['branch', 'b1', { secretary: '我在改' }, { secretary: ['刘秀'] }]])
})

test('what comes in and is typed too is no longer two values', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await write('branch-secretary', '刘秀英')
  await screen.view.setProps({ record: records.view('branch', 'b1', { ...branch, secretary: '刘秀英' }) })
  await settle()
  expect(screen.view.text()).not.toContain('别处把这一项改成了')
  await write('branch-secretary', '刘秀芳')
  await save()
  expect(calls(screen, 'SaveForm')).toEqual([['branch', 'b1', { secretary: '刘秀芳' }, { secretary: ['刘秀英'] }]])
})

test('what is missing is said at its field', async () => {
  await open('branch', records.view('branch', ''))
  await write('branch-secretary', '刘秀')
  await save()
  expect(calls(screen, 'SaveForm')).toEqual([])
  const line = box('branch-name').closest('.line')!
  expect(line.querySelector('[role=alert]')?.textContent).toContain('这一项要填')
  expect(document.activeElement).toBe(box('branch-name'))
  expect(box('branch-secretary').value).toBe('刘秀')
})

test('a refused value is said at its field, and stays to be mended', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await write('branch-phone', 'abc')
  await save()
  const alert = box('branch-phone').closest('.line')!.querySelector('[role=alert]')
  expect(alert?.textContent).toContain('不像电话号码')
  expect(alert?.textContent).toContain('请改正后再保存')
  expect(box('branch-phone').value).toBe('abc')
  expect(screen.view.emitted('saved')).toBeUndefined()
})

test('full-width digits become digits', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await write('branch-phone', '１３９００００１１１１')
  await save()
  expect(calls(screen, 'SaveForm')[0]![2]).toEqual({ phone: '13900001111' })
})

test('a date that stands typed in its box is saved by key too', async () => {
  await open('branch', records.view('branch', 'b1', branch))
  await screen.view.findAll('button').find((b) => b.text().includes('还有'))?.trigger('click')
  box('branch-from').focus()
  await write('branch-from', '2024.3.5')
  await save()
  expect(calls(screen, 'SaveForm')[0]![2]).toEqual({ from: '2024-03-05' })
})

test('what is masked is not written back', async () => {
  await open('resident_private', records.view('resident_private', 'r1', { id_no: '330702********1234' }))
  expect(screen.view.text()).toContain('330702********1234')
  await save()
  expect(calls(screen, 'SaveForm')).toEqual([['resident_private', 'r1', {}, {}]])
})

test('a masked field is shown in full only with a reason', async () => {
  await open('resident_private', records.view('resident_private', 'r1', {}))
  await screen.view.findAll('button').find((b) => b.text() === '查看完整内容')!.trigger('click')
  const reveal = screen.view.findAll('button').find((b) => b.text() === '查看')!
  expect(reveal.attributes('disabled')).toBeDefined()
  await screen.view.get('.stack.gap input').setValue('办理高龄补贴')
  await reveal.trigger('click')
  await settle()
  expect(calls(screen, 'Reveal')).toEqual([['resident_private', 'r1', 'id_no', '办理高龄补贴']])
  expect(screen.view.text()).toContain('330702195003071234')
})

test.each(collections.map((c) => c.key))('a form for %s shows a box for each field', async (key) => {
  await open(key, records.view(key, ''))
  expect(screen.view.findAll('.line').length).toBeGreaterThan(0)
})
