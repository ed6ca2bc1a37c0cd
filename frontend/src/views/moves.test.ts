import { afterEach, expect, test, vi } from 'vitest'
import { useNotices } from '@/stores/notices'
import { calls, press as key, settle, show, type Screen } from '@/testing/screen'
import { makeDeposits } from '@/testing/fakeMoves'
import type { FakeOptions } from '@/testing/fakeService'
import type { Component } from 'vue'
import CheckView from './CheckView.vue'
import GridView from './GridView.vue'
import HomeView from './HomeView.vue'
import HouseholdView from './HouseholdView.vue'
import InboxView from './InboxView.vue'
import MemberView from './MemberView.vue'
import SyncView from './SyncView.vue'
import MovedView from './MovedView.vue'

let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

async function open(view: Component, props: Record<string, unknown>, options: FakeOptions = {}) {
  screen = await show(view, props, options)
  return screen.view
}

async function press(text: string) {
  const found = screen.view.findAll('button').find((b) => b.text() === text)
  if (!found) throw new Error(`no button ${text} in ${screen.view.text()}`)
  await found.trigger('click')
  await settle()
}

function household() {
  return screen.service.households[1]!.id
}

test('a household moves after its plan was read, and the move can be undone', async () => {
  const view = await open(HouseholdView, { id: 'household00000000001' })
  await press('转户')
  expect(view.find('[role=dialog] button[disabled]').exists()).toBe(true)
  await view.find('#move-grid').setValue('grid0000000000000002')
  await settle()
  expect(view.find('.plan').text()).toContain('走访 12 条、诉求 2 件将随户转到沙溪第二网格')
  await press('就这样转')
  expect(calls(screen, 'Move')).toEqual([[{ household: household(), village: '', grid: 'grid0000000000000002' }]])
  expect(useNotices().list[0]!.undo).not.toBe('')
  expect(view.find('[role=dialog]').exists()).toBe(false)
})

test('a household that goes to another village says so and can come back until it is sent', async () => {
  const view = await open(HouseholdView, { id: 'household00000000001' })
  await press('转户')
  await view.findAll('input[type=radio]')[1]!.setValue()
  await settle()
  await view.find('#move-village').setValue('330702009204')
  await settle()
  await press('就这样转')
  expect(view.text()).toContain('转到下裴村，还没上报')
  await press('撤销转出')
  expect(calls(screen, 'MoveBack')).toHaveLength(1)
  expect(view.text()).not.toContain('还没上报')
})

test('what is gone leaves a word and nothing to change', async () => {
  const view = await open(HouseholdView, { id: 'household00000000001' })
  screen.service.moved = [{ household: 'household00000000001', text: '张三户转到下裴村', by: '周敏', at: 1, unsent: false }]
  screen.service.emit('records', { collections: [], records: [], more: false, remote: true })
  await vi.waitFor(() => expect(view.text()).toContain('已经不在这台电脑里'))
  expect(view.text()).toContain('张三户转到下裴村，已经不在这台电脑里')
  expect(view.text()).not.toContain('转户')
  expect(view.text()).not.toContain('记走访')
})

test('Escape closes the panel and changes nothing; one that ends a composition does not', async () => {
  const view = await open(HouseholdView, { id: 'household00000000001' })
  await press('转户')
  key(view.find('[role=dialog]').element, 'Escape', { isComposing: true })
  await settle()
  expect(view.find('[role=dialog]').exists()).toBe(true)
  key(view.find('[role=dialog]').element, 'Escape')
  await settle()
  expect(view.find('[role=dialog]').exists()).toBe(false)
  expect(calls(screen, 'Move')).toHaveLength(0)
})

