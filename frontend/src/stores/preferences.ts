import { defineStore } from 'pinia'
import { shallowRef, watchEffect } from 'vue'
import { api, type Settings } from '@/api'

export const textSizes = [16, 18, 20, 22] as const
const ordinary = 18

const unset: Settings = { textSize: 0, language: 'zh-CN', lockMinutes: 0, visitMode: '', visitor: '' }

/** A person's own settings, kept on the laptop. */
export const usePreferences = defineStore('preferences', () => {
  const settings = shallowRef<Settings>(unset)

  async function load(): Promise<void> {
    settings.value = await api.settings()
  }

  async function change(part: Partial<Settings>): Promise<void> {
    const before = settings.value
    const after = { ...before, ...part }
    settings.value = after
    try {
      await api.saveSettings(after)
    } catch (e) {
      if (settings.value === after) settings.value = before
      throw e
    }
  }

  watchEffect(() => {
    document.documentElement.style.fontSize = `${settings.value.textSize || ordinary}px`
  })

  return { settings, load, change }
})
