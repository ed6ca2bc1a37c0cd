import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Laptop, Office, samples, township, village } from './town'

let office: Office
let secretary: Laptop
let mate: Laptop
let clerk: Laptop
let household = ''

beforeAll(async () => {
  office = await Office.start()
  secretary = await Laptop.start()
  mate = await Laptop.start()
  clerk = await Laptop.start()
  await secretary.join(await office.invite('village', village, '沙溪村书记'), '村电脑')
  await mate.join(await office.invite('village', village, '沙溪村文书'), '文书的笔记本')
  await clerk.join(await office.invite('township', township, '街道管理员'), '街道电脑')
  const { page } = secretary
  for (const [i, kind] of ['网格', '党员', '住户', '联系户'].entries()) {
    await secretary.go('#/')
    await secretary.go('#/import')
    await page.getByRole('radio', { name: kind }).first().check()
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: '选文件' }).click()])
    await chooser.setFiles(samples[i]!)
    await page.getByRole('button', { name: '导入', exact: true }).click()
    await page.getByRole('heading', { name: '导入好了' }).waitFor()
  }
  for (const laptop of [secretary, mate, clerk]) await laptop.sync()
})

afterAll(async () => {
  for (const laptop of [secretary, mate, clerk]) await laptop?.discard()
  await office?.discard()
})

afterEach(async (context) => {
  const name = `moves-${context.task.name.replace(/\W+/g, '-')}`
  if (context.task.result?.state === 'fail') console.log(secretary.complaints, mate.complaints, clerk.complaints)
  await secretary.picture(`${name}-village`)
  await clerk.picture(`${name}-township`)
})

/** Opens the household of 汪山凤. */
async function open(laptop: Laptop): Promise<void> {
  const { page } = laptop
  await laptop.go('#/households')
  await page.getByRole('textbox', { name: /首字母/ }).fill('wsf')
  await page.locator('.el-table-v2__row').filter({ hasText: '汪山凤' }).click()
  await page.getByRole('heading', { name: '汪山凤' }).waitFor()
}

/** Gives the household to 下裴村, up to the last button. */
async function plan(laptop: Laptop): Promise<void> {
  const { page } = laptop
  await page.getByRole('button', { name: '转户' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('别的村').click()
  await dialog.getByLabel('哪个村').selectOption({ label: '下裴村' })
  await dialog.getByText(/汪山凤户 \d+ 人.*将随户转到下裴村/).waitFor()
}

test('a household goes to another village: it can come back until it is sent, then a word remains', async () => {
  await open(mate) // an edit that is not sent before the move
  await mate.page.getByRole('link', { name: '修改' }).click()
  await office.stop()
  await mate.page.locator('#household-phone').fill('13811112222')
  await mate.page.keyboard.press('Control+Enter')
  await mate.page.getByText('已保存').waitFor()

  const { page } = secretary
  await open(secretary)
  household = new URL(page.url()).hash
  await plan(secretary)
  await page.getByRole('button', { name: '就这样转' }).click()
  await page.getByText('汪山凤户转到下裴村，还没上报').waitFor()
  await page.getByRole('button', { name: '撤销转出' }).click()
  await page.getByText('汪山凤户转到下裴村，还没上报').waitFor({ state: 'detached' })
  await plan(secretary)
  await page.getByRole('button', { name: '就这样转' }).click()
  await page.getByText('汪山凤户转到下裴村，还没上报').waitFor()

  await office.serve()
  await secretary.sync()
  await secretary.go(household)
  await page.getByText('已经不在这台电脑里').waitFor()
  expect(await page.getByRole('button', { name: '转户' }).count()).toBe(0)
  await secretary.go('#/moved')
  await page.getByText('汪山凤户转到下裴村').waitFor()
})

test('what came late is in the inbox, beside what is there', async () => {
  await mate.sync()
  await clerk.sync()
  const { page } = clerk
  await clerk.go('#/villages')
  await page.getByRole('link', { name: '收件箱里有 1 条等您看一看' }).click()
  const card = page.locator('section').filter({ hasText: '汪山凤' })
  await card.getByText('已经并入，供知悉').waitFor()
  expect(await card.textContent()).toContain('沙溪村文书（文书的笔记本）')
  expect(await card.getByRole('cell', { name: '13811112222' }).count()).toBe(2) // as it came, and as it is
  await card.getByRole('button', { name: '知道了' }).click()
  await page.getByText('0 条等您看').waitFor()
  await page.getByRole('status').getByRole('button', { name: '撤销' }).click()
  await page.getByText('1 条等您看').waitFor()
})

test('a grid is split, and whole again after the undo', async () => {
  const { page } = secretary
  await secretary.go('#/grids')
  await page.getByRole('link', { name: '沙溪第一网格' }).first().click()
  await page.getByRole('button', { name: '拆分' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('新网格的名称').fill('沙溪第四网格')
  for (const n of [0, 1]) await dialog.locator('.homes input').nth(n).check()
  await dialog.getByText(/拆出沙溪第四网格：2 户/).waitFor()
  await dialog.getByRole('button', { name: '就这样拆' }).click()
  await page.getByRole('link', { name: '沙溪第四网格' }).first().waitFor()
  await page.getByRole('status').getByRole('button', { name: '撤销' }).last().click()
  await page.getByRole('link', { name: '沙溪第四网格' }).first().waitFor({ state: 'detached' })
})

test('a grid is given up for another: its page stays and says where it went', async () => {
  const { page } = secretary
  await secretary.go('#/grids')
  await page.getByRole('link', { name: '沙溪第三网格' }).first().click()
  await page.getByRole('heading', { name: '沙溪第三网格', level: 1 }).waitFor()
  const old = new URL(page.url()).hash
  await page.getByRole('button', { name: '合并' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('并到').selectOption({ label: '沙溪第二网格' })
  await dialog.getByText(/沙溪第三网格并入沙溪第二网格/).waitFor()
  await dialog.getByRole('button', { name: '就这样并' }).click()
  await page.getByRole('heading', { name: '沙溪第二网格', level: 1 }).waitFor()
  await secretary.go(old)
  await page.getByText('这个网格已并入沙溪第二网格').waitFor()
})

test("a member's households are handed over in one go", async () => {
  const { page } = secretary
  await secretary.go('#/grids')
  await page.getByRole('link', { name: '沙溪第一网格' }).first().click()
  await page.getByRole('main').getByRole('link', { name: '姜福文' }).first().click()
  await page.getByRole('heading', { name: '姜福文', level: 1 }).waitFor()
  await page.getByRole('button', { name: '职责变动' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('#duty-to').fill('wyq')
  await page.getByRole('option').filter({ hasText: '王云强' }).click()
  await dialog.getByText(/联系的 \d+ 户交给王云强/).waitFor()
  await dialog.getByRole('button', { name: '就这样办' }).click()
  await page.getByText('还没有联系户').waitFor()
  await secretary.sync()
  expect(secretary.complaints.filter((c) => !c.includes('ERR_') && !c.includes('status of'))).toEqual([])
})
