import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Laptop, Office, apply, command, samples, township, village } from './town'

// Screens that are seldom seen, over the real service and in the two sizes of
// old laptops: nothing is cut off, nothing is left in English, and each says
// what it is about.
let office: Office
let secretary: Laptop
let mate: Laptop
let clerk: Laptop
let homes: { id: string }[]

const longDevice = '沙溪村党群服务中心二楼东边办公室靠窗的那台旧联想笔记本电脑（文书用）'
const longPerson = '沙溪村委委员兼文书陈欧阳淑芬同志'
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const story = '老人独居，儿子在杭州打工，一年回来两次。屋顶东北角漏雨，堂屋的电线老化，插座松动，已经请村里的电工看过，说要整条换掉；老人舍不得花钱，先用胶布包着。血压药按时吃，社区医生每月来一次。'

beforeAll(async () => {
  office = await Office.start()
  secretary = await Laptop.start()
  mate = await Laptop.start()
  clerk = await Laptop.start()
  await secretary.join(await office.invite('village', village, '沙溪村书记'), '村电脑')
  await mate.join(await office.invite('village', village, longPerson), longDevice)
  await clerk.join(await office.invite('township', township, '街道管理员'), '街道电脑')
  await secretary.offline(async (data) => {
    for (const [i, kind] of ['grids', 'members', 'households', 'links', 'visits'].entries()) await command(data, 'import', kind, samples[i]!)
    homes = await apply(
      data,
      { op: 'put', collection: 'household', ref: 'a', fields: { head_name: '欧阳建国', address: '沙溪村溪东自然村 128 号后面老屋', phone: '13905790001' } },
      { op: 'put', collection: 'household', ref: 'b', fields: { head_name: '王小明', address: '沙溪村12号', phone: '13905790002' } },
      { op: 'put', collection: 'household', ref: 'c', fields: { head_name: '李秀英', address: '沙溪村13号', phone: '13905790003' } },
      { op: 'put', collection: 'household', ref: 'd', fields: { head_name: '王小明', address: '沙溪村12号', phone: '13905790002' } },
      { op: 'put', collection: 'visit', ref: 'v', fields: { household: 'a', date: '2026-03-05', mode: 'door', visitor_name: '吕建国', situation: '身体还好' } },
      { op: 'put', collection: 'household', ref: 'e', fields: { head_name: '陈阿大', address: '沙溪村15号' } },
    )
  })
  for (const laptop of [secretary, mate, clerk]) await laptop.sync()
}, 300_000)

afterAll(async () => {
  for (const laptop of [secretary, mate, clerk]) await laptop?.discard()
  await office?.discard()
})

/** What is wrong with the look of a screen in the size of the window. */
function faults(): string[] {
  const out: string[] = []
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page is wider than the window')
  const main = document.querySelector('main')
  if (main && main.scrollWidth > main.clientWidth) out.push('the screen is wider than its place')
  for (const e of document.querySelectorAll<HTMLElement>('#app *')) {
    const style = getComputedStyle(e)
    const cut = e.scrollWidth > e.clientWidth + 1 && ['hidden', 'clip'].includes(style.overflowX) && e.clientWidth > 0
    if (cut && e.innerText?.trim() && !e.closest('.hidden-label')) out.push(`cut: ${e.innerText.slice(0, 60)}`)
  }
  const words = (document.body.innerText.match(/[A-Za-z_]{3,}/g) ?? []).filter((w) => !/^(Ctrl|Enter|gridbundle|huizhi|Excel|xlsx|csv|gridbook|tmp|photos|db|damaged|e2e|dirty|f|dev)$/i.test(w))
  return [...out, ...words.map((w) => `English: ${w}`)]
}

async function look(laptop: Laptop, name: string): Promise<void> {
  const { page } = laptop
  for (const size of [{ width: 1366, height: 768 }, { width: 1093, height: 614 }]) {
    await page.setViewportSize(size)
    await page.waitForTimeout(150)
    await laptop.picture(`look-${name}-${size.width}`)
    expect(await page.evaluate(faults), `${name} at ${size.width}`).toEqual([])
    const more = await page.evaluate(() => {
      const main = document.querySelector('main')
      if (!main || main.scrollHeight <= main.clientHeight + 40) return false
      main.scrollTop = main.scrollHeight
      return true
    })
    if (more) {
      await laptop.picture(`look-${name}-${size.width}-end`)
      await page.evaluate(() => (document.querySelector('main')!.scrollTop = 0))
    }
  }
  await page.setViewportSize({ width: 1366, height: 768 })
}

