import { onMounted, onUnmounted } from 'vue'
import { composing } from './keys'

/** Listens to keys of the whole window while a component is there. */
export function useKeys(act: (e: KeyboardEvent) => void): void {
  function hear(e: KeyboardEvent): void {
    if (!composing(e) && !e.defaultPrevented) act(e)
  }
  onMounted(() => window.addEventListener('keydown', hear))
  onUnmounted(() => window.removeEventListener('keydown', hear))
}
