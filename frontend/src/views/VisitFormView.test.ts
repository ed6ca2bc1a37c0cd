import { afterEach, expect, test, vi } from 'vitest'
import { useNotices } from '@/stores/notices'
import { calls, press, settle, show, type Screen } from '@/testing/screen'
import type { VisitDraft } from '@/api'
import VisitFormView from './VisitFormView.vue'
import { afresh, emptyVisit } from './visitForm'

let screen: Screen

afterEach(() => {
  screen?.view.unmount()
  document.body.innerHTML = ''
})

function type(text: string): void {
  const el = document.activeElement as HTMLInputElement
  el.value += text
  el.dispatchEvent(new Event('input', { bubbles: true }))
}

function focused(): string {
  return document.activeElement?.id ?? ''
}

async function open(props: Record<string, unknown> = {}, at = '/visits/new') {
  screen = await show(VisitFormView, { id: '', ...props }, {}, at)
  return screen
}

function savedVisit(): VisitDraft {
  return calls(screen, 'SaveVisit')[0]![0] as VisitDraft
}

test('four fields by the keyboard alone: a household is typed, all else is there', async () => {
  await open()
  expect(focused()).toBe('visit-household')
  type(screen.service.households[6]!.head)
  await settle()
  press(document.activeElement!, 'Enter')
  await settle()
  expect(focused()).toBe('visit-situation')
  press(document.activeElement!, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({
    household: screen.service.households[6]!.id,
    date: '2026-11-23',
    mode: 'door',
    visitor: 'member00000000000004',
  })
  expect(screen.router.currentRoute.value.path).toBe(`/households/${screen.service.households[6]!.id}`)
  expect(useNotices().list.at(-1)).toMatchObject({ text: '走访已保存' })
  expect(useNotices().list.at(-1)?.undo).not.toBe('')
})

test('from a household the words come first', async () => {
  const id = 'household00000000002'
  await open({ household: id })
  expect(focused()).toBe('visit-situation')
  type('老人身体还好')
  press(document.activeElement!, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ household: id, situation: '老人身体还好' })
})

test('one key turns the request into a matter', async () => {
  await open({ household: 'household00000000002' })
  const request = document.getElementById('visit-request') as HTMLTextAreaElement
  request.focus()
  type('路灯坏了')
  press(request, 'F2')
  await settle()
  press(request, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ request: '路灯坏了', makeMatter: true })
  expect(useNotices().list.at(-1)?.link).toMatch(/^\/records\/matter\//)
})

test('a key of the input method saves nothing', async () => {
  await open({ household: 'household00000000002' })
  press(document.activeElement!, 'Enter', { ctrlKey: true, isComposing: true })
  press(document.activeElement!, 'Enter', { ctrlKey: true, keyCode: 229 })
  press(document.activeElement!, 'F2', { isComposing: true })
  await settle()
  expect(calls(screen, 'SaveVisit')).toEqual([])
  expect(screen.view.find('input[type=checkbox]').exists()).toBe(false)
})

test('what is missing is said beside it and gets the focus; nothing typed is lost', async () => {
  await open()
  document.getElementById('visit-situation')!.focus()
  type('写了很多')
  press(document.activeElement!, 'Enter', { ctrlKey: true })
  await settle()
  expect(calls(screen, 'SaveVisit')).toEqual([])
  expect(screen.view.text()).toContain('请选走访了哪一户')
  expect(focused()).toBe('visit-household')
  expect((document.getElementById('visit-situation') as HTMLTextAreaElement).value).toBe('写了很多')
})

test('a refusal stands at its field with everything still there', async () => {
  await open({ household: 'household00000000002' })
  type('写了很多')
  await screen.view.findAll('button').find((b) => b.text().includes('下次回访'))!.trigger('click')
  const next = document.getElementById('visit-next') as HTMLInputElement
  next.focus()
  type('2026-11-01')
  press(next, 'Enter', { ctrlKey: true })
  await settle()
  const line = next.closest('.line')!
  expect(line.querySelector('[role=alert]')?.textContent).toContain('早于走访日期')
  expect((document.getElementById('visit-situation') as HTMLTextAreaElement).value).toBe('写了很多')
})

test('a date that is typed is taken over when saving by key', async () => {
  await open({ household: 'household00000000002' })
  const date = document.getElementById('visit-date') as HTMLInputElement
  date.focus()
  date.value = ''
  type('昨天')
  press(date, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit().date).toBe('2026-11-22')
})

