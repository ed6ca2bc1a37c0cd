import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from './host'
import { Laptop, Office, apply, command, township, village } from './town'

let office: Office
let secretary: Laptop
let stick: string

beforeAll(async () => {
  office = await Office.start()
  stick = await folder()
  const data = await snapped('沙溪村书记')
  // The folder that was used last is offered like a stick.
  await command(data, 'bundle', 'out', stick)
  secretary = await Laptop.start(data)
  await secretary.unlock()
})

afterAll(async () => {
  await secretary?.discard()
  await office?.discard()
  await rm(stick, { recursive: true, force: true })
})

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'gridbook-e2e-'))
}

/** A village's laptop that has a visit with a photo, and no network any more. */
async function snapped(person: string): Promise<string> {
  const data = await folder()
  await command(data, 'join', await office.invite('village', village, person))
  await office.stop()
  const written = await apply(
    data,
    { op: 'put', collection: 'household', ref: 'h', fields: { head_name: '张三', address: '沙溪村12号' } },
    { op: 'put', collection: 'visit', ref: 'v', fields: { household: 'h', date: '2026-03-05', mode: 'door', visitor_name: '吕建国' } },
  )
  await command(data, 'photo', 'add', written.at(-1)!.id, await drawn(data))
  return data
}

/** A picture as a camera would make it. */
async function drawn(folder: string): Promise<string> {
  const browser = await Browser.start()
  const page = await browser.open('about:blank')
  const file = join(folder, 'picture.jpg')
  await writeFile(file, await page.screenshot({ type: 'jpeg' }))
  await browser.stop()
  return file
}

test('a photo goes by stick with its text, and the answer says that it has arrived', async () => {
  const { page } = secretary
  await secretary.go('#/stick')
  await page.getByText('1 张照片还没到街道，会一起导出').waitFor()
  await page.setViewportSize({ width: 1093, height: 614 })
  await secretary.picture('stick-before')
  await page.getByRole('button', { name: '导出到 U 盘' }).click()
  await page.getByText('写好了，共 3 条、1 张照片').waitFor()
  await secretary.picture('stick-out')

  expect(await office.take(stick)).toContain('照片收到 1 张')
  await page.getByRole('button', { name: '读入回执' }).click()
  await page.getByText('照片：街道收到 1 张').waitFor()
  await page.getByText('读了回执：收到 3 条、1 张照片').waitFor()
  expect(await page.getByText('还没到街道').count()).toBe(0)
  await secretary.picture('stick-in')
  await page.setViewportSize({ width: 1366, height: 768 })
  await secretary.picture('stick-in-wide')
  expect(secretary.complaints).toEqual([])
})

test('the township sees which photos a stick has brought', async () => {
  const lent = await folder()
  await office.serve()
  const data = await snapped('李会计')
  await office.serve()
  const town = await folder()
  await command(town, 'join', await office.invite('township', township, '街道管理员'))
  await command(town, 'bundle', 'out', lent) // so that the folder is offered
  for (const name of await readdir(lent)) await rm(join(lent, name))
  await command(data, 'bundle', 'out', lent)
  const clerk = await Laptop.start(town)
  try {
    await clerk.unlock()
    await clerk.page.setViewportSize({ width: 1093, height: 614 })
    await clerk.go('#/stick')
    await clerk.page.getByRole('button', { name: '全部并入' }).click()
    await clerk.page.getByText('照片：收到 1 张。').waitFor()
    await clerk.picture('stick-taken')
    expect(clerk.complaints).toEqual([])
  } finally {
    await clerk.discard()
    await rm(lent, { recursive: true, force: true })
    await rm(data, { recursive: true, force: true })
  }
})

test('without a stick the place is written down, and what is wrong with it is said', async () => {
  const { page } = secretary
  const shared = await folder()
  await secretary.go('#/')
  await secretary.go('#/stick')
  const use = async (path: string) => {
    await page.getByLabel('文件夹或数据包的位置').fill(path)
    await page.keyboard.press('Enter')
  }
  await page.getByRole('button', { name: '不在上面？写出位置' }).press('Enter')
  await use('usb')
  await page.getByText('“usb”不是完整的位置').waitFor()
  await use(join(shared, '没有'))
  await page.getByText(`没有这个文件夹或文件：${join(shared, '没有')}`).waitFor()
  await secretary.picture('stick-typed-wrong-1366')
  await page.setViewportSize({ width: 1093, height: 614 })
  await secretary.picture('stick-typed-wrong-1093')
  await use('/sys') // where Linux lets nobody make a file
  await page.getByRole('radio', { name: '/sys' }).and(page.locator(':checked')).waitFor()
  await page.getByRole('button', { name: '导出到 U 盘' }).click()
  await page.getByText('这里不让写文件：/sys').waitFor()
  await page.getByRole('button', { name: '不在上面？写出位置' }).press('Enter')
  await use(`"${shared}" `) // as Windows copies it
  await page.getByRole('radio', { name: shared }).and(page.locator(':checked')).waitFor()
  await page.getByRole('button', { name: '读入回执' }).click()
  await page.getByText(`${shared} 里没有给这台电脑的回执`).waitFor()
  await secretary.picture('stick-typed-none-1093')
  await page.getByRole('button', { name: '导出到 U 盘' }).click()
  await page.getByText('写好了').waitFor()
  await office.take(shared)
  const answer = (await readdir(shared)).find((name) => name.includes('huizhi'))!
  await page.getByRole('button', { name: '不在上面？写出位置' }).press('Enter')
  await use(join(shared, answer))
  await page.getByText(`${answer}：街道收到 0 条`).waitFor()
  await page.setViewportSize({ width: 1366, height: 768 })
  await secretary.picture('stick-typed-read-1366')
  await rm(shared, { recursive: true, force: true })
  expect(secretary.complaints.filter((c) => !c.includes('status of'))).toEqual([])
})
