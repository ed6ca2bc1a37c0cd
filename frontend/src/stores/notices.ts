import { defineStore } from 'pinia'
import { ref } from 'vue'

/** A line that says that something was done, with a way to take it back. */
export interface Notice {
  id: number
  text: string
  undo: string
  link: string
  linkText: string
}

const stays = 12_000

/** Lines at the foot of the window. Failures are never shown here: they stay beside what failed. */
export const useNotices = defineStore('notices', () => {
  const list = ref<Notice[]>([])
  let next = 1

  function say(text: string, more: { undo?: string; link?: string; linkText?: string } = {}): void {
    const id = next++
    list.value = [
      ...list.value.slice(-2),
      { id, text, undo: more.undo ?? '', link: more.link ?? '', linkText: more.linkText ?? '' },
    ]
    setTimeout(() => drop(id), stays)
  }

  function drop(id: number): void {
    list.value = list.value.filter((n) => n.id !== id)
  }

  /** Takes all away: they are of somebody who is not at the laptop any more. */
  function clear(): void {
    list.value = []
  }

  return { list, say, drop, clear }
})