test('a grid is split by whole hamlets', async () => {
  const view = await open(GridView, { id: 'grid0000000000000000' })
  await press('拆分')
  await view.find('#split-name').setValue('沙溪第四网格')
  await view.findAll('[role=dialog] button').find((b) => b.text().endsWith('全选'))!.trigger('click')
  await settle()
  await press('就这样拆')
  const [[split]] = calls(screen, 'SplitGrid') as [[{ name: string; households: string[]; endLinks: boolean }]]
  expect(split.name).toBe('沙溪第四网格')
  const hamlet = screen.service.households.find((h) => h.id === split.households[0])!.hamlet
  expect(split.households).toHaveLength(screen.service.households.filter((h) => h.grid === 'grid0000000000000000' && h.hamlet === hamlet).length)
  expect(split.endLinks).toBe(false)
})

test('a grid is split by whole micro-grids', async () => {
  const view = await open(GridView, { id: 'grid0000000000000000' })
  await press('拆分')
  await view.find('#split-name').setValue('沙溪第四网格')
  const micro = view.findAll('fieldset').find((f) => f.text().includes('整个转到新网格的微网格'))!
  await micro.find('input').setValue(true)
  await settle()
  await press('就这样拆')
  const [[split]] = calls(screen, 'SplitGrid') as [[{ micros: string[]; households: string[] }]]
  expect(split.micros).toHaveLength(1)
  expect(split.households).toHaveLength(0)
})

test('a grid is merged into another, and chosen duties go on', async () => {
  const view = await open(GridView, { id: 'grid0000000000000000' })
  await press('合并')
  await view.find('[role=dialog] input[type=checkbox]').setValue(true)
  await view.find('#merge-into').setValue('grid0000000000000001')
  await settle()
  await press('就这样并')
  expect(calls(screen, 'MergeGrid')).toEqual([[{ grid: 'grid0000000000000000', into: 'grid0000000000000001', roles: [expect.any(String)] }]])
})

test("a member's households are handed over in one go", async () => {
  const view = await open(MemberView, { id: 'member00000000000004' })
  expect(view.text()).toContain('2021年1月1日 至 2024年3月1日')
  await press('职责变动')
  const boxes = view.findAll('[role=dialog] input[type=checkbox]')
  await boxes[0]!.setValue(true)
  await settle()
  expect(view.find('.plan').text()).toContain('不再担任')
  await press('就这样办')
  expect(calls(screen, 'ChangeDuties')).toEqual([[expect.objectContaining({ member: 'member00000000000004', end: [expect.any(String)], leaves: false })]])
})

test('a checklist is saved in one write and can be undone', async () => {
  const view = await open(CheckView, { household: 'household00000000001' })
  await view.findAll('ol input[type=radio]')[1]!.setValue() // 有
  await settle()
  await view.find('form').trigger('submit')
  await settle()
  expect(calls(screen, 'SaveCheck')).toHaveLength(1)
  expect(calls(screen, 'SaveRecord')).toHaveLength(0)
  expect(useNotices().list[0]!.undo).not.toBe('')
})

test('the inbox shows what came beside what is there, and takes or dismisses it', async () => {
  const view = await open(InboxView, {}, { role: 'township' })
  expect(view.findAll('td.differs')).toHaveLength(1)
  expect(view.text()).toContain('写的人已不再负责这里')
  expect(view.text()).toContain('封存在服务器上')
  await press('收下')
  expect(calls(screen, 'DecideInbox')).toEqual([['inbox1', 'take', 'inbox1.1']])
  expect(useNotices().list[0]!.undo).not.toBe('')
  await press('不收')
  expect(calls(screen, 'DecideInbox')[1]).toEqual(['inbox3', 'dismiss', 'inbox3.1'])
  await press('还是收下')
  expect(calls(screen, 'DecideInbox')[2]).toEqual(['inbox3', 'take', 'inbox3.1.dismiss'])
})

test('what changes while it is read is to be read again before it is decided', async () => {
  const view = await open(InboxView, {}, { role: 'township' })
  screen.service.grow('inbox1', '13905792222')
  await vi.waitFor(() => expect(view.text()).toContain('13905792222'))
  expect(view.text()).toContain('又有了变化')
  const card = view.findAll('section').find((s) => s.text().includes('13905792222'))!
  expect(card.findAll('button').map((b) => b.text())).toEqual(['看过了'])
  await press('看过了')
  expect(document.activeElement?.textContent).toBe('收下')
  await press('收下')
  expect(calls(screen, 'DecideInbox')).toEqual([['inbox1', 'take', 'inbox1.2']])
  await vi.waitFor(() => expect(view.text()).toContain('收下了，同步后并入'))
})

