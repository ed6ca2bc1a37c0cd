import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { Office, apply, command, password, village } from '../browser/town'
import { Window } from './driver'

// The system's own dialogs, answered as a person would: a folder that is no
// stick, and the file of an answer.
let office: Office
let data: string
let shared: string

beforeAll(async () => {
  office = await Office.start()
  data = await mkdtemp(join(tmpdir(), 'gridbook-window-'))
  shared = await mkdtemp(join(tmpdir(), 'gridbook-shared-'))
  await command(data, 'join', await office.invite('village', village, '沙溪村书记'), '--device', '沙溪村电脑')
  await office.stop()
  await apply(data, { op: 'put', collection: 'household', fields: { head_name: '张三', address: '沙溪村12号' } })
})

afterAll(async () => {
  await office?.discard()
  for (const folder of [data, shared]) if (folder) await rm(folder, { recursive: true, force: true })
})

test("a bundle goes to a folder, and its answer comes from a file, both by the system's dialogs", async () => {
  const window = await Window.open(join(process.env.GRIDBOOK_BIN ?? '', 'gridbook'), { GRIDBOOK_DATA: data, TZ: 'Asia/Shanghai' })
  try {
    await window.type('#unlock-password', password + '\uE007')
    await window.find('nav')
    await window.run("location.hash = '#/stick'")
    await window.click('.elsewhere .el-button:first-child')
    await window.answerDialog('选择文件夹', shared)
    await window.until("document.querySelector('.place.on')?.textContent", new RegExp(shared))
    await window.picture('window-stick-folder')
    await window.click('.steps .el-button--primary')
    await window.until('document.body.innerText', /写好了，共 1 条/)

    await office.take(shared)
    const answer = (await readdir(shared)).find((name) => name.includes('huizhi'))
    await window.click('.elsewhere .el-button:last-child')
    await window.answerDialog('选择文件', join(shared, answer!))
    await window.until('document.body.innerText', /街道收到 1 条/)
    await window.picture('window-stick-answer')
  } finally {
    await window.close()
  }
})
