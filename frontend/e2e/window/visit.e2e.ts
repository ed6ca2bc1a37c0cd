import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, command, password, samples, village } from '../browser/town'
import { Window } from './driver'

// WebDriver's names of keys.
const ENTER = '\uE007'
const CONTROL = '\uE009'

let office: Office
let data: string

beforeAll(async () => {
  office = await Office.start()
  data = await mkdtemp(join(tmpdir(), 'gridbook-window-'))
  await command(data, 'join', await office.invite('village', village, '沙溪村书记'), '--device', '沙溪村电脑')
  for (const [i, kind] of ['grids', 'members', 'households'].entries()) await command(data, 'import', kind, samples[i]!)
})

afterAll(async () => {
  await office?.discard()
  if (data) await rm(data, { recursive: true, force: true })
})

test('in the window a visit is written and saved', async () => {
  const window = await Window.open(join(process.env.GRIDBOOK_BIN ?? '', 'gridbook'), { GRIDBOOK_DATA: data, TZ: 'Asia/Shanghai' })
  try {
    await window.type('#unlock-password', password + ENTER)
    await window.find('nav')
    await window.picture('window-home')
    await window.run("location.hash = '#/visits/new'")
    await window.type('#visit-household', 'wsf')
    await window.find('[role=option][aria-selected=true]')
    await window.type('#visit-household', ENTER)
    await window.type('#visit-visitor', 'wyq')
    await window.find('[role=option][aria-selected=true]')
    await window.type('#visit-visitor', ENTER)
    await window.type('#visit-situation', '老人独居，身体还好')
    await window.type('#visit-situation', CONTROL + ENTER)
    await window.until('location.hash', /#\/households\//)
    await window.until('document.body.innerText', /老人独居，身体还好/)
    await window.picture('window-visit')
  } finally {
    await window.close()
  }
  const saved = await command(data, 'list', 'visit', '--json')
  expect(saved).toContain('老人独居，身体还好')
})
