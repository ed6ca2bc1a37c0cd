import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { api, MISSED, type SyncDone, type SyncStatus } from '@/api'
import { useEvents } from './events'
import { useSession } from './session'

/** One word for where the work stands; each looks different. */
export type SyncLook = 'running' | 'stopped' | 'refused' | 'offline' | 'differs' | 'waiting' | 'unsent' | 'never' | 'same'

export function lookOf(s: SyncStatus): SyncLook {
  if (s.phase === 'running') return 'running'
  if (s.phase === 'stopped') return 'stopped'
  if (s.rejected > 0) return 'refused'
  if (s.phase === 'offline') return 'offline'
  if (s.phase === 'waiting') return 'waiting'
  if (s.toSend > 0) return 'unsent'
  if (s.verified.at === 0) return 'never'
  return s.verified.equal ? 'same' : 'differs'
}

/** What has reached the office, as marks and receipts say. */
export const useSync = defineStore('sync', () => {
  const events = useEvents()
  const status = shallowRef<SyncStatus | null>(null)
  const look = computed(() => (status.value ? lookOf(status.value) : null))

  /** The first copy has not come whole: what is here is not all there is. A laptop without a duty waits for none. */
  const first = computed(() => status.value !== null && status.value.verified.at === 0 && !useSession().ended)

  async function refresh(): Promise<void> {
    const before = events.revision('sync')
    const answer = await api.syncStatus()
    // An event that came meanwhile is newer than this answer.
    if (events.revision('sync') === before) status.value = answer
  }

  async function syncNow(): Promise<SyncDone> {
    try {
      return await api.syncNow()
    } finally {
      await refresh().catch(() => undefined)
    }
  }

  events.on('sync', (e) => {
    const next = e.payload as SyncStatus
    // Events leave out the counts by kind: what is known stays until it is read again.
    status.value = { ...next, byKind: next.byKind.length ? next.byKind : (status.value?.byKind ?? []) }
    if (next.phase !== 'running') void refresh().catch(() => undefined)
  })
  events.on(MISSED, () => void refresh().catch(() => undefined))
  events.onRecords(() => void refresh().catch(() => undefined))

  return { status, look, first, refresh, syncNow }
})
