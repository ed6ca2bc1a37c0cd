import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Window } from './driver'

const bin = process.env.GRIDBOOK_BIN ?? ''
let data: string
let open: Window[] = []

async function start(program = 'gridbook'): Promise<Window> {
  const window = await Window.open(join(bin, program), { GRIDBOOK_DATA: data })
  open.push(window)
  return window
}

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'gridbook-window-'))
})

afterEach(async () => {
  await Promise.all(open.map((w) => w.close()))
  open = []
  await rm(data, { recursive: true, force: true })
})

/** Calls the bound method as the transport does; the failure is what a screen gets. */
const call = `return window.go.desktop.Bridge.Call(arguments[0], arguments[1])
  .then((reply) => ({ reply: JSON.parse(reply) }), (fault) => ({ fault }))`

test('it opens with its name and a screen in Chinese', async () => {
  const window = await start()
  expect(await window.title()).toBe('网格簿')
  expect(await window.text('#app')).toMatch(/[\u4e00-\u9fff]{2}/)
  await window.picture('first-screen')
})

test('a call that goes wrong brings code, message and hint', async () => {
  const window = await start()
  const { fault } = await window.run<{ fault: Record<string, string> }>(call, 'NoSuchMethod', '[]')
  expect(fault).toMatchObject({ code: 'usage', message: expect.any(String), hint: expect.any(String) })
})

test('bytes go up and come back', async () => {
  const window = await start()
  const back = await window.run<{ size: number; sum: number; csp: string | null }>(`
    const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7)
    const up = await fetch('/api/upload?name=x.bin', { method: 'POST', body: bytes.buffer })
    const { handle } = await up.json()
    const down = await fetch('/api/file/' + handle)
    const got = new Uint8Array(await down.arrayBuffer())
    return { size: got.length, sum: got.reduce((a, b) => a + b, 0), csp: (await fetch('/index.html')).headers.get('content-security-policy') }`)
  let sum = 0
  for (let i = 0; i < 3_000_000; i++) sum += (i * 7) & 255
  expect(back).toMatchObject({ size: 3_000_000, sum, csp: expect.stringContaining("default-src 'self'") })
})

test('a nil dereference in Go does not end the program', async () => {
  const window = await start('gridbook-faults')
  const { fault } = await window.run<{ fault: Record<string, string> }>(call, 'Fault', '[]')
  expect(fault).toMatchObject({ code: 'internal', hint: expect.any(String) })
  const recovered = await window.run<number>(`
    let n = 0
    for (let i = 0; i < 500; i++) {
      await window.go.desktop.Bridge.Call('Fault', '[]').catch((fault) => { n += fault.code === 'internal' ? 1 : 0 })
    }
    return n`)
  expect(recovered).toBe(500)
  expect(window.alive()).toBe(true)
})

test('events from Go arrive, in order', async () => {
  const window = await start('gridbook-faults')
  const heard = await window.run<unknown[]>(`
    const heard = []
    const all = new Promise((resolve) => window.runtime.EventsOn('gridbook', (e) => heard.push(e) === 3 && resolve()))
    for (const [topic, revision] of [['a', 1], ['b', 2], ['a', 3]]) {
      await window.go.desktop.Bridge.Call('Emit', JSON.stringify([topic, revision]))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await all
    return heard`)
  expect(heard).toEqual([
    { topic: 'a', revision: 1, payload: 'a' },
    { topic: 'b', revision: 2, payload: 'b' },
    { topic: 'a', revision: 3, payload: 'a' },
  ])
})

test("the system's dialogs open a file and save one", async () => {
  const source = join(data, 'list.csv')
  const target = join(data, 'copy.csv')
  await writeFile(source, '户号,户主')
  const window = await start()
  await window.run(`window.picked = window.go.desktop.Bridge.Call('PickFile', '[[{"name":"表格","extensions":["xlsx","csv"]}]]')`)
  await window.answerDialog('选择文件', source)
  const picked = JSON.parse(await window.run<string>('return window.picked')) as { handle: string; name: string }
  expect(picked.name).toBe('list.csv')
  await window.run(`window.saved = window.go.desktop.Bridge.Call('SaveFile', arguments[0])`, JSON.stringify([picked.handle, 'x.csv']))
  await window.answerDialog('保存到', target)
  expect(await window.run<string>('return window.saved')).toBe('true')
  expect(await readFile(target, 'utf8')).toBe('户号,户主')
})

test('nothing inline and nothing foreign runs in the page', async () => {
  const window = await start()
  const ran = await window.run<{ inline: boolean; foreign: boolean }>(`
    const script = document.createElement('script')
    script.textContent = 'window.inlineRan = true'
    document.head.append(script)
    const foreign = await fetch('http://127.0.0.1:9/').then(() => true, (e) => String(e))
    const blocked = await new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', () => resolve(true), { once: true })
      fetch('http://127.0.0.1:9/').catch(() => setTimeout(() => resolve(false), 500))
    })
    return { inline: Boolean(window.inlineRan), foreign: !blocked, note: foreign }`)
  expect(ran).toMatchObject({ inline: false, foreign: false })
})

test('it opens again where and as large as it was', async () => {
  await writeFile(join(data, 'window.json'), JSON.stringify({ x: 60, y: 40, width: 1100, height: 650, maximised: false }))
  const window = await start()
  const size = await window.run<number[]>('return [window.innerWidth, window.innerHeight]')
  expect(size[0]).toBe(1100)
  await window.close()
  const kept = JSON.parse(await readFile(join(data, 'window.json'), 'utf8')) as Record<string, unknown>
  expect(kept).toMatchObject({ x: 60, y: 40, width: 1100, height: 650, maximised: false })
})

test('a damaged window file does not keep it from opening', async () => {
  await writeFile(join(data, 'window.json'), '{"x":')
  const window = await start()
  expect(await window.title()).toBe('网格簿')
})
