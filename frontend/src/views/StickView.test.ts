import { mount, type VueWrapper } from '@vue/test-utils'
import { getActivePinia } from 'pinia'
import { afterEach, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import App from '@/App.vue'
import { i18n } from '@/i18n'
import { routes } from '@/router'
import { transport, type Picked } from '@/api'
import { Refusal, type FakeOptions } from '@/testing/fakeService'
import { setStage, settle } from '@/testing/screen'

let shown: VueWrapper | undefined
afterEach(() => {
  shown?.unmount()
  vi.restoreAllMocks()
  document.body.innerHTML = ''
})

async function open(options: FakeOptions = {}, change: (s: Awaited<ReturnType<typeof setStage>>['service']) => void = () => undefined) {
  const stage = await setStage(options)
  change(stage.service)
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push('/stick')
  shown = mount(App, { attachTo: document.body, global: { plugins: [getActivePinia()!, router, i18n] } })
  await settle()
  await settle()
  return { ...stage, view: shown }
}

async function click(view: VueWrapper, words: string) {
  const button = view.findAll('main button').find((b) => b.text() === words)
  await button!.trigger('click')
  await settle()
  await settle()
}

test('out to the stick that was used last, and what to do next', async () => {
  const { view, service } = await open()
  await click(view, '导出到 U 盘')
  expect(service.calls.find((c) => c.method === 'WriteStick')?.args).toEqual(['E:\\'])
  expect(view.text()).toContain('写好了，共 27 条、5 张照片，')
  expect(view.text()).toContain('还有 2 张照片这次装不下')
  expect(view.text()).toContain('等回执')
})

test('the answers say what happened, each by itself', async () => {
  const { view } = await open()
  await click(view, '读入回执')
  expect(view.text()).toContain('街道收到 26 条，退回 1 条；取回新内容 4 条。照片：街道收到 3 张；没有收 1 张，打开那条记录看原因；取回 4 张。与街道完全一致，共 3154 条。')
  expect(view.text()).toContain('这份回执已读过')
  expect(view.text()).toContain('数据包不完整')
})

test('a stick that was pulled is a sentence, and nothing claims to be written', async () => {
  const { view } = await open({}, (s) => {
    s.WriteStick = () => {
      throw new Refusal('unplugged', '数据包没有写到 U 盘上', '请看看 U 盘是不是拔了')
    }
  })
  await click(view, '导出到 U 盘')
  expect(view.text()).toContain('数据包没有写到 U 盘上')
  expect(view.text()).not.toContain('写好了')
})

test('without a stick there is nothing to press', async () => {
  const { view } = await open({}, (s) => {
    s.places = []
  })
  expect(view.text()).toContain('没有看到 U 盘')
  const out = view.findAll('main button').find((b) => b.text() === '导出到 U 盘')!
  expect(out.attributes('disabled')).toBeDefined()
})

test('the township takes all that can be taken', async () => {
  const { view, service } = await open({ role: 'township' })
  expect(view.text()).toContain('石门村')
  await click(view, '全部并入')
  expect(service.calls.find((c) => c.method === 'TakeStick')?.args).toEqual(['E:\\', ['330702009217-20261123-0905.gridbundle']])
  expect(view.text()).toContain('周建国，共 27 条：并入 20，已有 6，退回 1')
  expect(view.text()).toContain('照片：收到 5 张；没有收 1 张，回执里写明了原因；损坏 2 张，下次会自动再带来；3 张要等文字先并入，下次会自动再带来。')
  // One of them is damaged: not all is done.
  expect(view.text()).not.toContain('还给村里')
})

test('the township is told when all is done', async () => {
  const { view } = await open({ role: 'township' }, (s) => {
    s.found = s.found.filter((f) => !f.problem)
  })
  await click(view, '全部并入')
  expect(view.text()).toContain('请安全弹出 U 盘，还给村里')
})

test.each([
  ['told something', { told: { code: 'revoked', message: '这台电脑已停用', hint: '请找街道管理员。' } }, '这台电脑已停用'],
  ['to be numbered anew', { renumbered: true }, '请它读入回执后再导出一次'],
])('a laptop that is %s: not all is done, and its village is to hear it', async (_, more, words) => {
  const { view } = await open({ role: 'township' }, (s) => {
    s.found = s.found.filter((f) => !f.problem)
    const take = s.TakeStick.bind(s)
    s.TakeStick = (place, names) => take(place, names).map((one) => ({ ...one, ...more }))
  })
  await click(view, '全部并入')
  expect(view.text()).toContain(words)
  expect(view.text()).not.toContain('全部并入完了')
  expect(view.text()).toContain('有的村还有事要办')
})

test('photos that wait go by stick, and it is said', async () => {
  const { view } = await open({}, (s) => {
    s.status = { ...s.status, toSend: 0, photosToSend: 3 }
  })
  expect(view.text()).toContain('3 张照片还没到街道，会一起导出')
  expect(view.text()).not.toContain('没有待上报的')
})

test('without photos that wait there is no word of them', async () => {
  const { view } = await open({}, (s) => {
    s.status = { ...s.status, toSend: 0 }
  })
  expect(view.text()).toContain('没有待上报的')
  expect(view.text()).not.toContain('会一起导出')
})

async function write(path: string) {
  const field = document.getElementById('stick-path') as HTMLInputElement
  field.value = path
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.form!.dispatchEvent(new Event('submit', { cancelable: true }))
  await settle()
  await settle()
}

test('in a browser a folder is written down, with clear words if it is not there, and used', async () => {
  const { view, service } = await open()
  await click(view, '不在上面？写出位置')
  expect(document.activeElement?.id).toBe('stick-path')
  await write('网格簿')
  expect(view.text()).toContain('“网格簿”不是完整的位置')
  await write('/media/没有')
  expect(view.text()).toContain('没有这个文件夹或文件：/media/没有')
  expect(view.text()).toContain('先看看 U 盘是不是插好了')
  await write('/media/共享')
  expect(view.find('#stick-path').exists()).toBe(false)
  expect(view.find<HTMLInputElement>('input[type=radio]:checked').element.value).toBe('/media/共享')
  await click(view, '导出到 U 盘')
  expect(service.calls.find((c) => c.method === 'WriteStick')?.args).toEqual(['/media/共享'])
})

test('Escape puts the field away and the focus back', async () => {
  const { view } = await open()
  await click(view, '不在上面？写出位置')
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
  await settle()
  expect(view.find('#stick-path').exists()).toBe(false)
  expect(document.activeElement?.textContent).toBe('不在上面？写出位置')
})

test('one answer that is named is read at once, and is no place to write to', async () => {
  const { view, service } = await open()
  await click(view, '不在上面？写出位置')
  await write('/home/a-huizhi.gridbundle')
  expect(service.calls.find((c) => c.method === 'ReadStick')?.args).toEqual(['/home/a-huizhi.gridbundle'])
  expect(view.text()).toContain('街道收到 26 条')
  expect(view.findAll('input[type=radio]')).toHaveLength(2)
})

test('one bundle that is named is shown to the township like a stick', async () => {
  const { view, service } = await open({ role: 'township' })
  await click(view, '不在上面？写出位置')
  await write('/home/a.gridbundle')
  expect(view.find<HTMLInputElement>('input[type=radio]:checked').element.value).toBe('/home/a.gridbundle')
  expect(service.calls.filter((c) => c.method === 'ListStick').at(-1)?.args).toEqual(['/home/a.gridbundle'])
})

test('what failed before does not hide what fails now, and goes with another stick', async () => {
  const { view } = await open({}, (s) => {
    s.WriteStick = () => {
      throw new Refusal('unplugged', '写的时候拔了', '插好再试。')
    }
    s.ReadStick = () => {
      throw new Refusal('not_found', 'E: 里没有给这台电脑的回执', '请先交给街道。')
    }
  })
  await click(view, '导出到 U 盘')
  expect(view.text()).toContain('写的时候拔了')
  await click(view, '读入回执')
  expect(view.text()).toContain('里没有给这台电脑的回执')
  expect(view.text()).not.toContain('写的时候拔了')
  await view.findAll('input[type=radio]')[1]!.setValue()
  await settle()
  expect(view.text()).not.toContain('里没有给这台电脑的回执')
})

test("in the window the system's dialogs choose; a changed mind changes nothing", async () => {
  const folder = vi.fn(async (): Promise<Picked | null> => null)
  const file = vi.fn(async (): Promise<Picked | null> => ({ handle: 'path:/home/a-huizhi.gridbundle', name: 'a' }))
  vi.spyOn(transport, 'places', 'get').mockReturnValue({ folder, file })
  const { view, service } = await open()
  expect(view.text()).not.toContain('写出位置')
  await click(view, '别的文件夹…')
  expect(service.calls.some((c) => c.method === 'ChooseStick')).toBe(false)
  folder.mockResolvedValue({ handle: 'path:D:\\上报', name: '上报' })
  await click(view, '别的文件夹…')
  expect(view.find<HTMLInputElement>('input[type=radio]:checked').element.value).toBe('D:\\上报')
  folder.mockResolvedValue({ handle: 'path:D:\\没有', name: '没有' })
  await click(view, '别的文件夹…')
  expect(view.text()).toContain('没有这个文件夹或文件：D:\\没有')
  expect(view.find<HTMLInputElement>('input[type=radio]:checked').element.value).toBe('D:\\上报')
  await click(view, '选一份回执…')
  expect(service.calls.find((c) => c.method === 'ReadStick')?.args).toEqual(['/home/a-huizhi.gridbundle'])
})

test('a new laptop joins by stick, with the code', async () => {
  const { view, service } = await open({ phase: 'new', empty: true })
  vi.spyOn(transport, 'pickFile').mockResolvedValue({ handle: 'h1', name: 'shaxi.gridbundle' })
  const press = async (words: string) => {
    await view.findAll('button').find((b) => b.text() === words)!.trigger('click')
    await settle()
  }
  const write = (id: string, text: string) => {
    const el = document.getElementById(id) as HTMLInputElement
    el.value = text
    el.dispatchEvent(new Event('input', { bubbles: true }))
  }
  await press('没有网，用 U 盘加入')
  await view.get('form').trigger('submit')
  await settle()
  expect(view.text()).toContain('请选 U 盘里的首份数据')
  expect(view.text()).toContain('请填提取码')
  await press('选文件')
  expect(view.text()).toContain('shaxi.gridbundle')
  write('join-code', '7KQM-X2PA-9RTD')
  write('join-device', '沙溪村办公室')
  write('join-password', '沙溪村的密码2026')
  write('join-again', '沙溪村的密码2026')
  await view.get('form').trigger('submit')
  await settle()
  expect(service.calls.find((c) => c.method === 'JoinByStick')?.args).toEqual(['h1', '7KQM-X2PA-9RTD', '沙溪村办公室', '沙溪村的密码2026'])
  expect(view.find('nav').exists()).toBe(true)
})
