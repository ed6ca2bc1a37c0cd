import { onScopeDispose, watch } from 'vue'
import { usePreferences } from '@/stores/preferences'
import { useSession } from '@/stores/session'

/** Locks the screens when nobody has touched key or mouse for as long as the settings say. */
export function useIdleLock(): void {
  const preferences = usePreferences()
  const session = useSession()
  let timer: ReturnType<typeof setTimeout> | undefined

  function start(): void {
    clearTimeout(timer)
    const minutes = preferences.settings.lockMinutes
    if (minutes > 0 && session.phase === 'ready') {
      timer = setTimeout(() => void session.lock().catch(() => start()), minutes * 60_000)
    }
  }

  const kinds = ['keydown', 'pointerdown', 'wheel'] as const
  for (const kind of kinds) window.addEventListener(kind, start, { passive: true })
  watch(() => [preferences.settings.lockMinutes, session.phase], start, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
    for (const kind of kinds) window.removeEventListener(kind, start)
  })
}
