// The screens over the fake service, to be looked at while they are made:
// /src/testing/index.html?role=township&phase=locked&offline=1&empty=1
import { makeHost } from './fakeHost'
import { FakeService } from './fakeService'

const asked = new URLSearchParams(location.search)
const service = new FakeService({
  role: asked.get('role') === 'township' ? 'township' : 'village',
  phase: (asked.get('phase') ?? 'ready') as 'new' | 'locked' | 'ready',
  offline: asked.has('offline'),
  empty: asked.has('empty'),
  households: Number(asked.get('households') ?? 420),
})
const size = asked.get('size')
if (size) service.settings.textSize = Number(size)
const host = makeHost(service, 20)
const realFetch = window.fetch.bind(window)
window.fetch = ((path: string, init?: RequestInit) =>
  path.startsWith('/api/') ? host.fetch(path, init) : realFetch(path, init)) as typeof fetch
Object.assign(window, { EventSource: host.EventSource, fake: { service, host } })
await import('../main')
