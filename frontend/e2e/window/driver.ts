// A WebDriver client with the few commands that the window's tests need.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const program = promisify(execFile)

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

/** A failure that the driver names, such as "no such element". */
export class DriverError extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(`${kind}: ${message}`)
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function command(url: string, method: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(url, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  const { value } = (await reply.json()) as { value: unknown }
  if (!reply.ok) {
    const { error, message } = value as { error: string; message: string }
    throw new DriverError(error, message)
  }
  return value
}

/** Tries until attempt gives something other than undefined; its last failure is the reason given. */
export async function until<T>(what: string, attempt: () => Promise<T | undefined>, ms = 20_000): Promise<T> {
  const end = Date.now() + ms
  let reason: unknown = 'it never came about'
  while (Date.now() < end) {
    try {
      const value = await attempt()
      if (value !== undefined) return value
    } catch (e) {
      reason = e
    }
    await pause(50)
  }
  throw new Error(`waited ${ms} ms for ${what}: ${reason instanceof Error ? reason.message : String(reason)}`)
}

/** The running window of a program. */
export class Window {
  private closed = false

  private constructor(
    private readonly driver: ChildProcess,
    private readonly session: string,
    private readonly pid: number,
  ) {}

  /** Starts binary with the environment env through WebKitWebDriver. */
  static async open(binary: string, env: Record<string, string>): Promise<Window> {
    const shim = process.env.GRIDBOOK_AUTOMATION
    if (!shim) throw new Error('run the window tests with build/testing/window.sh')
    const port = await freePort()
    const driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
      env: { ...process.env, ...env, LD_PRELOAD: shim },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    // What it says is shown only if the window does not come.
    let said = ''
    driver.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
    const base = `http://127.0.0.1:${port}`
    await until('the driver', () => command(`${base}/status`, 'GET').then(() => true))
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary } } }
    try {
      const { sessionId } = (await command(`${base}/session`, 'POST', { capabilities })) as { sessionId: string }
      return new Window(driver, `${base}/session/${sessionId}`, await childOf(driver.pid!))
    } catch (e) {
      driver.kill('SIGTERM')
      throw new Error(`no window: ${e instanceof Error ? e.message : String(e)}\n${said}`)
    }
  }

  /** Runs a function body in the page; it may return a promise. */
  async run<T>(script: string, ...args: unknown[]): Promise<T> {
    const wrapped = `const done = arguments[arguments.length - 1];
      Promise.resolve((async function () { ${script} }).apply(null, Array.from(arguments).slice(0, -1)))
        .then((value) => done({ value }), (e) => done({ error: String(e && e.message || e) }))`
    const reply = (await command(`${this.session}/execute/async`, 'POST', { script: wrapped, args })) as {
      value: T
      error?: string
    }
    if (reply.error) throw new Error(reply.error)
    return reply.value
  }

  async title(): Promise<string> {
    return this.run<string>('return document.title')
  }

  /** Waits until an expression in the page fits, and returns it. */
  async until(expression: string, fits: RegExp): Promise<string> {
    return until(`${expression} to fit ${fits}`, async () => {
      const value = await this.run<string>(`return String(${expression})`)
      return fits.test(value) ? value : undefined
    })
  }

  /** Waits for an element and returns its handle. */
  async find(css: string): Promise<string> {
    return until(css, async () => {
      const found = (await command(`${this.session}/element`, 'POST', { using: 'css selector', value: css })) as Record<string, string>
      return found[ELEMENT]
    })
  }

  async text(css: string): Promise<string> {
    const element = await this.find(css)
    return (await command(`${this.session}/element/${element}/text`, 'GET')) as string
  }

  async click(css: string): Promise<void> {
    const element = await this.find(css)
    await command(`${this.session}/element/${element}/click`, 'POST', {})
  }

  async type(css: string, text: string): Promise<void> {
    const element = await this.find(css)
    await command(`${this.session}/element/${element}/value`, 'POST', { text })
  }

  /** Types a path into the system's own file dialog with this title, as a person would, and confirms it. */
  async answerDialog(title: string, path: string): Promise<void> {
    const search = async () => {
      const found = await program('xdotool', ['search', '--onlyvisible', '--name', title]).catch(() => ({ stdout: '' }))
      return found.stdout.trim().split('\n').pop() || undefined
    }
    const id = await until(`the dialog ${title}`, search)
    await program('xdotool', ['windowfocus', '--sync', id])
    // The field for the path comes up on the key and says nothing when it is there.
    await program('xdotool', ['key', 'ctrl+l'])
    await pause(500)
    await program('xdotool', ['key', 'ctrl+a'])
    await program('xdotool', ['type', '--delay', '5', path])
    await this.picture(`dialog-${title}`)
    // The first Return may only end the proposals under the field.
    await until(`the dialog ${title} to close`, async () => {
      await program('xdotool', ['key', 'Return'])
      await pause(300)
      return (await search()) === undefined ? true : undefined
    }, 5_000).finally(() => this.picture(`dialog-${title}-answered`))
  }

  /** Takes a picture of the whole display into GRIDBOOK_PICTURES, if that is set. */
  async picture(name: string): Promise<void> {
    const folder = process.env.GRIDBOOK_PICTURES
    if (folder) await program('import', ['-window', 'root', join(folder, `${name}.png`)])
  }

  /** Whether the program still runs. */
  alive(): boolean {
    try {
      process.kill(this.pid, 0)
      return true
    } catch {
      return false
    }
  }

  /** Ends the program as the system does at log-out, and waits until it is gone. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    if (this.alive()) process.kill(this.pid, 'SIGTERM')
    try {
      await until('the program to end', async () => (this.alive() ? undefined : true))
    } finally {
      if (this.alive()) process.kill(this.pid, 'SIGKILL')
    }
    const gone = new Promise((resolve) => this.driver.once('exit', resolve))
    this.driver.kill('SIGTERM')
    await gone
  }
}

/** The program that the driver started. */
async function childOf(parent: number): Promise<number> {
  const list = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  const pids = list.trim().split(/\s+/).filter(Boolean).map(Number)
  if (pids.length !== 1) throw new Error(`the driver has ${pids.length} children, want 1`)
  return pids[0]!
}
