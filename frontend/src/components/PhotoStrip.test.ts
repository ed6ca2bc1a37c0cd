import { afterEach, expect, test, vi } from 'vitest'
import { calls, press, settle, show, type Screen } from '@/testing/screen'
import PhotoStrip from './PhotoStrip.vue'

let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

async function open(id: string, prepare: (s: Screen['service']) => void = () => undefined): Promise<void> {
  screen = await show(PhotoStrip, { collection: 'visit', id, writable: true })
  prepare(screen.service)
  screen.service.emit('photos', null)
  await settle()
}

function file(name: string, type = 'image/jpeg'): File {
  // jsdom's File has no arrayBuffer.
  return Object.assign(new File([], name, { type }), { arrayBuffer: () => Promise.resolve(new ArrayBuffer(3)) })
}

async function drop(...files: File[]): Promise<void> {
  const e = new Event('drop', { bubbles: true, cancelable: true })
  Object.assign(e, { dataTransfer: { files } })
  document.querySelector('section')!.dispatchEvent(e)
  await settle()
}

const words = () => document.body.textContent ?? ''
const tiles = () => [...document.querySelectorAll<HTMLButtonElement>('button.tile')]

test('it says how many have arrived, and which', async () => {
  await open('v1', (s) => {
    s.addRow('visit', 'v1', { arrived: true, caption: '院墙' })
    s.addRow('visit', 'v1', { arrived: true })
    s.addRow('visit', 'v1', { done: 4 })
  })
  expect(words()).toContain('3 张，已到街道 2 张')
  expect(tiles().map((b) => b.getAttribute('aria-label'))).toEqual([
    expect.stringContaining('院墙，已到街道'), expect.stringContaining('已到街道'), expect.stringContaining('正在上报，50%'),
  ])
})

test('dropped pictures are added, other files are not', async () => {
  await open('v1')
  await drop(file('a.jpg'), file('table.xlsx', 'application/zip'), file('b.png', 'image/png'))
  expect(calls(screen, 'AddPhoto').map((c) => c.slice(0, 3))).toEqual([['visit', 'v1', 'upload-1'], ['visit', 'v1', 'upload-2']])
  expect(screen.host.uploads.every((u) => u instanceof ArrayBuffer)).toBe(true)
  expect(tiles()).toHaveLength(2)
})

test('a picture is pasted once, though the form hears it too', async () => {
  await open('v1')
  const e = new Event('paste', { bubbles: true, cancelable: true })
  Object.assign(e, { clipboardData: { files: [file('image.png', 'image/png')] } })
  document.querySelector('section')!.dispatchEvent(e)
  ;(screen.view.vm as unknown as { pasted: (e: Event) => void }).pasted(e)
  await settle()
  expect(calls(screen, 'AddPhoto')).toHaveLength(1)
})

test('why a picture cannot be used stands beside it; the others are added', async () => {
  await open('v1', (s) => (s.refusedPhoto = 'upload-1'))
  await drop(file('a.heic', ''), file('b.jpg'))
  expect(words()).toContain('HEIC')
  expect(words()).toContain('微信')
  expect(tiles()).toHaveLength(1)
})

test('before the record is saved, photos wait; then they are added', async () => {
  await open('')
  await drop(file('a.jpg'), file('b.jpg'))
  expect(calls(screen, 'AddPhoto')).toHaveLength(0)
  expect(document.querySelectorAll('figure img')).toHaveLength(2)
  const strip = screen.view.vm as unknown as { attach: (id: string) => Promise<boolean> }
  expect(await strip.attach('v9')).toBe(true)
  expect(calls(screen, 'AddPhoto').map((c) => c[1])).toEqual(['v9', 'v9'])
})

test('one that is not here is asked for, and shown when it comes', async () => {
  await open('v1', (s) => s.addRow('visit', 'v1', { here: false, arrived: true }))
  expect(words()).toContain('在街道，点开取回')
  tiles()[0]!.click()
  await settle()
  expect(calls(screen, 'Photo')).toHaveLength(1)
  expect(words()).toContain('正在取回')
  screen.service.photos.get('visit/v1')![0]!.here = true
  screen.service.emit('photos', null)
  await settle()
  expect(tiles()[0]!.querySelector('img')?.getAttribute('src')).toContain('/api/file/picture-')
})

test('one that went bad on this laptop is to be added again; one of another laptop is waited for', async () => {
  await open('v1', (s) => {
    s.addRow('visit', 'v1', { here: false, lost: true, done: 3 })
    s.addRow('visit', 'v1', { here: false })
  })
  expect(tiles().map((b) => b.getAttribute('aria-label'))).toEqual([expect.stringContaining('请重新添加'), expect.stringContaining('别的电脑还没有上报')])
})

test('large: the arrows go on, Esc closes, and the form does not hear it', async () => {
  await open('v1', (s) => {
    s.addRow('visit', 'v1', { caption: '第一张' })
    s.addRow('visit', 'v1', { caption: '第二张' })
  })
  tiles()[0]!.click()
  await settle()
  const dialog = document.querySelector('dialog')!
  const outside = vi.fn()
  document.body.addEventListener('keydown', outside)
  press(dialog, 'ArrowRight')
  await settle()
  expect(dialog.querySelector('img')?.alt).toBe('第二张')
  outside.mockClear()
  press(dialog, 'Escape')
  await settle()
  expect(document.querySelector('dialog')).toBeNull()
  expect(outside).not.toHaveBeenCalled()
  document.body.removeEventListener('keydown', outside)
})

test('a photo is removed after a second press, and can be brought back', async () => {
  await open('v1', (s) => s.addRow('visit', 'v1'))
  tiles()[0]!.click()
  await settle()
  const button = (text: string) => [...document.querySelectorAll('dialog button')].find((b) => b.textContent?.includes(text)) as HTMLButtonElement
  button('去掉').click()
  await settle()
  expect(calls(screen, 'Delete')).toHaveLength(0)
  button('确定去掉').click()
  await settle()
  expect(calls(screen, 'Delete')).toEqual([['attachment', expect.any(String)]])
})

test('whoever may not write sees them and no buttons', async () => {
  screen = await show(PhotoStrip, { collection: 'visit', id: 'v1', writable: false })
  expect(document.querySelector('section')).toBeNull()
  screen.service.addRow('visit', 'v1')
  screen.service.emit('photos', null)
  await settle()
  expect(tiles()).toHaveLength(1)
  expect(words()).not.toContain('加照片')
})
