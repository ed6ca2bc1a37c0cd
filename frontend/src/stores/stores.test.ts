import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { MISSED, type SyncStatus } from '@/api'
import { FakeService } from '@/testing/fakeService'
import { calls, setStage, settle } from '@/testing/screen'
import { useEvents } from './events'
import { useNotices } from './notices'
import { usePreferences } from './preferences'
import { useSession } from './session'
import { lookOf, useSync } from './sync'
import { useVocabulary } from './vocabulary'

const calm: SyncStatus = { ...new FakeService({ empty: true }).status, phase: 'idle' }

beforeEach(() => {
  setActivePinia(createPinia())
})

describe('events', () => {
  test('one that is not newer than the last of its topic is dropped', () => {
    const events = useEvents()
    const heard: unknown[] = []
    events.on('sync', (e) => heard.push(e.payload))
    events.hear({ topic: 'sync', revision: 4, payload: 'four' })
    events.hear({ topic: 'sync', revision: 3, payload: 'three' })
    events.hear({ topic: 'sync', revision: 4, payload: 'again' })
    events.hear({ topic: 'state', revision: 1, payload: 'another topic' })
    events.hear({ topic: 'sync', revision: 5, payload: 'five' })
    expect(heard).toEqual(['four', 'five'])
  })

  test('after a cut Go may count from the beginning again', () => {
    const events = useEvents()
    const heard: unknown[] = []
    events.on('sync', (e) => heard.push(e.payload))
    events.hear({ topic: 'sync', revision: 40, payload: 'before' })
    events.hear({ topic: MISSED, revision: 0, payload: null })
    events.hear({ topic: 'sync', revision: 1, payload: 'after' })
    expect(heard).toEqual(['before', 'after'])
  })
})

describe('sync', () => {
  test.each<[Partial<SyncStatus>, string]>([
    [{}, 'same'],
    [{ toSend: 3 }, 'unsent'],
    [{ phase: 'offline', toSend: 3 }, 'offline'],
    [{ phase: 'waiting', toSend: 3 }, 'waiting'],
    [{ phase: 'running', rejected: 2 }, 'running'],
    [{ rejected: 1 }, 'refused'],
    [{ phase: 'offline', rejected: 1 }, 'refused'],
    [{ phase: 'stopped' }, 'stopped'],
    [{ verified: { equal: false, records: 0, at: 0 } }, 'never'],
    [{ verified: { equal: false, records: 9, at: 5 } }, 'differs'],
    // Everything went up, but nobody has compared: that is not "the same".
    [{ toSend: 0, verified: { equal: true, records: 0, at: 0 } }, 'never'],
  ])('%o looks %s', (part, look) => {
    expect(lookOf({ ...calm, rejected: 0, ...part })).toBe(look)
  })

  test('an answer that an event has overtaken is dropped', async () => {
    const { service, host } = await setStage()
    const sync = useSync()
    await sync.refresh()
    const late = service.status
    let answer = (_: SyncStatus): void => undefined
    service.SyncStatus = () => new Promise<SyncStatus>((resolve) => (answer = resolve)) as unknown as SyncStatus
    const asked = sync.refresh()
    await settle()
    host.emit('sync', { ...late, phase: 'running', toSend: 5 })
    answer({ ...late, toSend: 999 })
    await asked
    expect(sync.status?.toSend).toBe(5)
  })

  test('a failed sync is thrown to whoever asked and the status read again', async () => {
    await setStage({ offline: true })
    const sync = useSync()
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'unreachable' })
    expect(sync.status?.phase).toBe('offline')
    expect(sync.status?.toSend).toBe(27)
  })
})

describe('session', () => {
  test('a wrong password says so and leaves the screens locked', async () => {
    await setStage({ phase: 'locked' })
    const session = useSession()
    await expect(session.unlock('falsch')).rejects.toMatchObject({ code: 'password', message: '密码不对' })
    expect(session.phase).toBe('locked')
    await session.unlock('mima12345')
    expect(session.phase).toBe('ready')
  })

  test('what is being written is put away before the data is closed', async () => {
    const stage = await setStage()
    const session = useSession()
    session.beforeLock(async () => {
      await stage.service.call('SaveDraft', [{ household: 'x' }])
    })
    await session.lock()
    const order = stage.service.calls.map((c) => c.method).filter((m) => ['SaveDraft', 'Lock'].includes(m))
    expect(order).toEqual(['SaveDraft', 'Lock'])
  })

  test('a village laptop is about its village, a township chooses one', async () => {
    await setStage()
    expect(useSession().manyVillages).toBe(false)
    expect(useSession().village).toBe('330702009203')
    await setStage({ role: 'township' })
    const session = useSession()
    expect([session.manyVillages, session.village]).toEqual([true, ''])
    session.choose('330702009204')
    expect(session.village).toBe('330702009204')
  })
})

describe('preferences', () => {
  test('the size of letters follows at once, and goes back when it cannot be kept', async () => {
    const { service } = await setStage()
    const preferences = usePreferences()
    await preferences.load()
    await preferences.change({ textSize: 22 })
    await settle()
    expect(document.documentElement.style.fontSize).toBe('22px')
    service.SaveSettings = () => {
      throw new Error('disk')
    }
    await expect(preferences.change({ textSize: 16 })).rejects.toBeTruthy()
    expect(preferences.settings.textSize).toBe(22)
  })
})

describe('vocabulary', () => {
  test('a code table is asked for once, and again after a failure', async () => {
    const stage = await setStage()
    const vocabulary = useVocabulary()
    const good = stage.service.CodeTable.bind(stage.service)
    stage.service.CodeTable = () => {
      throw new Error('not now')
    }
    await expect(vocabulary.codes('visit_mode')).rejects.toBeTruthy()
    await settle()
    stage.service.CodeTable = good
    await vocabulary.codes('visit_mode')
    expect((await vocabulary.codes('visit_mode')).length).toBeGreaterThan(3)
    expect(calls(stage, 'CodeTable')).toHaveLength(2)
  })
})

describe('notices', () => {
  test('they go by themselves and never pile up', () => {
    vi.useFakeTimers()
    const notices = useNotices()
    for (const text of ['一', '二', '三', '四']) notices.say(text)
    expect(notices.list.map((n) => n.text)).toEqual(['二', '三', '四'])
    vi.runAllTimers()
    expect(notices.list).toEqual([])
    vi.useRealTimers()
  })
})