test('conflicts: several fields, and a long text', async () => {
  await office.stop()
  await secretary.offline(async (data) => {
    await apply(
      data,
      { op: 'set', collection: 'household', id: homes[0]!.id, fields: { phone: '13811110001', address: '沙溪村溪东128号' } },
      { op: 'set', collection: 'household', id: homes[1]!.id, fields: { phone: '13811110002' } },
      { op: 'set', collection: 'visit', id: homes[4]!.id, fields: { situation: story } },
    )
  })
  await mate.offline(async (data) => {
    await apply(
      data,
      { op: 'set', collection: 'household', id: homes[0]!.id, fields: { phone: '13822220001', address: '沙溪村溪东自然村128号（老屋后面）' } },
      { op: 'set', collection: 'household', id: homes[1]!.id, fields: { phone: '13822220002' } },
      { op: 'set', collection: 'visit', id: homes[4]!.id, fields: { situation: story.replace('两次', '三次') + '\n下次带上降压药。' } },
    )
  })
  await office.serve()
  await secretary.sync()
  await mate.sync()
  await secretary.sync()
  await secretary.go('#/')
  await secretary.page.getByText('您写的没有显示出来').first().waitFor()
  await look(secretary, 'lost')
  await secretary.go('#/sync')
  await look(secretary, 'sync-conflicts')
  await secretary.go('#/conflicts')
  await secretary.page.getByRole('region', { name: /联系电话/ }).first().waitFor()
  await look(secretary, 'conflicts')
})

test('the review: take one by the keyboard, write another, take it back, all of one laptop', async () => {
  const { page } = secretary
  const count = async (n: number) => expect.poll(() => page.getByRole('button', { name: '用这个' }).count()).toBe(n)
  await secretary.go('#/conflicts')
  const before = await page.getByRole('button', { name: '用这个' }).count()
  const first = page.getByRole('region', { name: /地址/ })
  await first.getByRole('button', { name: '用这个' }).first().press('Enter')
  await count(before - 2)
  await look(secretary, 'conflict-taken')
  await page.getByRole('status').getByRole('button', { name: /^撤销/ }).first().press('Enter')
  await count(before)
  const phone = page.getByRole('region', { name: /联系电话/ }).first()
  await phone.getByRole('button', { name: '都不对，另写一个' }).press('Enter')
  await look(secretary, 'conflict-another')
  await phone.getByRole('textbox').fill('12')
  await phone.getByRole('button', { name: '就用我写的' }).click()
  await look(secretary, 'conflict-another-wrong')
  await phone.getByRole('textbox').fill('13833330001')
  await phone.getByRole('textbox').press('Enter')
  await look(secretary, 'conflict-another-enter')
  await page.getByRole('button', { name: /^都用“村电脑”/ }).press('Enter')
  await page.getByText('没有待定的内容').waitFor()
  await look(secretary, 'conflict-bulk')
  await secretary.sync()
  await mate.sync()
  await mate.go('#/')
  await mate.page.getByText('没有用您写的').first().waitFor()
  await look(mate, 'lost-decided')
})

test('deleted here, edited there: it stays, and one decides', async () => {
  let gone: { id: string }[] = []
  await secretary.offline(async (data) => {
    gone = await apply(data, { op: 'put', collection: 'household', ref: 'x', fields: { head_name: '方阿根', address: '沙溪村16号' } })
  })
  await secretary.sync()
  await mate.sync()
  await mate.offline((data) => apply(data, { op: 'delete', collection: 'household', id: gone[0]!.id }))
  await secretary.offline((data) => apply(data, { op: 'set', collection: 'household', id: gone[0]!.id, fields: { phone: '13811110016' } }))
  await mate.sync()
  await secretary.sync()
  const { page } = secretary
  await secretary.go(`#/households/${gone[0]!.id}`)
  await page.getByText('方阿根').first().waitFor()
  await look(secretary, 'deletion-household')
  await secretary.go('#/conflicts')
  await page.getByText('删除这一条').waitFor()
  await look(secretary, 'deletion-conflict')
  const card = page.getByRole('region', { name: '这一条删不删？' })
  await card.getByRole('listitem').filter({ hasText: '保留这一条' }).getByRole('button', { name: '用这个' }).press('Enter')
  await card.waitFor({ state: 'detached' })
  await secretary.sync()
  await mate.sync()
  await mate.go(`#/households/${gone[0]!.id}`)
  await mate.page.getByText('138 1111 0016').first().waitFor()
})

