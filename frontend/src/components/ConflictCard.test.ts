import { afterEach, expect, test } from 'vitest'
import type { Conflict, SchemaCollection } from '@/api'
import { FakeRecords } from '@/testing/fakeRecords'
import schema from '@/testing/schema.json'
import { useNotices } from '@/stores/notices'
import { calls, press, settle, show, type Screen } from '@/testing/screen'
import ConflictCard from './ConflictCard.vue'

const phone = new FakeRecords(schema.collections as SchemaCollection[], schema.tables, true).phoneConflict()
const stamps = phone.heads.map((h) => h.stamp)
const id = 'household00000000003'
let screen: Screen

afterEach(() => {
  screen.view.unmount()
})

async function open(conflict: Conflict = phone) {
  screen = await show(ConflictCard, { collection: 'household', id, conflict })
}

function button(text: string, n = 0) {
  return screen.view.findAll('button').filter((b) => b.text() === text)[n]!
}

test('both values stand there with who wrote them, where and when', async () => {
  await open()
  const text = screen.view.text()
  for (const part of ['13805791111', '13805792222', '本机', '陈美华的笔记本', '街道还没收到', '11月21日 10:12', '现在显示的不是您写的']) {
    expect(text).toContain(part)
  }
  expect(screen.view.get('li.shown').text()).toContain('13805792222')
})

test('another is written with the keyboard alone: into the field, Enter saves, Escape puts it away', async () => {
  await open()
  const pen = () => button('都不对，另写一个')
  await pen().trigger('click')
  await settle()
  const field = document.activeElement as HTMLInputElement
  expect(field.tagName).toBe('INPUT')
  press(field, 'Escape', { isComposing: true })
  await settle()
  expect(document.activeElement).toBe(field)
  press(field, 'Escape')
  await settle()
  expect(document.activeElement).toBe(pen().element)
  await pen().trigger('click')
  await settle()
  await screen.view.get('input').setValue('13833330001')
  await screen.view.get('form').trigger('submit')
  await settle()
  expect(calls(screen, 'ResolveValue')).toEqual([['household', id, 'phone', '13833330001', stamps]])
})

test('one is taken, and that can be undone', async () => {
  await open()
  await button('用这个', 0).trigger('click')
  await settle()
  expect(calls(screen, 'ResolveTake')).toEqual([['household', id, 'phone', 1, stamps]])
  expect(screen.view.emitted('resolved')).toHaveLength(1)
  expect(useNotices().list.at(-1)).toMatchObject({ text: '“联系电话”已定下', undo: expect.stringMatching(/./) })
})

test('or another is written', async () => {
  await open()
  await button('都不对，另写一个').trigger('click')
  await settle()
  const input = screen.view.get('.write input')
  expect((input.element as HTMLInputElement).value).toBe('13805792222')
  await input.setValue('13805793333')
  await button('就用我写的').trigger('click')
  await settle()
  expect(calls(screen, 'ResolveValue')).toEqual([['household', id, 'phone', '13805793333', stamps]])
})

test('deleting against editing is asked as delete or keep', async () => {
  const [a, b] = phone.heads
  await open({ key: 'deleted', label: '已删除', lostOwn: false, heads: [{ ...a!, value: true, text: '是' }, { ...b!, value: null, text: '' }] })
  expect(screen.view.text()).toContain('删除这一条')
  expect(screen.view.text()).toContain('保留这一条')
  expect(screen.view.text()).toContain('这一条删不删？')
  expect(screen.view.text()).not.toContain('另写一个')
})
