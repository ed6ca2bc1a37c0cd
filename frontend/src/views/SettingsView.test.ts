import { afterEach, expect, test, vi } from 'vitest'
import { transport } from '@/api'
import { useNotices } from '@/stores/notices'
import { useSync } from '@/stores/sync'
import { settle, show, type Screen } from '@/testing/screen'
import SettingsView from './SettingsView.vue'

let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

async function backUp(photosToSend: number): Promise<string> {
  vi.spyOn(transport, 'saveFile').mockResolvedValue(true)
  screen = await show(SettingsView)
  screen.service.status = { ...screen.service.status, photosToSend }
  await useSync().refresh()
  await screen.view.findAll('button').find((b) => b.text() === '备份一份')!.trigger('click')
  await settle()
  return useNotices().list.at(-1)!.text
}

test('a backup says that photos are not in it, and how many have not been sent', async () => {
  expect(await backUp(3)).toBe('备份已存好：网格簿备份-2026-11-23.gridbak。备份不含照片；还有 3 张没上报。')
  expect(screen.view.text()).toContain('照片待上报 3 张')
})

test('with every photo sent, the backup says only where it is', async () => {
  expect(await backUp(0)).toBe('备份已存好：网格簿备份-2026-11-23.gridbak')
  expect(screen.view.text()).toContain('备份不含照片。')
})