test('what looks like one household is put together, and taken apart again', async () => {
  const { page } = secretary
  await secretary.go('#/doubles')
  await page.getByRole('button', { name: '不是同一个' }).first().waitFor()
  await look(secretary, 'doubles')
  await page.getByRole('button', { name: /^合并|^是同一个/ }).first().press('Enter')
  await page.getByText('没有看着重复的').waitFor()
  await look(secretary, 'doubles-merged')
  await page.keyboard.press('Control+z')
  await page.getByRole('button', { name: '不是同一个' }).first().waitFor()
})

test("the township's inbox, and a laptop whose duty has ended", async () => {
  await office.stop()
  await mate.offline(async (data) => {
    await apply(data, { op: 'set', collection: 'household', id: homes[1]!.id, fields: { phone: '13855550002', note: story } })
  })
  await secretary.offline(async (data) => command(data, 'move', homes[1]!.id, '--village', '330702009209'))
  await office.serve()
  await secretary.sync()
  await mate.sync()
  await office.stop()
  await mate.offline(async (data) => {
    await apply(
      data,
      { op: 'set', collection: 'household', id: homes[5]!.id, fields: { phone: '13866660005', address: '沙溪村溪东自然村15号（村口小店隔壁，原粮站宿舍二楼）' } },
      { op: 'put', collection: 'visit', fields: { household: homes[0]!.id, date: '2026-03-06', mode: 'door', visitor_name: '吕建国', situation: story, request: '想请村里出面，和隔壁商量合修屋后排水沟的费用。' } },
      { op: 'put', collection: 'household', ref: 'n', fields: { head_name: '赵六', address: '沙溪村99号' } },
      { op: 'put', collection: 'resident', fields: { household: 'n', name: '赵六', relation: '02', id_no: '330702196208150011' } },
    )
  })
  await office.serve()
  await office.role(longPerson, '--end')
  await mate.go('#/sync')
  await mate.page.getByRole('button', { name: '现在同步' }).click()
  await mate.page.locator('button.is-loading').waitFor({ state: 'detached' })
  await mate.go('#/')
  await mate.page.getByText('您不再负责').first().waitFor()
  await look(mate, 'ended-home')
  for (const screen of ['sync', 'stick', 'settings']) {
    await mate.go(`#/${screen}`)
    await look(mate, `ended-${screen}`)
  }
  await clerk.sync()
  await clerk.go('#/villages')
  await look(clerk, 'villages')
  await clerk.go('#/inbox')
  await clerk.page.getByText('等您决定').first().waitFor()
  await look(clerk, 'inbox')
  await clerk.page.getByRole('button', { name: '收下', exact: true }).first().press('Enter')
  await clerk.page.getByText('收下了').first().waitFor()
  await clerk.page.getByRole('button', { name: '不收', exact: true }).first().press('Enter')
  await clerk.page.getByRole('main').getByText('没有收').first().waitFor()
  await look(clerk, 'inbox-decided')
})

