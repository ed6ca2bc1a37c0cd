import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defineComponent, ref } from 'vue'
import { api, ApiError, type VisitDraft } from '@/api'
import { useSession } from '@/stores/session'
import { settle } from '@/testing/screen'
import { emptyVisit } from '@/views/visitForm'
import { useDraft } from './useDraft'

let kept: VisitDraft[]
let fail: ApiError | null

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  setActivePinia(createPinia())
  kept = []
  fail = null
  vi.spyOn(api, 'saveDraft').mockImplementation(async (v) => {
    if (fail) throw fail
    kept.push({ ...v })
  })
})
afterEach(() => {
  vi.useRealTimers()
})

function form() {
  const visit = ref(emptyVisit())
  let draft!: ReturnType<typeof useDraft>
  const view = mount(
    defineComponent({
      setup() {
        draft = useDraft(visit)
        return () => null
      },
    }),
  )
  return { visit, draft, view }
}

test('what is typed is kept within a second', async () => {
  const { visit, draft } = form()
  visit.value.situation = '漏'
  vi.advanceTimersByTime(900)
  expect(kept).toEqual([])
  visit.value.situation = '漏雨'
  vi.advanceTimersByTime(100)
  await settle()
  expect(kept.map((v) => v.situation)).toEqual(['漏雨'])
  expect(draft.kept.value).toBe(true)
})

test('an empty form is no draft', async () => {
  const { visit } = form()
  visit.value.mode = 'door'
  vi.advanceTimersByTime(5000)
  await settle()
  expect(kept).toEqual([])
})

test('leaving a field, the screen or locking keeps at once', async () => {
  const { visit, draft, view } = form()
  visit.value.note = '一'
  await draft.keep()
  expect(kept).toHaveLength(1)
  visit.value.note = '二'
  vi.spyOn(api, 'lock').mockResolvedValue({} as never)
  await useSession().lock()
  expect(kept.at(-1)?.note).toBe('二')
  visit.value.note = '三'
  view.unmount()
  await settle()
  expect(kept.at(-1)?.note).toBe('三')
})

test('after saving no draft comes late', async () => {
  const { visit, draft } = form()
  visit.value.note = '存'
  await draft.end()
  vi.advanceTimersByTime(5000)
  await settle()
  expect(kept).toEqual([])
  draft.resume()
  vi.advanceTimersByTime(1000)
  await settle()
  expect(kept).toHaveLength(1)
})

test('a full disk is said, and tried again with the next letter', async () => {
  const { visit, draft } = form()
  fail = new ApiError('disk_full', '磁盘满了', '腾出空间')
  visit.value.note = '一'
  await draft.keep()
  expect(draft.problem.value).toMatchObject({ code: 'disk_full' })
  expect(draft.kept.value).toBe(false)
  fail = null
  visit.value.note = '一二'
  vi.advanceTimersByTime(1000)
  await settle()
  expect(draft.problem.value).toBeNull()
  expect(kept.at(-1)?.note).toBe('一二')
})
