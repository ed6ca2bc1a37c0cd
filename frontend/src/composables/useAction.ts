import { ref, shallowRef } from 'vue'
import type { ApiError } from '@/api'
import { asProblem } from './problem'

/**
 * Something a person sets off: one at a time, and a failure is kept to be shown
 * beside the button, with everything that was typed still there.
 */
export function useAction<A extends unknown[], T>(work: (...args: A) => Promise<T>) {
  const busy = ref(false)
  const problem = shallowRef<ApiError | null>(null)

  /** Resolves to undefined when it failed or was already under way. */
  async function run(...args: A): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    problem.value = null
    try {
      return await work(...args)
    } catch (e) {
      problem.value = asProblem(e)
      return undefined
    } finally {
      busy.value = false
    }
  }

  return { run, busy, problem }
}