test('a role that may only look, and settings with long names', async () => {
  const guest = await Laptop.start()
  try {
    await guest.join(await office.invite('village', village, '街道派来沙溪村帮忙的大学生村官诸葛文静'), longDevice)
    await guest.sync()
    await office.stop()
    await guest.offline(async (data) => {
      await apply(
        data,
        { op: 'set', collection: 'household', id: homes[0]!.id, fields: { phone: '13877770005', note: story } },
        { op: 'put', collection: 'visit', fields: { household: homes[0]!.id, date: '2026-03-08', mode: 'door', visitor_name: '诸葛文静', situation: story } },
        { op: 'set', collection: 'household', id: homes[5]!.id, fields: { head_name: '陈阿大（欧阳氏宗祠管理人）' } },
      )
    })
    await office.serve()
    await office.role('街道派来沙溪村帮忙的大学生村官诸葛文静', '--role', 'inspector', '--scope', township)
    await guest.go('#/sync')
    await guest.page.getByRole('button', { name: '现在同步' }).click()
    await guest.page.locator('button.is-loading').waitFor({ state: 'detached' })
    await look(guest, 'looks-only')
    await guest.go('#/settings')
    await look(guest, 'settings-long')
    await guest.go('#/')
    await look(guest, 'looks-only-home')
  } finally {
    await guest.discard()
  }
  await secretary.go('#/settings')
  await look(secretary, 'settings')
  await secretary.go('#/')
  await look(secretary, 'home')
})

test('a photo store that cannot be opened', async () => {
  const other = await mkdtemp(join(tmpdir(), 'gridbook-e2e-'))
  const photo = async (data: string) => {
    const written = await apply(
      data,
      { op: 'put', collection: 'household', ref: 'h', fields: { head_name: '周小妹', address: '沙溪村77号' } },
      { op: 'put', collection: 'visit', fields: { household: 'h', date: '2026-03-07', mode: 'door', visitor_name: '吕建国', situation: '好' } },
    )
    await writeFile(join(data, 'p.png'), Buffer.from(pixel, 'base64'))
    await command(data, 'photo', 'add', written.at(-1)!.id, join(data, 'p.png'))
  }
  await command(other, 'join', await office.invite('village', village, '别的电脑'))
  await photo(other)
  await secretary.offline(async (data) => {
    await photo(data)
    await rename(join(other, 'photos.db'), join(data, 'photos.db'))
  })
  await rm(other, { recursive: true, force: true })
  await secretary.go('#/')
  await look(secretary, 'photos-shut')
  await secretary.page.getByRole('button', { name: '换上新的' }).first().press('Enter')
  await look(secretary, 'photos-shut-asking')
  await secretary.go('#/sync')
  await look(secretary, 'photos-shut-sync')
})

/** A way to the server that stops after so many bytes have come down, until it is opened. */
class Narrow {
  private held: (() => void)[] = []
  private open = false
  private constructor(private readonly server: Server) {}

  static async start(to: string, most: number): Promise<Narrow> {
    const [host, port] = to.split(':') as [string, string]
    let down = 0
    const server = createServer((near) => {
      const far = connect(Number(port), host)
      near.pipe(far)
      for (const end of [near, far]) end.on('error', () => (near.destroy(), far.destroy()))
      far.on('data', (bytes: Buffer) => {
        const room = narrow.open ? bytes.length : Math.max(0, most - down)
        down += bytes.length
        near.write(bytes.subarray(0, room))
        if (room >= bytes.length) return
        far.pause()
        narrow.held.push(() => {
          near.write(bytes.subarray(room))
          far.resume()
        })
      })
      far.on('end', () => near.end())
    })
    const narrow = new Narrow(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return narrow
  }

  get address(): string {
    const { port } = this.server.address() as { port: number }
    return `https://127.0.0.1:${port}`
  }

  widen(): void {
    this.open = true
    for (const go of this.held) go()
  }

  stop(): void {
    this.widen()
    this.server.close()
  }
}

test('a first copy that has not come whole', async () => {
  const narrow = await Narrow.start(office.at, 9_000) // in the middle of the first exchange
  const fresh = await Laptop.start()
  try {
    await fresh.join(await office.invite('township', township, '新来的同志', '--address', narrow.address), '街道新电脑')
    await fresh.go('#/')
    await fresh.page.getByText('正在从街道取资料').waitFor()
    await look(fresh, 'first-home')
    for (const screen of ['villages', 'households', 'sync', 'inbox', 'conflicts']) {
      await fresh.go(`#/${screen}`)
      await fresh.page.getByText('正在从街道取资料').waitFor()
      await look(fresh, `first-${screen}`)
    }
    narrow.widen()
    await fresh.sync()
    await fresh.page.getByText('没取齐以前').waitFor({ state: 'detached' })
    await fresh.go('#/households')
    await look(fresh, 'first-done')
  } finally {
    narrow.stop()
    await fresh.discard()
  }
})
