import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { api, type Code, type SchemaCollection } from '@/api'

/** The ledger's words: which records and fields there are, and the code tables. */
export const useVocabulary = defineStore('vocabulary', () => {
  const collections = shallowRef(new Map<string, SchemaCollection>())
  const tables = new Map<string, Promise<Code[]>>()

  async function load(): Promise<void> {
    const schema = await api.schema()
    collections.value = new Map(schema.collections.map((c) => [c.key, c]))
  }

  function collection(key: string): SchemaCollection | undefined {
    return collections.value.get(key)
  }

  function label(key: string): string {
    return collections.value.get(key)?.label ?? key
  }

  /** The rows of a code table; a failed reading is tried again the next time. */
  function codes(table: string): Promise<Code[]> {
    let rows = tables.get(table)
    if (!rows) {
      rows = api.codeTable(table)
      rows.catch(() => tables.delete(table))
      tables.set(table, rows)
    }
    return rows
  }

  /** Forgets everything: someone else may be at the laptop next. */
  function clear(): void {
    collections.value = new Map()
    tables.clear()
  }

  return { collections, load, collection, label, codes, clear }
})
