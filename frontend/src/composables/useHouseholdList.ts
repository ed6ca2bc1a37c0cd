import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { api, type ApiError, type HouseholdQuery, type HouseholdRow } from '@/api'
import { useEvents } from '@/stores/events'
import { asProblem } from './problem'

/** A place in the list whose household has not been read yet. */
export interface Unread {
  id: string
  unread: true
}
export type ListRow = HouseholdRow | Unread

export const windowSize = 100

/**
 * The households that a query finds, read in windows as they come into sight.
 * However many there are, only what was looked at is held.
 */
export function useHouseholdList(query: Ref<HouseholdQuery>) {
  const rows = shallowRef<ListRow[]>([])
  const total = ref(0)
  const problem = shallowRef<ApiError | null>(null)
  const loading = ref(true)
  let turn = 0
  let reading = new Set<number>()

  async function read(page: number, mine: number): Promise<void> {
    if (reading.has(page)) return
    reading.add(page)
    try {
      const list = await api.households(query.value, page * windowSize, windowSize)
      if (mine !== turn) return
      place(list.total, list.offset, list.rows)
      problem.value = null
    } catch (e) {
      if (mine === turn) problem.value = asProblem(e)
    } finally {
      if (mine === turn) {
        reading.delete(page)
        loading.value = false
      }
    }
  }

  function place(count: number, offset: number, found: HouseholdRow[]): void {
    const next =
      count === rows.value.length
        ? rows.value.slice()
        : Array.from({ length: count }, (_, i): ListRow => rows.value[i] ?? { id: `unread-${i}`, unread: true })
    for (const [i, row] of found.entries()) next[offset + i] = row
    rows.value = next
    total.value = count
  }

  /** Reads what is missing between two places. */
  function show(from: number, to: number): void {
    for (let page = Math.floor(from / windowSize); page <= Math.floor(to / windowSize); page++) {
      const first = rows.value[page * windowSize]
      if (first && 'unread' in first) void read(page, turn)
    }
  }

  /** A new question: what was found for the old one goes. */
  async function ask(): Promise<void> {
    turn++
    reading = new Set()
    loading.value = true
    const mine = turn
    await read(0, mine)
  }

  watch(
    query,
    () => {
      rows.value = []
      void ask()
    },
    { deep: true },
  )
  onScopeDispose(
    useEvents().onRecords(() => {
      // The rows in sight stay until the new ones are there.
      rows.value = rows.value.map((r, i): ListRow => (i < windowSize ? r : { id: `unread-${i}`, unread: true }))
      void ask()
    }),
  )
  void ask()

  return { rows, total, problem, loading, show }
}
