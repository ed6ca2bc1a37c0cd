import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { api, type ApiError, type VisitDraft } from '@/api'
import { useSession } from '@/stores/session'
import { asProblem } from './problem'

const every = 1_000

/** Whether anything has been written that would be missed. */
export function worthKeeping(v: VisitDraft): boolean {
  return [v.household, v.situation, v.request, v.doneOnSpot, v.note, v.companions].some((s) => s.trim() !== '')
}

/**
 * Keeps a visit that is being written: within a second of a change, when a
 * field is left and when the screen is. Saving by hand ends it.
 */
export function useDraft(visit: Ref<VisitDraft>) {
  const kept = ref(false)
  const problem = shallowRef<ApiError | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let dirty = false
  let ended = false
  let writing: Promise<void> = Promise.resolve()

  function touch(): void {
    if (ended) return
    dirty = true
    kept.value = false
    timer ??= setTimeout(() => void keep(), every)
  }

  /** Writes now what is not yet kept. Drafts are written one after the other. */
  function keep(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (!dirty || ended || !worthKeeping(visit.value)) return writing
    dirty = false
    const copy = { ...visit.value }
    writing = writing.then(async () => {
      if (ended) return
      try {
        await api.saveDraft(copy)
        kept.value = !dirty
        problem.value = null
      } catch (e) {
        problem.value = asProblem(e)
        dirty = true
      }
    })
    return writing
  }

  /** No more drafts; waits for one that is on its way, so that it cannot come after the visit. */
  async function end(): Promise<void> {
    ended = true
    clearTimeout(timer)
    timer = undefined
    await writing
  }

  /** Saving failed: what stands in the form is a draft again. */
  function resume(): void {
    ended = false
    touch()
  }

  /** Takes the visit as it stands for unchanged: it was just read. */
  function settled(): void {
    clearTimeout(timer)
    timer = undefined
    dirty = false
    kept.value = false
  }

  watch(visit, touch, { deep: true, flush: 'sync' })
  const forget = useSession().beforeLock(keep)
  onBeforeUnmount(() => {
    forget()
    void keep()
  })
  return { kept, problem, keep, end, resume, settled }
}
