import { afterAll, beforeAll, expect, test } from 'vitest'
import { Laptop, Office, samples, village } from './town'

// A duty that ends while work has not gone up: what its laptop says, at the
// keyboard, and the next person's beginning.
let office: Office
let laptop: Laptop

beforeAll(async () => {
  office = await Office.start()
  laptop = await Laptop.start()
  await laptop.join(await office.invite('village', village, '沙溪村书记'), '村电脑')
})

afterAll(async () => {
  await laptop?.discard()
  await office?.discard()
})

/** Goes on with the Tab key until what has the focus bears the name, and presses it. */
async function press(name: RegExp): Promise<void> {
  const { page } = laptop
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const said = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
    if (name.test(said)) return page.keyboard.press('Enter')
  }
  throw new Error(`no way to ${name} by the keyboard`)
}

async function households(): Promise<void> {
  const { page } = laptop
  await laptop.go('#/import')
  await page.getByRole('radio', { name: '住户' }).first().check()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: '选文件' }).click()])
  await chooser.setFiles(samples[2]!)
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByRole('heading', { name: '导入好了' }).waitFor()
}

test('another village: said once, with what waits, and put away by the keyboard', async () => {
  const { page } = laptop
  await households()
  await laptop.sync()
  await laptop.go('#/households')
  await page.getByRole('textbox', { name: /首字母/ }).fill('wsf')
  await page.locator('.el-table-v2__row').filter({ hasText: '汪山凤' }).click()
  await page.getByRole('link', { name: '修改' }).click()
  await office.stop()
  await page.locator('#household-phone').fill('13811111111')
  await page.keyboard.press('Control+Enter')
  await page.getByText('已保存').waitFor()
  await office.serve()
  await office.role('沙溪村书记', '--role', 'village', '--scope', '330702009209')
  await laptop.sync()
  await laptop.go('#/')
  const box = page.getByRole('region').or(page.locator('section')).filter({ hasText: '这台电脑上的变动' })
  await box.getByText('下裴村').first().waitFor()
  expect(await box.textContent()).toContain('没来得及上传的 1 条')
  expect(await page.getByText('正等街道决定').count()).toBe(0)
  await laptop.picture('told-role')
  await press(/^知道了：/)
  await box.waitFor({ state: 'detached' })
  await page.getByText('这台电脑上写的有 1 条正等街道决定').waitFor()
})

test('no duty any more: the screen says so in full, and the next person joins on the same laptop', async () => {
  const { page } = laptop
  await office.role('沙溪村书记', '--end')
  await laptop.go('#/sync')
  await page.getByRole('button', { name: '现在同步' }).click()
  await page.locator('button.is-loading').waitFor({ state: 'detached' })
  await laptop.go('#/')
  const card = page.locator('section').filter({ hasText: '您不再负责' })
  await card.getByText('请找新狮街道').waitFor()
  expect(await card.textContent()).toContain('从这台电脑上移走')
  await page.locator('section').filter({ hasText: '由街道决定的' }).waitFor()
  for (const size of [{ width: 1366, height: 768 }, { width: 1093, height: 614 }]) {
    await page.setViewportSize(size)
    await laptop.picture(`ended-${size.width}`)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  }
  const invitation = await office.invite('village', village, '新书记')
  await press(/^用新的邀请码加入$/)
  await laptop.join(invitation, '村电脑')
  await laptop.sync()
  await laptop.go('#/households')
  await page.locator('.el-table-v2__row').first().waitFor()
  await laptop.go('#/')
  await page.getByText('该走访的户').waitFor()
  expect(await page.getByText('您不再负责').count()).toBe(0)
  // What waits was written on this laptop, if not by this person.
  await page.getByText('这台电脑上写的有 1 条正等街道决定').waitFor()
  await laptop.picture('handed-on')
  expect(laptop.complaints).toEqual([])
})
