// The one way from the screens to Go. In the Wails window it is the bound
// method Bridge.Call; in a browser it is HTTP to the loopback host. Nothing
// else in the front end may know which of the two it is running on.

import { Call } from '../../wailsjs/go/desktop/Bridge'
import { EventsOn } from '../../wailsjs/runtime/runtime'

/** What Go says when a call fails: code for programs, the rest for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string = '',
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

/** Something changed in Go. Revisions grow; a smaller one is out of date. */
export interface BridgeEvent {
  topic: string
  revision: number
  payload: unknown
}

/** Topic of an event that the browser's connection makes when it was cut and is back: read again. */
export const MISSED = 'missed'

/** Which files a dialog shows, e.g. { name: '表格', extensions: ['xlsx', 'csv'] }. */
export interface FileFilter {
  name: string
  extensions: string[]
}

/** A file or folder that a person chose; Go knows where it lies. */
export interface Picked {
  handle: string
  name: string
}

/** The system's dialogs for places on the disk. */
export interface PlaceDialogs {
  /** Lets the person choose a folder; null when they change their mind. */
  folder(): Promise<Picked | null>
  /** The same for a file, which Go reads where it lies. */
  file(filters: FileFilter[]): Promise<Picked | null>
}

export interface Transport {
  /** null where there are none: a browser shows none for folders. */
  readonly places: PlaceDialogs | null
  /** Where there are no dialogs: takes the path of a file or folder that a person wrote. */
  typePath(path: string): Promise<Picked>
  /** Calls a method of the Go service by name; rejects with ApiError. */
  call<T>(method: string, args: unknown[]): Promise<T>
  /** Hands bytes to Go; the handle is an argument for a later call. */
  upload(bytes: ArrayBuffer, name: string): Promise<string>
  /** Lets the person choose a file; null when they change their mind. */
  pickFile(filters: FileFilter[]): Promise<Picked | null>
  /** Puts a file that Go made where the person wants it; false when they change their mind. */
  saveFile(handle: string, name: string): Promise<boolean>
  /** Hears every event from Go until the returned function is called. */
  onEvent(listener: (event: BridgeEvent) => void): () => void
}

function toApiError(value: unknown): ApiError {
  if (value instanceof ApiError) return value
  const e = value as { code?: unknown; message?: unknown; hint?: unknown } | null
  if (e && typeof e.code === 'string' && typeof e.message === 'string') {
    return new ApiError(e.code, e.message, typeof e.hint === 'string' ? e.hint : '')
  }
  return new ApiError('internal', String(value))
}

async function post(path: string, type: string, body: string | ArrayBuffer): Promise<Response> {
  let reply: Response
  try {
    reply = await fetch(path, { method: 'POST', headers: { 'Content-Type': type }, body })
  } catch {
    throw new ApiError('unavailable', '程序没有回应', '请看看网格簿是否还开着，关掉后重新打开。')
  }
  if (reply.ok) return reply
  throw toApiError(await reply.json().catch(() => `HTTP ${reply.status}`))
}

function choose(filters: FileFilter[]): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.accept = filters.flatMap((f) => f.extensions.map((e) => `.${e}`)).join(',')
    input.onchange = () => resolve(input.files?.[0] ?? null)
    input.oncancel = () => resolve(null)
    input.click()
  })
}

// Both hosts answer this address. The body is an ArrayBuffer, never a Blob,
// File or FormData: those crash WebKitGTK and the window with it.
async function upload(bytes: ArrayBuffer, name: string): Promise<string> {
  const path = `/api/upload?name=${encodeURIComponent(name)}`
  const reply = await post(path, 'application/octet-stream', bytes)
  return ((await reply.json()) as { handle: string }).handle
}

/** The browser: the loopback host of app/webhost. */
class HttpTransport implements Transport {
  readonly upload = upload
  readonly places = null

  async call<T>(method: string, args: unknown[]): Promise<T> {
    const reply = await post('/api/call', 'application/json', JSON.stringify({ method, args }))
    return (await reply.json()) as T
  }

  async pickFile(filters: FileFilter[]): Promise<Picked | null> {
    const file = await choose(filters)
    if (!file) return null
    return { handle: await upload(await file.arrayBuffer(), file.name), name: file.name }
  }

  typePath(path: string): Promise<Picked> {
    return this.call('TypePath', [path])
  }

  async saveFile(handle: string, name: string): Promise<boolean> {
    const link = document.createElement('a')
    link.href = `/api/file/${encodeURIComponent(handle)}`
    link.download = name
    link.click()
    return true
  }

  onEvent(listener: (event: BridgeEvent) => void): () => void {
    const source = new EventSource('/api/events')
    let opened = false
    source.onopen = () => {
      if (opened) listener({ topic: MISSED, revision: 0, payload: null })
      opened = true
    }
    source.onmessage = (m) => listener(JSON.parse(m.data as string) as BridgeEvent)
    return () => source.close()
  }
}

/** The desktop window: the one method that app/desktop binds. */
class WindowTransport implements Transport {
  readonly upload = upload
  readonly places: PlaceDialogs = {
    folder: () => this.call('PickFolder', []),
    file: (filters) => this.call('PickPath', [filters]),
  }

  async call<T>(method: string, args: unknown[]): Promise<T> {
    let reply: string
    try {
      reply = await Call(method, JSON.stringify(args))
    } catch (e) {
      throw toApiError(e)
    }
    return JSON.parse(reply) as T
  }

  pickFile(filters: FileFilter[]): Promise<Picked | null> {
    return this.call('PickFile', [filters])
  }

  typePath(): Promise<Picked> {
    return Promise.reject(new ApiError('usage', '这里有选文件夹的窗口', '请点“别的文件夹”。'))
  }

  saveFile(handle: string, name: string): Promise<boolean> {
    return this.call('SaveFile', [handle, name])
  }

  onEvent(listener: (event: BridgeEvent) => void): () => void {
    // Not EventsOff, which would end every listener of the name.
    return EventsOn('gridbook', listener)
  }
}

/** Where these screens run decides; tests may hand in another place. */
export function makeTransport(place: { go?: unknown }): Transport {
  return place.go ? new WindowTransport() : new HttpTransport()
}

export const transport: Transport = makeTransport(window as { go?: unknown })
