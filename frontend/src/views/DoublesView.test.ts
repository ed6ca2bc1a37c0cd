import { afterEach, expect, test } from 'vitest'
import { useNotices } from '@/stores/notices'
import { calls, settle, show, type Screen } from '@/testing/screen'
import DoublesView from './DoublesView.vue'

let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

async function open() {
  screen = await show(DoublesView, { household: '' }, {}, '/doubles')
  const { a, b } = screen.service.doubles[0]!
  return { view: screen.view, first: a.id, second: b.id }
}

async function press(text: string) {
  await screen.view.findAll('button').find((b) => b.text() === text)!.trigger('click')
  await settle()
}

test('both stand side by side, and what differs is marked on both', async () => {
  const { view } = await open()
  expect(view.findAll('table')).toHaveLength(1)
  expect(view.findAll('td.differs')).toHaveLength(2)
  expect(view.text()).toContain('户主同名、门牌相近')
})

test('merging keeps the first and takes what was chosen of the second', async () => {
  const { view, first, second } = await open()
  await view.find('input[type=checkbox]').setValue(true)
  await press('是同一个，合并')
  expect(calls(screen, 'Merge')).toEqual([[first, second, ['address']]])
  expect(useNotices().list[0]!.undo).not.toBe('')
  expect(view.findAll('table')).toHaveLength(0)
})

test('the other may be kept, and what was chosen before does not go over', async () => {
  const { view, first, second } = await open()
  await view.find('input[type=checkbox]').setValue(true)
  await view.findAll('input[type=radio]')[1]!.setValue()
  await press('是同一个，合并')
  expect(calls(screen, 'Merge')).toEqual([[second, first, []]])
})

test('two that are not one are told apart for good', async () => {
  const { view, first, second } = await open()
  await press('不是同一个')
  expect(calls(screen, 'NotSame')).toEqual([[first, second]])
  expect(view.findAll('table')).toHaveLength(0)
})

test('a merge can be taken apart again', async () => {
  await open()
  await press('是同一个，合并')
  await press('再分开')
  expect(calls(screen, 'Unmerge')).toHaveLength(1)
})
