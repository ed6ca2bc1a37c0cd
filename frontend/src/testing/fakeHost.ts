// Stands where the loopback host stands: answers its addresses from a fake
// service, so that the real transport is in use.
import { FakeService, Refusal } from './fakeService'

type Fetch = typeof fetch

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
}

export interface FakeHost {
  fetch: Fetch
  EventSource: new () => EventTargetLike
  /** Bodies that were uploaded, as they came. */
  uploads: unknown[]
  emit: (topic: string, payload: unknown, revision?: number) => void
}

interface EventTargetLike {
  onopen: (() => void) | null
  onmessage: ((m: { data: string }) => void) | null
  close: () => void
}

export function makeHost(service: FakeService, delay = 0): FakeHost {
  const sources = new Set<EventTargetLike>()
  const uploads: unknown[] = []
  let revision = 0

  function emit(topic: string, payload: unknown, given?: number): void {
    const data = JSON.stringify({ topic, revision: given ?? ++revision, payload })
    for (const s of sources) s.onmessage?.({ data })
  }
  service.emit = emit

  async function answer(path: string, body: unknown): Promise<Response> {
    if (delay) await new Promise((done) => setTimeout(done, delay))
    if (path.startsWith('/api/upload')) {
      uploads.push(body)
      return json(200, { handle: `upload-${uploads.length}` })
    }
    const { method, args } = JSON.parse(String(body)) as { method: string; args: unknown[] }
    try {
      return json(200, await service.call(method, args))
    } catch (e) {
      if (e instanceof Refusal) return json(422, { code: e.code, message: e.message, hint: e.hint })
      throw e
    }
  }

  class Source implements EventTargetLike {
    onopen: (() => void) | null = null
    onmessage: ((m: { data: string }) => void) | null = null
    constructor() {
      sources.add(this)
    }
    close(): void {
      sources.delete(this)
    }
  }

  return { fetch: ((path: string, init?: RequestInit) => answer(path, init?.body)) as Fetch, EventSource: Source, uploads, emit }
}
