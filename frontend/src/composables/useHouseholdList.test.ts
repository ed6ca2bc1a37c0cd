import { expect, test, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import type { HouseholdList, HouseholdQuery } from '@/api'
import { calls, setStage, settle } from '@/testing/screen'
import { useHouseholdList, windowSize } from './useHouseholdList'

const all: HouseholdQuery = { village: '', grid: '', member: '', text: '', filter: '', sort: '' }

async function list(households: number) {
  const stage = await setStage({ households })
  const query = ref({ ...all })
  const found = effectScope().run(() => useHouseholdList(query))!
  await settle()
  return { stage, query, found }
}

test('only what comes into sight is read', async () => {
  const { stage, found } = await list(5000)
  expect(found.total.value).toBe(5000)
  expect(found.rows.value).toHaveLength(5000)
  expect('unread' in found.rows.value[0]!).toBe(false)
  expect('unread' in found.rows.value[windowSize]!).toBe(true)
  found.show(2440, 2460)
  found.show(2445, 2465)
  await settle()
  expect('unread' in found.rows.value[2450]!).toBe(false)
  expect(calls(stage, 'Households').map((a) => a[1])).toEqual([0, 2400])
})

test('what was typed last is what is shown, in whatever order answers come', async () => {
  const { stage, query, found } = await list(50)
  const answers: ((l: HouseholdList) => void)[] = []
  stage.service.Households = () => new Promise<HouseholdList>((resolve) => answers.push(resolve)) as unknown as HouseholdList
  const row = stage.service.households[0]!
  query.value.text = 'z'
  await settle()
  query.value.text = 'zj'
  await settle()
  answers[1]!({ total: 1, offset: 0, rows: [{ ...row, head: '后问' }] })
  await settle()
  answers[0]!({ total: 2, offset: 0, rows: [{ ...row, head: '先问' }, row] })
  await settle()
  expect(found.rows.value.map((r) => 'head' in r && r.head)).toEqual(['后问'])
})

test('a change elsewhere is read without emptying the list first', async () => {
  const { stage, found } = await list(20)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  stage.service.households[0]!.head = '改了'
  stage.host.emit('records', null)
  expect(found.rows.value).toHaveLength(20)
  vi.runAllTimers()
  vi.useRealTimers()
  await settle()
  expect(found.rows.value[0]).toMatchObject({ head: '改了' })
})
