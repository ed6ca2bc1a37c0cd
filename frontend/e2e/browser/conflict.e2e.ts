import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Laptop, Office, village } from './town'

const samples = join(dirname(fileURLToPath(import.meta.url)), '../../../app/importer/testdata')

let office: Office
let secretary: Laptop
let clerk: Laptop

beforeAll(async () => {
  office = await Office.start()
  secretary = await Laptop.start()
  clerk = await Laptop.start()
  await secretary.join(await office.invite('village', village, '沙溪村书记'), '村电脑')
  await clerk.join(await office.invite('village', village, '沙溪村文书'), '文书的笔记本')
  const { page } = secretary
  await secretary.go('#/import')
  await page.getByRole('radio', { name: '住户' }).first().check()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: '选文件' }).click()])
  await chooser.setFiles(join(samples, '沙溪村-住户花名册.xlsx'))
  await page.getByRole('button', { name: '导入', exact: true }).click()
  await page.getByRole('heading', { name: '导入好了' }).waitFor()
  await secretary.sync()
  await clerk.sync()
})

afterAll(async () => {
  await secretary?.discard()
  await clerk?.discard()
  await office?.discard()
})

/** Changes the phone of 汪山凤's household on one laptop. */
async function ring(laptop: Laptop, phone: string): Promise<void> {
  const { page } = laptop
  await laptop.go('#/households')
  await page.getByRole('textbox', { name: /首字母/ }).fill('wsf')
  await page.locator('.el-table-v2__row').filter({ hasText: '汪山凤' }).click()
  await page.getByRole('link', { name: '修改' }).click()
  await page.locator('#household-phone').fill(phone)
  await page.keyboard.press('Control+Enter')
  await page.getByText('已保存').waitFor()
}

test('the same field written twice: both are kept in sight, one decision clears it everywhere', async () => {
  await office.stop()
  await ring(secretary, '13811111111')
  await ring(clerk, '13822222222')
  await office.serve()
  await secretary.sync()
  await clerk.sync()
  await secretary.sync()

  for (const laptop of [secretary, clerk]) {
    await laptop.go('#/conflicts')
    const card = laptop.page.getByRole('region', { name: /联系电话/ })
    await card.getByText('13811111111').waitFor()
    expect(await card.textContent()).toContain('13822222222')
    expect(await card.textContent()).toContain('村电脑')
    expect(await card.textContent()).toContain('文书的笔记本')
  }
  await secretary.picture('conflict')

  // The secretary's is not the one shown: the first screen says so.
  await secretary.go('#/')
  await secretary.page.getByText('您写的没有显示出来').waitFor()

  const second = clerk.page.getByRole('listitem').filter({ hasText: '13822222222' })
  await second.getByRole('button', { name: '用这个' }).first().click()
  await clerk.page.getByText('没有待定的内容').waitFor()
  await clerk.sync()
  await secretary.sync()
  await secretary.go('#/conflicts')
  await secretary.page.getByText('没有待定的内容').waitFor()
  await secretary.go('#/')
  await secretary.page.getByText('没有用您写的“13811111111”').waitFor()
  await secretary.page.getByRole('button', { name: '知道了' }).click()
  await secretary.page.getByText('没有用您写的').waitFor({ state: 'detached' })
  await secretary.go('#/households')
  await secretary.page.getByRole('textbox', { name: /首字母/ }).fill('13822222222')
  await secretary.page.locator('.el-table-v2__row').filter({ hasText: '汪山凤' }).waitFor()
  expect([...secretary.complaints, ...clerk.complaints].filter((c) => !c.includes('status of'))).toEqual([])
})
