import { onMounted, onUnmounted, type Ref } from 'vue'

/**
 * Keeps the focus in a list of cards when what had it goes: on the button, once
 * it can be pressed again, or on the card that has taken the place of the one
 * that was decided. A keyboard would else begin at the top of the page again.
 */
export function useKeepFocus(root: Readonly<Ref<HTMLElement | null>>, cards: string): void {
  let last: { el: HTMLElement; n: number } | null = null

  function note(e: FocusEvent): void {
    const el = e.target as HTMLElement
    const card = el.closest(cards)
    last = card ? { el, n: list().indexOf(card) } : null
  }

  function list(): Element[] {
    return [...(root.value?.querySelectorAll(cards) ?? [])]
  }

  function mend(): void {
    if (!last || document.activeElement !== document.body) return
    if (last.el.isConnected) {
      if (!(last.el as HTMLButtonElement).disabled) last.el.focus()
      return
    }
    const left = list()
    const there = left[Math.min(last.n, left.length - 1)]
    const way = there?.querySelector<HTMLElement>('button:not(:disabled)') ?? (left.length ? null : root.value?.querySelector<HTMLElement>('a[href]'))
    way?.focus()
  }

  const watching = new MutationObserver(mend)
  onMounted(() => {
    root.value?.addEventListener('focusin', note)
    if (root.value) watching.observe(root.value, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
  })
  onUnmounted(() => watching.disconnect())
}
