import { afterEach, describe, expect, test, vi } from 'vitest'
import { ApiError, MISSED, makeTransport, type BridgeEvent } from './transport'

afterEach(() => {
  vi.unstubAllGlobals()
})

function answer(status: number, body: unknown) {
  const fetch = vi.fn<(path: string, init: RequestInit) => Promise<Response>>(async () =>
    new Response(JSON.stringify(body), { status }),
  )
  vi.stubGlobal('fetch', fetch)
  return fetch
}

describe('in a browser', () => {
  test('a call is one POST', async () => {
    const fetch = answer(200, ['a'])
    expect(await makeTransport({}).call('List', [1, 'x'])).toEqual(['a'])
    const [path, init] = fetch.mock.calls[0]!
    expect(path).toBe('/api/call')
    expect(JSON.parse(init.body as string)).toEqual({ method: 'List', args: [1, 'x'] })
  })

  test('a failure keeps its code and hint', async () => {
    answer(422, { code: 'disk_full', message: '磁盘满了', hint: '腾出空间' })
    const failure = await makeTransport({}).call('Save', []).catch((e: unknown) => e)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({ code: 'disk_full', message: '磁盘满了', hint: '腾出空间' })
  })

  test('there are no dialogs for folders: a person writes where it is', async () => {
    const fetch = answer(200, { handle: 'h', name: 'usb' })
    const transport = makeTransport({})
    expect(transport.places).toBeNull()
    expect(await transport.typePath('/media/usb')).toEqual({ handle: 'h', name: 'usb' })
    expect(JSON.parse(fetch.mock.calls[0]![1].body as string)).toEqual({ method: 'TypePath', args: ['/media/usb'] })
  })

  test('a program that is gone is said in words', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    const failure = await makeTransport({}).call('Save', []).catch((e: unknown) => e)
    expect(failure).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('重新打开') })
  })

  test('after a cut the listener is told to read again', () => {
    class Source {
      static last: Source
      onopen = () => {}
      onmessage = (_: { data: string }) => {}
      close = vi.fn()
      constructor(readonly url: string) {
        Source.last = this
      }
    }
    vi.stubGlobal('EventSource', Source)
    const heard: BridgeEvent[] = []
    const stop = makeTransport({}).onEvent((e) => heard.push(e))
    Source.last.onopen()
    Source.last.onmessage({ data: '{"topic":"sync","revision":3,"payload":null}' })
    Source.last.onopen()
    expect(heard.map((e) => e.topic)).toEqual(['sync', MISSED])
    stop()
    expect(Source.last.close).toHaveBeenCalled()
  })
})

describe('in the window', () => {
  function window_(call: (method: string, args: string) => Promise<string>) {
    const bound = { desktop: { Bridge: { Call: call } } }
    vi.stubGlobal('go', bound)
    return makeTransport({ go: bound })
  }

  test('a call goes through the one bound method', async () => {
    const call = vi.fn(async () => '{"rows":[]}')
    expect(await window_(call).call('List', ['x'])).toEqual({ rows: [] })
    expect(call).toHaveBeenCalledWith('List', '["x"]')
  })

  test('a failure keeps its code and hint', async () => {
    const transport = window_(() => Promise.reject({ code: 'password', message: '密码不对', hint: '再输一次' }))
    const failure = await transport.call('Unlock', []).catch((e: unknown) => e)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({ code: 'password', hint: '再输一次' })
  })

  test("the system's dialogs choose folders and files; nothing else names a path", async () => {
    const call = vi.fn(async () => '{"handle":"h","name":"usb"}')
    const transport = window_(call)
    expect(await transport.places!.folder()).toEqual({ handle: 'h', name: 'usb' })
    await transport.places!.file([{ name: '数据包', extensions: ['gridbundle'] }])
    expect(call.mock.calls).toEqual([['PickFolder', '[]'], ['PickPath', '[[{"name":"数据包","extensions":["gridbundle"]}]]']])
    await expect(transport.typePath('/media/usb')).rejects.toMatchObject({ code: 'usage' })
    expect(call).toHaveBeenCalledTimes(2)
  })

  test('a failure without a code is internal', async () => {
    const failure = await window_(() => Promise.reject('boom')).call('X', []).catch((e: unknown) => e)
    expect(failure).toMatchObject({ code: 'internal', message: 'boom' })
  })
})

describe('what crashes WebKitGTK', () => {
  test('bytes go as an ArrayBuffer in both places', async () => {
    for (const place of [{}, { go: {} }]) {
      const fetch = answer(200, { handle: 'h' })
      const bytes = new Uint8Array([1, 2, 3]).buffer
      expect(await makeTransport(place).upload(bytes, '名册.xlsx')).toBe('h')
      expect(fetch.mock.calls[0]![1].body).toBe(bytes)
    }
  })

  test('a chosen file is read before it is sent', async () => {
    const fetch = answer(200, { handle: 'h' })
    const file = new File(['1,2'], '名册.csv')
    const bytes = new Uint8Array([49]).buffer
    Object.defineProperty(file, 'arrayBuffer', { value: async () => bytes })
    vi.spyOn(HTMLInputElement.prototype, 'click').mockImplementation(function (this: HTMLInputElement) {
      expect(this.accept).toBe('.xlsx,.csv')
      Object.defineProperty(this, 'files', { value: [file] })
      this.onchange!(new Event('change'))
    })
    const picked = await makeTransport({}).pickFile([{ name: '表格', extensions: ['xlsx', 'csv'] }])
    expect(picked).toEqual({ handle: 'h', name: '名册.csv' })
    expect(fetch.mock.calls[0]![1].body).toBe(bytes)
  })

  const sources = import.meta.glob<string>(['../**/*.ts', '../**/*.vue', '!../**/*.test.ts', '!../testing/**'], {
    query: '?raw',
    import: 'default',
    eager: true,
  })

  test('only the transport talks to the network or to Wails', () => {
    expect(Object.keys(sources)).toContain('./transport.ts')
    const offenders = Object.entries(sources)
      .filter(([path]) => path !== './transport.ts')
      .filter(([, text]) => /\bfetch\(|XMLHttpRequest|sendBeacon|EventSource|WebSocket|wailsjs/.test(text))
      .map(([path]) => path)
    expect(offenders).toEqual([])
  })

  test('no request body is a Blob, File or FormData', () => {
    const text = sources['./transport.ts']!
    expect(text).not.toMatch(/new (Blob|FormData|File)\b/)
    expect(text).toContain('body: string | ArrayBuffer')
  })
})