test('what is typed is kept within a second', async () => {
  await open({ household: 'household00000000002' })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  type('写到一半')
  vi.advanceTimersByTime(1000)
  vi.useRealTimers()
  await settle()
  expect(screen.service.draft).toMatchObject({ situation: '写到一半', household: 'household00000000002' })
  expect(screen.view.text()).toContain('草稿已存')
})

test('after a crash the draft is taken up where it was left', async () => {
  const draft = { ...emptyVisit(), household: 'household00000000002', date: '2026-11-20', mode: 'phone', visitor: 'member00000000000005', situation: '写到一半' }
  screen = await show(VisitFormView, { id: '' }, { draft }, '/visits/new?draft=1')
  const situation = document.getElementById('visit-situation') as HTMLTextAreaElement
  expect(situation.value).toBe('写到一半')
  expect(document.activeElement).toBe(situation)
  expect(screen.view.text()).toContain('草稿里没有照片')
  press(situation, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ date: '2026-11-20', mode: 'phone', visitor: 'member00000000000005', situation: '写到一半' })
  expect(screen.service.draft).toBeNull()
})

test('a name that is not in the roster can be the visitor', async () => {
  await open({ household: 'household00000000002' })
  const visitor = document.getElementById('visit-visitor') as HTMLInputElement
  visitor.focus()
  visitor.value = ''
  type('镇里老周')
  await settle()
  press(visitor, 'Enter')
  await settle()
  press(visitor, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ visitor: '', visitorName: '镇里老周' })
})

test('an old visit opens as it was written', async () => {
  await open({ id: 'visit000000000000001' }, '/visits/visit000000000000001')
  const situation = document.getElementById('visit-situation') as HTMLTextAreaElement
  expect(situation.value).not.toBe('')
  situation.focus()
  type('（补）')
  press(situation, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ id: 'visit000000000000001', situation: expect.stringContaining('（补）') })
})

test('a photo that is refused: saving again makes no second matter, and what is typed meanwhile is kept', async () => {
  await open({ household: 'household00000000002' })
  screen.service.refusedPhoto = 'upload-1'
  const request = document.getElementById('visit-request') as HTMLTextAreaElement
  request.focus()
  type('路灯坏了')
  press(request, 'F2')
  const paste = new Event('paste', { bubbles: true, cancelable: true })
  const picture = Object.assign(new File([], 'a.heic', { type: 'image/heic' }), { arrayBuffer: () => Promise.resolve(new ArrayBuffer(3)) })
  Object.assign(paste, { clipboardData: { files: [picture] } })
  request.dispatchEvent(paste)
  await settle()
  press(request, 'Enter', { ctrlKey: true })
  await settle()
  expect(savedVisit()).toMatchObject({ id: '', makeMatter: true })
  expect(screen.view.text()).toContain('走访已保存。照片没有加上')
  expect(screen.view.find('input[type=checkbox]').exists()).toBe(false)

  press(request, 'F2')
  type('，两盏')
  request.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
  await settle()
  expect(screen.service.draft).toMatchObject({ id: expect.stringMatching(/^visit-new-/), request: '路灯坏了，两盏', makeMatter: false })

  screen.service.refusedPhoto = ''
  press(request, 'Enter', { ctrlKey: true })
  await settle()
  const saves = calls(screen, 'SaveVisit').map((c) => c[0] as VisitDraft)
  expect(saves).toHaveLength(2)
  expect(saves[1]).toMatchObject({ id: expect.stringMatching(/^visit-new-/), makeMatter: false })
  expect(useNotices().list.at(-1)?.link).toMatch(/^\/records\/matter\//)
  expect(screen.service.draft).toBeNull()
})

test('a saved visit that is written on keeps what was typed since, and what others wrote', () => {
  const sent = { ...emptyVisit(), key: 'new-1', request: '路灯坏了', note: '', makeMatter: true }
  const stands = { ...sent, id: 'v1', key: 'v1', note: '别人写的', makeMatter: false, seen: { request: ['路灯坏了'], note: ['别人写的'] } }
  expect(afresh(stands, sent, { ...sent, request: '路灯坏了，两盏' })).toEqual({ ...stands, key: 'new-1', request: '路灯坏了，两盏' })
})
