import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Laptop, Office, samples, township, village } from './town'

let office: Office
let secretary: Laptop
let clerk: Laptop

beforeAll(async () => {
  office = await Office.start()
  secretary = await Laptop.start()
  clerk = await Laptop.start()
})

afterAll(async () => {
  await secretary?.discard()
  await clerk?.discard()
  await office?.discard()
})

afterEach(async (context) => {
  const name = context.task.name.replace(/\W+/g, '-')
  if (context.task.result?.state === 'fail') console.log(secretary.complaints, clerk.complaints)
  await secretary.picture(`${name}-village`)
  await clerk.picture(`${name}-township`)
})

test('both join with their invitations; a used one is refused in words', async () => {
  const invitation = await office.invite('village', village, '沙溪村书记')
  await secretary.join(invitation, '沙溪村电脑')
  expect(await secretary.page.getByRole('navigation').textContent()).toContain('记走访')

  await clerk.page.getByLabel('邀请码').fill(invitation)
  await clerk.page.locator('#join-device').fill('街道电脑')
  await clerk.page.locator('#join-password').fill('12345678')
  await clerk.page.locator('#join-again').fill('12345678')
  await clerk.page.locator('button[type=submit]').click()
  expect(await clerk.page.getByRole('alert').first().textContent()).toMatch(/邀请码/)

  await clerk.join(await office.invite('township', township, '街道管理员'), '街道电脑')
})

test("the village's own workbooks come in", async () => {
  const { page } = secretary
  const kinds = ['网格', '党员', '住户', '联系户', '走访']
  for (const [i, kind] of kinds.entries()) {
    await secretary.go('#/')
    await secretary.go('#/import')
    await page.getByRole('radio', { name: kind }).first().check()
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: '选文件' }).click()])
    await chooser.setFiles(samples[i]!)
    await page.getByRole('button', { name: '导入', exact: true }).click()
    await page.getByRole('heading', { name: '导入好了' }).waitFor()
  }
  await secretary.go('#/households')
  await page.getByText('张', { exact: false }).first().waitFor()
})

test('with the keyboard alone a visit is written, and a crash keeps the draft', async () => {
  const { page } = secretary
  await secretary.go('#/')
  await page.getByRole('heading', { name: /今天/ }).waitFor()
  await page.keyboard.press('Control+n')
  await page.locator('#visit-household:focus').waitFor()
  await page.keyboard.type('wsf') // 汪山凤 by initials
  await page.getByRole('option').filter({ hasText: '汪山凤' }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('#visit-situation:focus').waitFor()
  await page.keyboard.type('屋顶漏雨，已拍照，')
  await page.getByText('草稿已存').waitFor()

  await secretary.crash()
  await secretary.unlock()
  await secretary.page.getByRole('link', { name: '接着写' }).or(secretary.page.getByRole('button', { name: '接着写' })).first().click()
  const kept = secretary.page.locator('#visit-situation')
  await kept.waitFor()
  await expect.poll(() => kept.inputValue()).toBe('屋顶漏雨，已拍照，')
  await kept.focus()
  await secretary.page.keyboard.press('End')
  await secretary.page.keyboard.type('请人来修')
  await secretary.page.keyboard.press('Control+Enter')
  // The first visit on a laptop has no visitor to offer: it asks for what is missing.
  await secretary.page.locator('#visit-visitor:focus').waitFor()
  await secretary.page.keyboard.type('wyq')
  await secretary.page.getByRole('option').filter({ hasText: '王云强' }).waitFor()
  await secretary.page.keyboard.press('Enter')
  await secretary.page.keyboard.press('Control+Enter')
  await secretary.page.getByText('屋顶漏雨，已拍照，请人来修').first().waitFor()
})

test('without the server the work goes on and is counted as not sent', async () => {
  await office.stop()
  const { page } = secretary
  await secretary.go('#/')
  await page.getByRole('heading', { name: /今天/ }).waitFor()
  await page.keyboard.press('Control+n')
  await page.locator('#visit-household:focus').waitFor()
  await page.keyboard.type('wsf')
  await page.getByRole('option').filter({ hasText: '汪山凤' }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('#visit-situation:focus').waitFor()
  await page.keyboard.type('没有网时写下的')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('main').getByText('没有网时写下的').first().waitFor()
  await secretary.go('#/sync')
  await page.getByRole('button', { name: '现在同步' }).click()
  await page.getByText(/没有网，照常使用 · 待上报 [1-9]\d* 条/).waitFor()
  await office.serve()
})

test('after a sync the township sees the visit', async () => {
  await secretary.sync()
  await clerk.sync()
  await clerk.go('#/visits')
  for (const words of ['屋顶漏雨，已拍照，请人来修', '没有网时写下的']) await clerk.page.getByText(words).first().waitFor()
  await clerk.go('#/villages')
  await clerk.page.getByRole('main').getByText('沙溪村').first().waitFor()
  expect(secretary.complaints.filter((c) => !c.includes('ERR_') && !c.includes('status of'))).toEqual([])
  expect(clerk.complaints.filter((c) => !c.includes('status of'))).toEqual([])
})
