import { afterEach, expect, test } from 'vitest'
import type { ConflictRow, SchemaCollection } from '@/api'
import { useNotices } from '@/stores/notices'
import { FakeRecords } from '@/testing/fakeRecords'
import schema from '@/testing/schema.json'
import { calls, settle, show, type Screen } from '@/testing/screen'
import LaptopChoice from './LaptopChoice.vue'

let screen: Screen

afterEach(() => {
  screen.view.unmount()
})

test('each laptop is offered once with how much it wrote, and taking it can be undone', async () => {
  const phone = new FakeRecords(schema.collections as SchemaCollection[], schema.tables, true).phoneConflict()
  const row = (id: string): ConflictRow => ({ collection: 'household', id, title: id, subtitle: '', village: '', household: id, fields: [phone] })
  screen = await show(LaptopChoice, { conflicts: [row('a'), row('b')] })
  const buttons = screen.view.findAll('button')
  expect(buttons.map((b) => b.text())).toEqual(['都用“沙溪村办公室”写的（2 处）', '都用“陈美华的笔记本”写的（2 处）'])
  await buttons[1]!.trigger('click')
  await settle()
  expect(calls(screen, 'ResolveFrom')).toEqual([[2]])
  expect(useNotices().list.at(-1)?.undo).not.toBe('')
})
