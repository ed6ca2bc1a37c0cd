import { afterEach, expect, test } from 'vitest'
import { useSession } from '@/stores/session'
import { calls, settle, show, type Screen } from '@/testing/screen'
import RecoverForm from './RecoverForm.vue'

let screen: Screen

afterEach(() => {
  screen.view.unmount()
})

async function fill(key: string, fresh: string, again = fresh): Promise<void> {
  screen = await show(RecoverForm, {})
  await screen.view.get('#recover-key').setValue(key)
  await screen.view.get('#recover-new').setValue(fresh)
  await screen.view.get('#recover-again').setValue(again)
  await screen.view.get('form').trigger('submit')
  await settle()
}

test('what is missing or differs is said before anything is sent', async () => {
  await fill('', '短', '不同')
  for (const words of ['请填恢复密钥', '至少要 6 个字', '两次填的密码不一样']) expect(screen.view.text()).toContain(words)
  expect(calls(screen, 'Recover')).toEqual([])
})

test("another's key is refused in words, and stays to be mended", async () => {
  await fill('我的密钥', '新的密码2024年')
  expect(screen.view.text()).toContain('恢复密钥不对')
  expect((screen.view.get('#recover-key').element as HTMLTextAreaElement).value).toBe('我的密钥')
})

test('the right key opens', async () => {
  await fill('age-secret-key-1abc', '新密码六个字')
  expect(calls(screen, 'Recover')).toEqual([['age-secret-key-1abc', '新密码六个字']])
  expect(useSession().state?.phase).toBe('ready')
})
