// Puts a screen on the page with everything that it stands on, over a fake
// service behind the real transport.
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { i18n } from '@/i18n'
import { routes } from '@/router'
import { useEvents } from '@/stores/events'
import { useSession } from '@/stores/session'
import { useVocabulary } from '@/stores/vocabulary'
import { makeHost, type FakeHost } from './fakeHost'
import { FakeService, type FakeOptions } from './fakeService'

export interface Stage {
  service: FakeService
  host: FakeHost
}

/** Stores and a fake service, without a screen. The session is open. */
export async function setStage(options: FakeOptions = {}): Promise<Stage> {
  const service = new FakeService(options)
  const host = makeHost(service)
  vi.stubGlobal('fetch', host.fetch)
  vi.stubGlobal('EventSource', host.EventSource)
  setActivePinia(createPinia())
  useEvents().start()
  await useSession().load()
  if (useSession().phase === 'ready') await useVocabulary().load()
  return { service, host }
}

export interface Screen extends Stage {
  view: VueWrapper
  router: Router
}

/** Mounts a component; it stands in the document, so that it can have the focus. */
export async function show(component: Component, props: Record<string, unknown> = {}, options: FakeOptions = {}, at = '/'): Promise<Screen> {
  const stage = await setStage(options)
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(at)
  const view = mount(component, { props, attachTo: document.body, global: { plugins: [router, i18n] } })
  await settle()
  return { ...stage, view, router }
}

/** Waits until questions and answers have gone back and forth. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await flushPromises()
}

/** What was asked of the service, by method. */
export function calls(stage: Stage, method: string): unknown[][] {
  return stage.service.calls.filter((c) => c.method === method).map((c) => c.args)
}

export function press(target: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const e = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  target.dispatchEvent(e)
  return e
}
