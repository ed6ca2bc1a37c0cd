// A township's server and its laptops' screens: the real programs.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { Browser, Host, bin } from './host'

const run = promisify(execFile)

/** 新狮街道 and its 沙溪村. */
export const township = '330702009'
export const village = '330702009204'
export const password = '沙溪村2024年春'

/** The township's server. */
export class Office {
  private serving: ChildProcess | undefined
  private address = '127.0.0.1:0'

  private constructor(private readonly data: string) {}

  static async start(): Promise<Office> {
    const office = new Office(await mkdtemp(join(tmpdir(), 'gridbook-office-')))
    await office.command('init', '--township', township, '--name', '新狮街道')
    await office.serve()
    return office
  }

  /** Serves; the second time at the same address, as laptops know it. */
  async serve(): Promise<void> {
    const serving = spawn(join(bin, 'gridbookd'), ['serve', '--listen', this.address], {
      env: { ...process.env, GRIDBOOK_DATA: this.data },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.serving = serving
    this.address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: serving.stdout! }).on('line', (line) => {
        const found = /listening https:\/\/(\S+)/.exec(line)
        if (found) resolve(found[1]!)
      })
      serving.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    })
  }

  /** Where it serves, as host and port. */
  get at(): string {
    return this.address
  }

  /** Ends the server; laptops then find nobody. */
  async stop(): Promise<void> {
    const serving = this.serving
    this.serving = undefined
    if (!serving) return
    const gone = new Promise((resolve) => serving.once('exit', resolve))
    serving.kill('SIGTERM')
    await gone
  }

  async discard(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
  }

  async invite(role: string, scope: string, person: string, ...more: string[]): Promise<string> {
    const said = await this.command('invite', '--role', role, '--scope', scope, '--person', person, ...more)
    const found = /gridbook1:\S+/.exec(said)
    if (!found) throw new Error(`no invitation in ${said}`)
    return found[0]
  }

  /** Gives the laptop of a person another role, or with --end none. */
  async role(person: string, ...change: string[]): Promise<void> {
    const { devices } = JSON.parse(await this.command('devices', '--json')) as { devices: { device: number; person: string }[] }
    const line = devices.find((d) => d.person === person)
    if (!line) throw new Error(`nobody is ${person}`)
    await this.command('role', String(line.device), ...change)
  }

  /** Erases a record by law. */
  async purge(id: string, reason: string): Promise<void> {
    await this.command('purge', id, '--reason', reason)
  }

  /** Takes in what lies on a stick, a folder. */
  async take(stick: string): Promise<string> {
    return this.command('bundle', 'take', stick)
  }

  private async command(...args: string[]): Promise<string> {
    const { stdout } = await run(join(bin, 'gridbookd'), args, { env: { ...process.env, GRIDBOOK_DATA: this.data } })
    return stdout
  }
}

/** Runs a command of a laptop without its window. */
export async function command(data: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, GRIDBOOK_DATA: data, GRIDBOOK_PASSWORD: password, TZ: 'Asia/Shanghai' }
  const { stdout } = await run(join(bin, 'gridbook-cli'), args, { env })
  return stdout
}

/** Runs a command that takes lines of JSON, and returns what it printed for each. */
export async function apply(data: string, ...lines: object[]): Promise<{ id: string }[]> {
  const file = join(data, 'lines.jsonl')
  await writeFile(file, lines.map((line) => JSON.stringify(line) + '\n').join(''))
  const said = await command(data, 'apply', file)
  return said.split('\n').filter(Boolean).map((line) => JSON.parse(line))
}

/** The sample workbooks in the order in which a village imports them. */
export const samples = ['网格一览表', '红色网格员花名册', '住户花名册', '红色网格员联系户一览表', '走访记录2024'].map((name) =>
  join(dirname(fileURLToPath(import.meta.url)), '../../../app/importer/testdata', `沙溪村-${name}.xlsx`),
)

/** A laptop: its program, and a browser that shows its screens. */
export class Laptop {
  private constructor(
    private host: Host,
    private readonly browser: Browser,
    public page: Page,
  ) {}

  /** Opens a new data folder, or one that is there. */
  static async start(data?: string): Promise<Laptop> {
    const host = await Host.start(data)
    const browser = await Browser.start()
    return new Laptop(host, browser, await browser.open(host.url))
  }

  /** What the pages complained about. */
  get complaints(): string[] {
    return this.browser.complaints
  }

  /** Enrols through the screens. */
  async join(invitation: string, device: string): Promise<void> {
    const { page } = this
    await page.getByLabel('邀请码').fill(invitation)
    await page.locator('#join-device').fill(device)
    await page.locator('#join-password').fill(password)
    await page.locator('#join-again').fill(password)
    await page.locator('button[type=submit]').click()
    await page.getByRole('navigation').waitFor()
  }

  /** Gives the password. */
  async unlock(): Promise<void> {
    await this.page.locator('#unlock-password').fill(password)
    await this.page.keyboard.press('Enter')
    await this.page.getByRole('navigation').waitFor()
  }

  /** Goes to a screen by its address. */
  async go(address: string): Promise<void> {
    await this.page.evaluate((a) => (location.hash = a), address)
  }

  /** Ends the program in the middle of whatever it does, and opens it again; it asks for the password. */
  async crash(): Promise<void> {
    const data = this.host.data
    await this.host.stop('SIGKILL')
    this.host = await Host.start(data)
    await this.page.close()
    this.page = await this.browser.open(this.host.url)
  }

  /** Ends the program, lets commands work on its data, and opens it again with the password. */
  async offline(work: (data: string) => Promise<unknown>): Promise<void> {
    const data = this.host.data
    await this.host.stop()
    try {
      await work(data)
    } finally {
      this.host = await Host.start(data)
      await this.page.close()
      this.page = await this.browser.open(this.host.url)
      await this.unlock()
    }
  }

  /** Syncs now and waits until the status says that nothing is left to send. */
  async sync(): Promise<void> {
    await this.go('#/sync')
    const button = this.page.getByRole('button', { name: '现在同步' })
    await button.click()
    await this.page.locator('button.is-loading').waitFor({ state: 'detached' })
    await this.go('#/')
    await this.page.getByText('全部上报了').first().waitFor()
  }

  /** Takes a picture into GRIDBOOK_PICTURES, if that is set. */
  async picture(name: string): Promise<void> {
    const folder = process.env.GRIDBOOK_PICTURES
    if (folder) await this.page.screenshot({ path: join(folder, `${name}.png`) })
  }

  async discard(): Promise<void> {
    await this.browser.stop()
    await this.host.discard()
  }
}
