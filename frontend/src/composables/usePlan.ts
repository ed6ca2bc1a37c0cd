import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { ApiError, Plan } from '@/api'
import { asProblem } from './problem'

export interface Planned {
  plan: ShallowRef<Plan | null>
  problem: ShallowRef<ApiError | null>
  asking: Ref<boolean>
}

/**
 * What an action would do, asked again whenever what is chosen changes; with
 * nothing to ask there is no plan. An answer that a later choice has overtaken
 * is dropped.
 */
export function usePlan<T>(chosen: () => T | null, ask: (chosen: T) => Promise<Plan>): Planned {
  const plan = shallowRef<Plan | null>(null)
  const problem = shallowRef<ApiError | null>(null)
  const asking = ref(false)
  let turn = 0

  async function look(): Promise<void> {
    const mine = ++turn
    const what = chosen()
    problem.value = null
    if (what === null) {
      plan.value = null
      asking.value = false
      return
    }
    asking.value = true
    try {
      const answer = await ask(what)
      if (mine === turn) plan.value = answer
    } catch (e) {
      if (mine !== turn) return
      plan.value = null
      problem.value = asProblem(e)
    } finally {
      if (mine === turn) asking.value = false
    }
  }

  watch(() => JSON.stringify(chosen()), () => void look(), { immediate: true })
  return { plan, problem, asking }
}
