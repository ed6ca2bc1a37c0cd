import { expect, test } from 'vitest'
import App from '@/App.vue'
import HomeView from './HomeView.vue'
import VillagesView from './VillagesView.vue'
import PhotoStrip from '@/components/PhotoStrip.vue'
import ShutPhotos from '@/components/ShutPhotos.vue'
import ToldNotes from '@/components/ToldNotes.vue'
import { useNotices } from '@/stores/notices'
import { useSync } from '@/stores/sync'
import { calls, settle, show } from '@/testing/screen'
import type { Notice } from '@/api'

const change = { id: '1', kind: 'role', at: 1_800_000_000_000, message: '新狮街道改了您的职责', hint: '没来得及上传的 2 条已经上传', seen: false }
const aside = { id: '2', kind: 'photos', at: 1_800_000_000_000, message: '照片库换上新的了', hint: '原来的文件另存', seen: false }

const told = (waiting: number, ...notices: Notice[]) => show(ToldNotes, { waiting }, { notices })

test('a change is told until it is put away, and what waits because of it is not told twice', async () => {
  const s = await told(2, change, aside)
  expect(s.view.text()).toContain(change.message)
  expect(s.view.text()).not.toContain('正等街道决定')
  expect(s.view.find('a[href="/sync"]').exists()).toBe(true)
  await s.view.get(`button[aria-label="知道了：${change.message}"]`).trigger('click')
  await settle()
  expect(s.view.text()).not.toContain(change.message)
  expect(s.view.text()).toContain(aside.message)
  expect(s.view.text()).toContain('这台电脑上写的有 2 条正等街道决定')
})

test('several are put away at once; without any the box is gone', async () => {
  const s = await told(0, change, aside)
  const all = s.view.findAll('button').find((b) => b.text() === '全部知道了')
  await all!.trigger('click')
  await settle()
  expect(calls(s, 'SeenNotice')).toEqual([['']])
  expect(s.view.text()).toBe('')
})

test('a township hears of it where its day starts', async () => {
  const s = await show(VillagesView, {}, { role: 'township', notices: [change] })
  expect(s.view.text()).toContain(change.message)
})

const ended = { since: 1_800_000_000_000, roleName: '村干部', place: '沙溪村', handed: 3, toSend: 0, rejected: 0, photos: 0 }

test('the end of a duty says what happened, what went up, what is gone, and whom to ask', async () => {
  const s = await show(HomeView, {}, { ended })
  const text = s.view.text()
  for (const words of ['不再负责“沙溪村”', '没来得及上报的 3 条', '从这台电脑上移走', '请找新狮街道', '走访记录']) expect(text).toContain(words)
  expect(text).not.toContain('该走访的户')
})

test('what has not gone up comes before joining anew', async () => {
  const s = await show(HomeView, {}, { ended: { ...ended, toSend: 2, photos: 1 } })
  expect(s.view.text()).toContain('还有 2 条、照片 1 张没有交上去')
  expect(s.view.text()).not.toContain('用新的邀请码加入')
})

test('a laptop whose duty has ended is joined anew, or not after all', async () => {
  const s = await show(App, {}, { ended })
  useNotices().say('前一个人记下的')
  const button = (name: string) => s.view.findAll('button').find((b) => b.text() === name)!
  await button('用新的邀请码加入').trigger('click')
  await settle()
  await button('返回').trigger('click')
  await settle()
  await button('用新的邀请码加入').trigger('click')
  await settle()
  await s.view.get('#join-invitation').setValue('gridbook1:abc')
  await s.view.get('#join-device').setValue('村电脑')
  await s.view.get('#join-password').setValue('mima12345')
  await s.view.get('#join-again').setValue('mima12345')
  await s.view.get('form').trigger('submit')
  await settle()
  expect(calls(s, 'JoinAnew')).toEqual([['gridbook1:abc', '村电脑', 'mima12345']])
  expect(s.view.text()).not.toContain('前一个人记下的')
  expect(calls(s, 'Join')).toEqual([])
  expect(s.view.find('nav').exists()).toBe(true)
})

test('without a duty only what still makes sense can be opened, and it is said why', async () => {
  const s = await show(App, {}, { ended }, '/households')
  await settle()
  expect(s.router.currentRoute.value.path).toBe('/')
  expect(s.view.findAll('nav a').map((a) => a.attributes('href'))).toEqual(['/', '/sync', '/settings'])
  expect(s.view.find('[data-search]').exists()).toBe(false)
  expect(s.view.text()).toContain('因为没有可看的')
  await s.router.push('/stick')
  await settle()
  expect(s.router.currentRoute.value.path).toBe('/stick')
  await s.router.push('/ledgers')
  await settle()
  expect(s.router.currentRoute.value.path).toBe('/')
})

const shut = { code: 'photos_shut', message: '照片库不是这台电脑的，打不开', hint: '请把它放回原处。' }

test('photos that cannot be opened: why, another try, and a new file only when asked twice', async () => {
  const s = await show(ShutPhotos)
  await useSync().refresh()
  await settle()
  expect(s.view.text()).toBe('')
  s.service.status = { ...s.service.status, photosShut: shut }
  await useSync().refresh()
  await settle()
  expect(s.view.text()).toContain(shut.message)
  const press = async (name: string) => {
    await s.view.findAll('button').find((b) => b.text() === name)!.trigger('click')
    await settle()
  }
  await press('再试一次')
  expect(s.view.text()).toContain('照片库打不开')
  await press('换上新的')
  expect(calls(s, 'ReopenPhotos')).toEqual([[false]])
  await press('确定换上新的')
  expect(calls(s, 'ReopenPhotos')).toEqual([[false], [true]])
  expect(s.view.text()).toBe('')
})

test('a file that another program holds is not set aside', async () => {
  const s = await show(ShutPhotos)
  s.service.status = { ...s.service.status, photosShut: { ...shut, code: 'locked' } }
  await useSync().refresh()
  await settle()
  expect(s.view.text()).toContain('再试一次')
  expect(s.view.text()).not.toContain('换上新的')
})

test('the photos of a record say that they cannot be opened, and nothing else of where they are', async () => {
  const s = await show(PhotoStrip, { collection: 'visit', id: 'visit1', writable: true })
  s.service.addRow('visit', 'visit1', { here: false })
  s.service.shutPhotos = shut
  s.host.emit('photos', null)
  await settle()
  expect(s.view.text()).toContain(shut.message)
  expect(s.view.text()).toContain('现在打不开')
  expect(s.view.text()).not.toContain('别的电脑')
  expect(s.view.findAll('button').some((b) => b.text() === '加照片')).toBe(false)
})
