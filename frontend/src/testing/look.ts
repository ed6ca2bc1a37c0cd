// The screens over the fake service, to be looked at while they are made:
// /src/testing/index.html?role=township&phase=locked&offline=1&empty=1&told=1&ended=0
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
if (asked.has('ended')) service.ended = { since: Date.parse('2026-11-23T09:03:00'), roleName: '村干部', place: '沙溪村', handed: 3, toSend: Number(asked.get('ended')), rejected: 1, photos: 0 }
if (asked.has('told')) {
  const at = Date.parse('2026-11-23T09:03:00')
  service.notices = [
    { id: '2', kind: 'role', at, seen: false, message: '新狮街道改了您的职责：原来是“沙溪村”的村干部，现在是“下裴村网格 003”的网格员', hint: '没来得及上传的 2 条已经上传，在新狮街道的收件箱里等他们处理，没有丢。原来的资料已移走，新的资料随同步下来，要等一会儿。' },
    { id: '1', kind: 'photos', at, seen: false, message: '照片库换上新的了，文字资料没有影响', hint: '原来的文件另存为 photos-damaged-20261123-010300.db，没有删除。服务器上有的 12 张，联网后会自动取回。有 1 张只在这台电脑上，已经没有了，请在原来的记录里重新添加：王建国家走访（2026-11-20）。' },
  ]
  service.status.photosShut = { code: 'photos_shut', message: '照片库不是这台电脑的，打不开', hint: '照片文件 photos.db 可能是从别的电脑或旧备份拷来的。请把它放回原处；找不回来了，就换上新的，这个文件会另存，不会删除。' }
}
const host = makeHost(service, 20)
const realFetch = window.fetch.bind(window)
window.fetch = ((path: string, init?: RequestInit) =>
  path.startsWith('/api/') ? host.fetch(path, init) : realFetch(path, init)) as typeof fetch
Object.assign(window, { EventSource: host.EventSource, fake: { service, host } })
await import('../main')
