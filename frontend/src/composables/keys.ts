/**
 * Whether a key belongs to an input method that is still composing. Such keys
 * choose characters; acting on them would save half a word.
 */
export function composing(e: KeyboardEvent): boolean {
  // 229: WebKit sends the key that ends a composition after isComposing is over.
  return e.isComposing || e.keyCode === 229
}

/** Whether someone is typing into what has the focus. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}
