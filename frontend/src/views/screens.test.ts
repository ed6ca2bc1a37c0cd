import { mount, type VueWrapper } from '@vue/test-utils'
import { getActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import App from '@/App.vue'
import { i18n } from '@/i18n'
import { routes } from '@/router'
import { press, setStage, settle } from '@/testing/screen'
import type { FakeOptions } from '@/testing/fakeService'

const complaints: unknown[] = []
let shown: VueWrapper | undefined

beforeEach(() => {
  complaints.length = 0
  vi.spyOn(console, 'warn').mockImplementation((...a) => void complaints.push(a.join(' ')))
  vi.spyOn(console, 'error').mockImplementation((...a) => void complaints.push(a.join(' ')))
})
afterEach(() => {
  shown?.unmount()
  document.body.innerHTML = ''
})

async function open(at: string, options: FakeOptions = {}) {
  const stage = await setStage(options)
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(at)
  const view = mount(App, { attachTo: document.body, global: { plugins: [getActivePinia()!, router, i18n] } })
  shown = view
  await settle()
  await settle()
  return { ...stage, view, router }
}

const addresses = [
  ['/', '该走访的户'],
  ['/households', '住户'],
  ['/households/household00000000003', '两处写得不一样'],
  ['/households/household00000000009', '街道没有收下'],
  ['/grids', '沙溪第一网格'],
  ['/grids/grid0000000000000001', '微网格'],
  ['/members/member00000000000004', '联系的户'],
  ['/visits', '走访记录'],
  ['/visits/new', '记一次走访'],
  ['/records/matter', '民情事项'],
  ['/records/matter/matter-1', '办理过程'],
  ['/records/dispute/dispute-1', '办理过程'],
  ['/records/hazard/new', '隐患描述'],
  ['/records/activity', '主题党日'],
  ['/checks', '消防'],
  ['/ledgers', '流动党员'],
  ['/import', '选文件'],
  ['/conflicts', '联系电话'],
  ['/doubles', '不是同一个'],
  ['/sync', '待上报'],
  ['/stick', '导出到 U 盘'],
  ['/settings', '字的大小'],
  ['/monthly', '月报'],
] as const

test.each(addresses)('%s shows %s and complains of nothing', async (at, words) => {
  const { view } = await open(at)
  expect(view.text()).toContain(words)
  expect(complaints).toEqual([])
})

test.each(addresses.map(([at]) => at).filter((at) => !/\d/.test(at)))('%s bears an empty ledger', async (at) => {
  const { view } = await open(at, { empty: true })
  expect(view.find('main').exists()).toBe(true)
  expect(complaints).toEqual([])
})

test('a township begins with its villages, in the order of their codes, and chooses one', async () => {
  const { view, router, service } = await open('/', { role: 'township' })
  await vi.waitFor(() => expect(view.find('tbody').exists()).toBe(true))
  expect(router.currentRoute.value.path).toBe('/villages')
  const names = view.findAll('tbody tr').map((r) => r.find('td').text())
  expect(names).toEqual(service.Villages().map((v) => v.name))
  await view.get('select').setValue('330702009203')
  await router.push('/households')
  await settle()
  expect(service.calls.filter((c) => c.method === 'Households').at(-1)?.args[0]).toMatchObject({ village: '330702009203' })
  expect(complaints).toEqual([])
})

test('whoever wrote what is not shown is told, and puts it away', async () => {
  const { view, service } = await open('/')
  expect(view.text()).toContain('您写的有结果了')
  expect(view.text()).toContain('没有用您写的')
  await view.findAll('button').find((b) => b.text() === '知道了')!.trigger('click')
  await vi.waitFor(() => expect(view.text()).not.toContain('您写的有结果了'))
  expect(service.calls.some((c) => c.method === 'SeenOutcomes')).toBe(true)
})

test('without a network it is said calmly, not as an error', async () => {
  const { view } = await open('/', { offline: true, empty: true })
  expect(view.get('.bar [role=status]').text()).toContain('没有网，照常使用')
  expect(view.find('[role=alert]').exists()).toBe(false)
})

test('a first copy that has not come whole is said on every screen, and nothing claims to be empty', async () => {
  const { view, host, service, router } = await open('/', { empty: true })
  const tell = async (more: object) => {
    service.status = { ...service.status, ...more }
    host.emit('sync', service.status)
    await settle()
  }
  await tell({ phase: 'running', done: 300, total: 2600, verified: { equal: false, records: 0, at: 0 } })
  expect(view.text()).toContain('正在从街道取资料：第 300 条，共 2600 条')
  expect(view.find('progress').attributes('value')).toBe('300')
  expect(view.text()).not.toContain('全部上报了')
  for (const at of ['/', '/households', '/visits']) {
    await router.push(at)
    await settle()
    expect(view.text()).toContain('资料还没取齐，取到的会自己出现')
    expect(view.text()).not.toContain('导入')
  }
  await tell({ phase: 'offline' })
  expect(view.text()).toContain('连上街道后会接着取')
  await tell({ phase: 'idle', verified: { equal: true, records: 2600, at: 1 } })
  expect(view.text()).not.toContain('没取齐')
})

test('a locked laptop asks for the password and shows nothing else', async () => {
  const { view } = await open('/households', { phase: 'locked' })
  expect(view.find('nav').exists()).toBe(false)
  const field = document.getElementById('unlock-password') as HTMLInputElement
  field.value = 'mima12345'
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await view.get('form').trigger('submit')
  await settle()
  expect(view.find('nav').exists()).toBe(true)
  expect(complaints).toEqual([])
})

test('a new laptop joins; what is wrong is said at its field', async () => {
  const { view } = await open('/', { phase: 'new', empty: true })
  const write = (id: string, text: string) => {
    const el = document.getElementById(id) as HTMLInputElement
    el.value = text
    el.dispatchEvent(new Event('input', { bubbles: true }))
  }
  write('join-invitation', ' gridbook1:abc\n def ')
  write('join-device', '沙溪村办公室')
  write('join-password', 'kurz')
  write('join-again', 'anders')
  await view.get('form').trigger('submit')
  await settle()
  expect(view.text()).toContain('密码至少要 6 个字')
  expect(view.text()).toContain('两次填的密码不一样')
  write('join-password', '沙溪村的密码2026')
  write('join-again', '沙溪村的密码2026')
  await view.get('form').trigger('submit')
  await settle()
  expect(view.find('nav').exists()).toBe(true)
})

test('Ctrl+N writes a visit from anywhere, for the household in sight', async () => {
  const { router } = await open('/households/household00000000003')
  press(document.body, 'n', { ctrlKey: true, isComposing: true })
  await settle()
  expect(router.currentRoute.value.path).toBe('/households/household00000000003')
  press(document.body, 'n', { ctrlKey: true })
  await settle()
  expect(router.currentRoute.value.fullPath).toBe('/visits/new?household=household00000000003')
})

test('the list of households is worked by keys', async () => {
  const { router, service } = await open('/households')
  ;(document.activeElement as HTMLElement).blur()
  press(document.body, '/')
  const field = document.activeElement as HTMLInputElement
  expect(field.dataset.search).toBeDefined()
  press(field, 'ArrowDown')
  press(field, 'ArrowDown')
  press(field, 'ArrowUp')
  press(field, 'Enter')
  await settle()
  expect(router.currentRoute.value.path).toBe(`/households/${service.households[1]!.id}`)
})

test('what was done last is taken back by the keyboard too, but not out of a field', async () => {
  const { view, service } = await open('/records/activity/activity-1')
  const undone = () => service.calls.filter((c) => c.method === 'Undo')
  press(document.body, 'z', { ctrlKey: true })
  await settle()
  expect(undone()).toEqual([])
  await view.findAll('button').find((b) => b.text() === '删除')!.trigger('click')
  await view.get('[role=alertdialog] .el-button--danger').trigger('click')
  await settle()
  press(view.get('[data-search]').element, 'z', { ctrlKey: true })
  await settle()
  expect(undone()).toEqual([])
  press(document.body, 'z', { ctrlKey: true })
  await settle()
  expect(undone().map((c) => c.args)).toEqual([['undo-activity-1']])
})

test('what was done can be taken back', async () => {
  const { view, service } = await open('/records/activity/activity-1')
  await view.findAll('button').find((b) => b.text() === '删除')!.trigger('click')
  await view.get('[role=alertdialog] .el-button--danger').trigger('click')
  await settle()
  expect(view.text()).toContain('已删除')
  await view.findAll('.notice button').find((b) => b.text().startsWith('撤销'))!.trigger('click')
  await settle()
  expect(service.calls.find((c) => c.method === 'Undo')?.args).toEqual(['undo-activity-1'])
  expect(view.text()).toContain('已撤销')
})
