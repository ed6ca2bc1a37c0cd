import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { api, type ApiError, type RecordQuery, type RecordRow } from '@/api'
import { useEvents } from '@/stores/events'
import { asProblem } from './problem'

export const pageSize = 50

/** Records that a query finds, a page at a time. */
export function useRecordList(query: Ref<RecordQuery>) {
  const rows = shallowRef<RecordRow[]>([])
  const next = ref('')
  const problem = shallowRef<ApiError | null>(null)
  const loading = ref(true)
  let turn = 0

  async function read(cursor: string, count: number): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const page = await api.records(query.value, cursor, count)
      if (mine !== turn) return
      rows.value = cursor ? [...rows.value, ...page.rows] : page.rows
      next.value = page.next
      problem.value = null
    } catch (e) {
      if (mine === turn) problem.value = asProblem(e)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  const more = () => read(next.value, pageSize)
  // As many as were in sight, so that a change does not send one back to the top.
  const again = () => read('', Math.max(pageSize, rows.value.length))

  watch(query, () => void read('', pageSize), { deep: true })
  onScopeDispose(useEvents().onRecords(() => void again()))
  void read('', pageSize)
  return { rows, next, problem, loading, more }
}
