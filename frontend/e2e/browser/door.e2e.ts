import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:http'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser, Host } from './host'

let host: Host
let browser: Browser

beforeAll(async () => {
  host = await Host.start()
  browser = await Browser.start()
})

afterAll(async () => {
  await browser?.stop()
  await host?.discard()
})

test('the printed address opens the screens, once, and keeps no token', async () => {
  const page = await browser.open(host.url)
  expect(await page.title()).toBe('网格簿')
  await page.locator('#app >> css=*').first().waitFor()
  expect(page.url()).not.toContain('token')
  expect(await page.evaluate(() => document.cookie)).toBe('')

  const second = await Browser.start()
  try {
    const late = await second.open(host.url)
    expect(await late.locator('h1').textContent()).toContain('已经用过')
    const bare = await second.open(new URL('/', host.url).href)
    expect(await bare.locator('h1').textContent()).toContain('启动时显示的网址')
  } finally {
    await second.stop()
  }
  expect(browser.complaints).toEqual([])
})

test('the same browser comes back without the token', async () => {
  const page = await browser.open(new URL('/', host.url).href)
  expect(await page.title()).toBe('网格簿')
})

test('calls, bytes and errors cross from the page', async () => {
  const page = await browser.open(new URL('/', host.url).href)
  const got = await page.evaluate(async () => {
    const post = (path: string, body: string | ArrayBuffer) => fetch(path, { method: 'POST', body })
    const { handle } = (await (await post('/api/upload?name=x', new Uint8Array([7, 8]).buffer)).json()) as { handle: string }
    const back = new Uint8Array(await (await fetch(`/api/file/${handle}`)).arrayBuffer())
    const fault = (await (await post('/api/call', '{"method":"NoSuch","args":[]}')).json()) as { code: string; hint: string }
    return { back: [...back], fault }
  })
  expect(got.back).toEqual([7, 8])
  expect(got.fault.code).toBe('usage')
  expect(got.fault.hint).not.toBe('')
})

test('another web page cannot use the ledger', async () => {
  const foreign: Server = createServer((_, reply) => reply.setHeader('Content-Type', 'text/html').end('<h1>other</h1>'))
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = foreign.address() as { port: number }
    const page = await browser.open(`http://127.0.0.1:${port}/`)
    const target = new URL('/api/call', host.url).href
    const read = await page.evaluate(async (url) => {
      const body = '{"method":"State","args":[]}'
      return fetch(url, { method: 'POST', body, credentials: 'include' }).then(
        async (r) => `read ${r.status} ${await r.text()}`,
        () => 'refused',
      )
    }, target)
    expect(read).toBe('refused')
    const blind = await page.evaluate(
      (url) => fetch(url, { method: 'POST', body: '{}', mode: 'no-cors', credentials: 'include' }).then((r) => r.type),
      target,
    )
    expect(blind).toBe('opaque') // it may send, but reads nothing, and Go's tests show that it is refused
    const framed = await page.evaluate(async (url) => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
      await new Promise((resolve) => (frame.onload = resolve))
      try {
        return frame.contentDocument?.body.innerHTML ?? 'closed'
      } catch {
        return 'closed'
      }
    }, new URL('/', host.url).href)
    expect(framed).toBe('closed')
  } finally {
    foreign.closeAllConnections()
    foreign.close()
    browser.complaints.length = 0 // Chromium reports what it refused
  }
})

test('the first screen can be used without seeing it', async () => {
  const page = await browser.open(new URL('/', host.url).href)
  await page.locator('#app >> css=*').first().waitFor()
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
  expect(serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([])
})

test('a closed program is said in words', async () => {
  const short = await Host.start()
  const page = await browser.open(short.url)
  await short.stop()
  const said = await page.evaluate(() => fetch('/api/call', { method: 'POST', body: '{}' }).then(() => 'answered', () => 'gone'))
  expect(said).toBe('gone')
  await short.discard()
})