test('a decision about what has changed unseen is refused, and the new version shown', async () => {
  const view = await open(InboxView, {}, { role: 'township' })
  screen.service.grow('inbox1', '13905792222', false)
  await press('收下')
  expect(calls(screen, 'DecideInbox')).toEqual([['inbox1', 'take', 'inbox1.1']])
  await vi.waitFor(() => expect(view.text()).toContain('13905792222'))
  expect(view.text()).toContain('刚才点的没有算')
  expect(useNotices().list).toEqual([])
  await press('看过了')
  expect(view.text()).not.toContain('刚才点的没有算')
  await press('收下')
  expect(calls(screen, 'DecideInbox')[1]).toEqual(['inbox1', 'take', 'inbox1.2'])
})

test('after a decision the focus is on the next piece', async () => {
  const view = await open(InboxView, {}, { role: 'township' })
  const button = view.findAll('button').find((b) => b.text() === '收下')!
  ;(button.element as HTMLElement).focus()
  await press('收下')
  await vi.waitFor(() => expect(document.activeElement?.tagName).toBe('BUTTON'))
  expect(document.activeElement!.closest('section')!.textContent).toContain('等您决定')
})

test('taking a decision back is no change to be read again', async () => {
  const view = await open(InboxView, {}, { role: 'township' })
  await press('收下')
  screen.service.late = screen.service.late.map((i) => (i.id === 'inbox1' ? { ...i, decision: '', version: 'inbox1.1' } : i))
  screen.service.emit('records', { collections: ['inbox'], records: [], more: false, remote: false })
  await vi.waitFor(() => expect(view.findAll('button').map((b) => b.text())).toContain('收下'))
  expect(view.text()).not.toContain('又有了变化')
})

test('who wrote what is held sees that it waits, and what was decided', async () => {
  const view = await open(SyncView, {})
  const rows = view.findAll('li').map((li) => li.text())
  expect(rows.filter((r) => r.includes('等街道决定'))).toHaveLength(1)
  expect(rows.filter((r) => r.includes('周敏已收下'))).toHaveLength(1)
  expect(view.text()).toContain('一条不丢')
})

test('of many that were decided, some are shown at a time', async () => {
  const [waits, decided] = makeDeposits()
  const view = await open(SyncView, {}, { deposits: [waits!, ...Array.from({ length: 30 }, (_, i) => ({ ...decided!, id: `decided${i}` }))] })
  const shown = () => view.findAll('li').filter((li) => li.text().includes('周敏已收下')).length
  expect(view.text()).toContain('由街道决定的31')
  expect(shown()).toBe(19)
  await press('再看一些')
  expect(shown()).toBe(30)
  expect(view.findAll('button').some((b) => b.text() === '再看一些')).toBe(false)
})

test('the first screen says how much of what was written here waits, and leads there', async () => {
  const view = await open(HomeView, {})
  expect(view.findAll('a[href="/sync"]').map((a) => a.text())).toContain('这台电脑上写的有 1 条正等街道决定收不收')
})

test('the list of who went away can be looked at', async () => {
  const view = await open(MovedView, {})
  expect(view.text()).toContain('没有转到别的村的户')
})

test('a grid that was given up is only looked at', async () => {
  const view = await open(GridView, { id: 'grid0000000000000000' })
  expect(view.findAll('button').map((b) => b.text())).toContain('合并')
  screen.service.into = { id: 'grid0000000000000001', name: '沙溪第二网格', to: '', split: false }
  screen.service.emit('records', { collections: [], records: [], more: false, remote: true })
  await vi.waitFor(() => expect(view.text()).toContain('这个网格已并入沙溪第二网格'))
  expect(view.findAll('button').map((b) => b.text())).not.toContain('合并')
  expect(view.text()).not.toContain('添一名党员')
  expect(view.text()).toContain('担任的职责')
})
