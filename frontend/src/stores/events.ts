import { defineStore } from 'pinia'
import { MISSED, transport, type BridgeEvent } from '@/api'

type Listener = (event: BridgeEvent) => void

// Events of an import come in bursts; screens need not be read again for each.
const pause = 150

/**
 * The events from Go, handed to whoever listens. Each topic's revisions only
 * grow; one that is not newer than the last is dropped.
 */
export const useEvents = defineStore('events', () => {
  const newest = new Map<string, number>()
  const listeners = new Map<string, Set<Listener>>()
  const readers = new Set<() => void>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function hear(event: BridgeEvent): void {
    if (event.topic === MISSED) {
      // Go may have started anew and count from the beginning again.
      newest.clear()
    } else {
      if (event.revision <= (newest.get(event.topic) ?? -1)) return
      newest.set(event.topic, event.revision)
    }
    for (const tell of listeners.get(event.topic) ?? []) tell(event)
    if (event.topic === 'records' || event.topic === MISSED) readSoon()
  }

  function readSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      for (const read of [...readers]) read()
    }, pause)
  }

  function on(topic: string, listener: Listener): () => void {
    const set = listeners.get(topic) ?? new Set()
    listeners.set(topic, set.add(listener))
    return () => set.delete(listener)
  }

  /** Calls read after records changed, until the returned function is called. */
  function onRecords(read: () => void): () => void {
    readers.add(read)
    return () => readers.delete(read)
  }

  /** The newest revision of a topic: to see whether an answer was overtaken. */
  function revision(topic: string): number {
    return newest.get(topic) ?? -1
  }

  function start(): () => void {
    return transport.onEvent(hear)
  }

  return { on, onRecords, revision, start, hear }
})
