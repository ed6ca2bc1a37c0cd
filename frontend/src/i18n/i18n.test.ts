import { expect, test } from 'vitest'
import zhCN from './zh-CN'

const sources = import.meta.glob<string>(['../**/*.ts', '../**/*.vue', '!../**/*.test.ts', '!../testing/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
})
const code = Object.entries(sources).filter(([path]) => !path.includes('/zh-CN') && !path.startsWith('./zh-CN'))

function leaves(tree: object, before = ''): string[] {
  return Object.entries(tree).flatMap(([k, v]) => (typeof v === 'string' ? [`${before}${k}`] : leaves(v as object, `${before}${k}.`)))
}
const keys = leaves(zhCN)

/** The keys that the sources name, as patterns: ${…} stands for one part. */
const named = code.flatMap(([path, text]) =>
  [...text.matchAll(/\b\$?t\(\s*(['`])([\w.$]+(?:\$\{[^}]*\}[\w.]*)*)\1/g)].map((m) => ({
    path,
    key: m[2]!,
    pattern: new RegExp(`^${m[2]!.replace(/\./g, '\\.').replace(/\$\{[^}]*\}/g, '\\w+')}$`),
  })),
)

test('the sources are read', () => {
  expect(code.length).toBeGreaterThan(60)
  expect(named.length).toBeGreaterThan(300)
})

test('every word that a screen asks for is there', () => {
  const missing = named.filter((n) => !keys.some((k) => n.pattern.test(k))).map((n) => `${n.path}: ${n.key}`)
  expect(missing).toEqual([])
})

test('every word that is there is asked for', () => {
  const unused = keys.filter((k) => !named.some((n) => n.pattern.test(k)))
  expect(unused).toEqual([])
})

test('no screen has words of its own', () => {
  const han = /[\u4e00-\u9fff]/
  // The transport speaks when nothing else can; days reads what people type.
  const own = ['../api/transport.ts', '../composables/days.ts', '../fields/ListField.vue']
  const offenders = code
    .filter(([path]) => !own.includes(path))
    .map(([path, text]) => ({ path, text: text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|<!--[\s\S]*?-->/gm, '') }))
    .flatMap(({ path, text }) => text.split('\n').filter((l) => han.test(l)).map((l) => `${path}: ${l.trim()}`))
  expect(offenders).toEqual([])
})

test('no word breaks when it is put together', () => {
  // These have a meaning for the composer of messages.
  const special = Object.entries(Object.fromEntries(keys.map((k) => [k, k.split('.').reduce<unknown>((t, p) => (t as Record<string, unknown>)[p], zhCN) as string])))
  expect(special.filter(([, text]) => /[@|]/.test(text.replace(/\{\w+\}/g, '')))).toEqual([])
})
