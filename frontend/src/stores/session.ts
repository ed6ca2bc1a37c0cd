import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, MISSED, type State } from '@/api'
import { useEvents } from './events'
import { useNotices } from './notices'

/** Who is at the laptop, and the village that a township's screens are about. */
export const useSession = defineStore('session', () => {
  const events = useEvents()
  const notices = useNotices()
  const state = shallowRef<State | null>(null)
  /** The village that a township has chosen to look at, "" for all. */
  const chosen = ref('')
  /** A laptop whose duty has ended is being joined anew. */
  const anew = ref(false)
  const duties = new Set<() => Promise<void>>()

  const phase = computed(() => state.value?.phase ?? null)
  const today = computed(() => state.value?.today ?? '')
  /** All villages of a township are here, not just one. */
  const manyVillages = computed(() => phase.value === 'ready' && state.value?.village === '' && !state.value.ended)
  const village = computed(() => (manyVillages.value ? chosen.value : (state.value?.village ?? '')))
  /** The person is in charge of nothing any more: what was theirs has left this laptop. */
  const ended = computed(() => (phase.value === 'ready' ? (state.value?.ended ?? null) : null))
  const canWrite = computed(() => state.value?.canWrite ?? false)

  async function load(): Promise<void> {
    const before = events.revision('state')
    const answer = await api.state()
    if (events.revision('state') === before) state.value = answer
  }

  async function join(invitation: string, device: string, password: string): Promise<void> {
    state.value = await (anew.value ? api.joinAnew : api.join)(invitation, device, password)
    begin()
  }

  /** Joins with a first copy that came on a stick. */
  async function joinByStick(handle: string, code: string, device: string, password: string): Promise<void> {
    state.value = await (anew.value ? api.joinAnewByStick : api.joinByStick)(handle, code, device, password)
    begin()
  }

  /** Nothing of who was at the laptop before stays on the screen. */
  function begin(): void {
    anew.value = false
    notices.clear()
  }

  async function unlock(password: string): Promise<void> {
    state.value = await api.unlock(password)
  }

  /** Opens with the township's recovery key and sets a new password. */
  async function recover(key: string, password: string): Promise<void> {
    state.value = await api.recover(key, password)
  }

  /** Calls duty before the screens are locked, until the returned function is called. */
  function beforeLock(duty: () => Promise<void>): () => void {
    duties.add(duty)
    return () => duties.delete(duty)
  }

  async function lock(): Promise<void> {
    // What is being written must be put away while the data is still open.
    await Promise.allSettled([...duties].map((duty) => duty()))
    anew.value = false
    state.value = await api.lock()
    notices.clear()
  }

  function choose(code: string): void {
    chosen.value = code
  }

  /** The recovery notice was read; it comes but once. */
  function dismissRecovered(): void {
    if (state.value) state.value = { ...state.value, recovered: null }
  }

  events.on('state', (e) => {
    state.value = e.payload as State
  })
  events.on(MISSED, () => void load().catch(() => undefined))

  return {
    state,
    anew,
    phase,
    today,
    manyVillages,
    village,
    canWrite,
    ended,
    load,
    join,
    joinByStick,
    unlock,
    recover,
    lock,
    beforeLock,
    choose,
    dismissRecovered,
  }
})
