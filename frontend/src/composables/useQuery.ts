import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { ApiError } from '@/api'
import { useEvents } from '@/stores/events'
import { asProblem } from './problem'

export interface Query<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<ApiError | null>
  loading: Ref<boolean>
  /** Reads again; what was shown stays until the answer is there. */
  reload: () => Promise<void>
}

/**
 * What a screen shows of the ledger: read at once, and again whenever records
 * changed. An answer that a later question has overtaken is dropped.
 */
export function useQuery<T>(read: () => Promise<T>): Query<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<ApiError | null>(null)
  const loading = ref(true)
  let turn = 0

  async function reload(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const answer = await read()
      if (mine !== turn) return
      data.value = answer
      problem.value = null
    } catch (e) {
      if (mine === turn) problem.value = asProblem(e)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  onScopeDispose(useEvents().onRecords(() => void reload()))
  void reload()
  return { data, problem, loading, reload }
}
