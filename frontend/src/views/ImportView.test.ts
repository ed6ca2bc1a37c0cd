import { afterEach, expect, test, vi } from 'vitest'
import { transport } from '@/api'
import { calls, settle, show, type Screen } from '@/testing/screen'
import ImportView from './ImportView.vue'

let screen: Screen

afterEach(() => {
  screen.view.unmount()
})

async function choose(): Promise<void> {
  vi.spyOn(transport, 'pickFile').mockResolvedValue({ handle: 'h1', name: '花名册.xlsx' })
  await screen.view.findAll('input[type=radio]')[0]!.setValue(true)
  await settle()
  await button('选文件').trigger('click')
  await settle()
}

function button(text: string) {
  return screen.view.findAll('button').find((b) => b.text() === text)!
}

test('nothing is written before one has seen what would be', async () => {
  screen = await show(ImportView)
  await choose()
  expect(calls(screen, 'ImportPreview')).toEqual([['households', 'h1', '330702009203']])
  expect(calls(screen, 'Import')).toEqual([])
  const text = screen.view.text()
  for (const part of ['将新增', '112', '402', '将更新', '9 行和已有的一样']) expect(text).toContain(part)
  await button('导入').trigger('click')
  await settle()
  expect(calls(screen, 'Import')).toEqual([['households', 'h1', '330702009203']])
  expect(screen.view.text()).toContain('导入好了')
})

test('every refused cell is named by sheet, row, column, value and reason', async () => {
  screen = await show(ImportView)
  await choose()
  const row = screen.view.findAll('tbody tr').find((r) => r.text().includes('3.30702E+17'))!
  for (const part of ['花名册', '17', '公民身份号码', '3.30702E+17', '后三位已经丢了']) expect(row.text()).toContain(part)
  expect(screen.view.text()).toContain('校验位')
})

test('a dropped file goes up as bytes', async () => {
  screen = await show(ImportView)
  await screen.view.findAll('input[type=radio]')[0]!.setValue(true)
  const bytes = new Uint8Array([1, 2, 3]).buffer
  const file = { name: '拖来的.xlsx', arrayBuffer: async () => bytes }
  await screen.view.get('.drop').trigger('drop', { dataTransfer: { files: [file] } })
  await settle()
  expect(screen.host.uploads).toEqual([bytes])
  expect(screen.view.text()).toContain('拖来的.xlsx')
})

test('a workbook that says nothing new need not be imported', async () => {
  screen = await show(ImportView)
  screen.service.ImportPreview = (kind, file) => ({ kind, file, rows: 9, created: {}, updated: {}, unchanged: 9, refused: [], aside: [], notes: [], dryRun: true, undo: '' })
  await choose()
  expect(button('导入').attributes('disabled')).toBeDefined()
  expect(screen.view.text()).toContain('都有了')
})

test('a file that cannot be read is said with what to do, and another can be chosen', async () => {
  screen = await show(ImportView)
  const { Refusal } = await import('@/testing/fakeService')
  screen.service.ImportPreview = () => {
    throw new Refusal('file_kind', '这是旧版 .xls 表格', '请用 Excel 另存为 .xlsx 后再试。')
  }
  await choose()
  expect(screen.view.text()).toContain('另存为 .xlsx')
  expect(button('换一个文件').exists()).toBe(true)
})
