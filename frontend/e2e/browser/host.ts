// Starts the program's browser host and a Chromium that looks at it.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

/** The folder of the built programs. */
export const bin = join(dirname(fileURLToPath(import.meta.url)), '../../../build/bin')

/** A laptop's program that serves its screens. */
export class Host {
  private constructor(
    readonly url: string,
    readonly data: string,
    private readonly program: ChildProcess,
  ) {}

  /** Starts on the data folder, or on a new one. */
  static async start(data?: string): Promise<Host> {
    const folder = data ?? (await mkdtemp(join(tmpdir(), 'gridbook-e2e-')))
    const program = spawn(join(bin, 'gridbook-cli'), ['web'], {
      env: { ...process.env, GRIDBOOK_DATA: folder, TZ: 'Asia/Shanghai' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    program.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: program.stdout }).on('line', (line) => {
        const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/.exec(line)
        if (found) resolve(found[0])
      })
      program.once('exit', (code) => reject(new Error(`the host ended with ${code}: ${said}`)))
    })
    return new Host(url, folder, program)
  }

  /** Ends the program as a person would, or at once; keeps the data. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.program.exitCode !== null || this.program.signalCode !== null) return
    const gone = new Promise((resolve) => this.program.once('exit', resolve))
    this.program.kill(signal)
    await gone
  }

  /** Ends the program and throws its data away. */
  async discard(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
  }
}

/** A Chromium with nothing of anybody's in it. */
export class Browser {
  /** What pages complained about: uncaught errors, console errors, blocked resources. */
  readonly complaints: string[] = []

  private constructor(
    readonly context: BrowserContext,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Browser> {
    const folder = await mkdtemp(join(tmpdir(), 'gridbook-chromium-'))
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env.GRIDBOOK_CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      viewport: { width: 1366, height: 768 },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    context.setDefaultTimeout(15_000)
    const browser = new Browser(context, folder)
    context.on('weberror', (e) => browser.complaints.push(String(e.error())))
    context.on('console', (m) => {
      if (m.type() === 'error') browser.complaints.push(m.text())
    })
    return browser
  }

  /** Opens an address in a new page. */
  async open(url: string): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(url)
    return page
  }

  async stop(): Promise<void> {
    await this.context.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}
