import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { ApiError } from '@/api'
import { useEvents } from '@/stores/events'
import { settle } from '@/testing/screen'
import { useQuery } from './useQuery'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  setActivePinia(createPinia())
})
afterEach(() => {
  vi.useRealTimers()
})

/** Answers that a test gives when it wants to. */
function held() {
  const waiting: { resolve: (v: string) => void; reject: (e: unknown) => void }[] = []
  const read = vi.fn(() => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject })))
  return { waiting, read }
}

test('a late answer does not overwrite a newer one', async () => {
  const { waiting, read } = held()
  const query = effectScope().run(() => useQuery(read))!
  void query.reload()
  waiting[1]!.resolve('new')
  await settle()
  waiting[0]!.resolve('old')
  await settle()
  expect(query.data.value).toBe('new')
  expect(query.loading.value).toBe(false)
})

test('a failure is told and leaves what was shown', async () => {
  const { waiting, read } = held()
  const query = effectScope().run(() => useQuery(read))!
  waiting[0]!.resolve('here')
  await settle()
  void query.reload()
  waiting[1]!.reject(new ApiError('internal', '出错了', '再试'))
  await settle()
  expect(query.data.value).toBe('here')
  expect(query.problem.value).toMatchObject({ message: '出错了', hint: '再试' })
})

test('a burst of changes is read once, and not after the screen has gone', async () => {
  const { waiting, read } = held()
  const scope = effectScope()
  scope.run(() => useQuery(read))
  waiting[0]!.resolve('')
  await settle()
  for (let n = 1; n <= 5; n++) useEvents().hear({ topic: 'records', revision: n, payload: null })
  vi.runAllTimers()
  expect(read).toHaveBeenCalledTimes(2)
  scope.stop()
  useEvents().hear({ topic: 'records', revision: 9, payload: null })
  vi.runAllTimers()
  expect(read).toHaveBeenCalledTimes(2)
})
