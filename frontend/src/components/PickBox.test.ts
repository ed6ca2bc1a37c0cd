import { mount } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { i18n } from '@/i18n'
import { press, settle } from '@/testing/screen'
import PickBox, { type Option } from './PickBox.vue'

const people: Option<string>[] = ['张建国', '张秀英', '王小红'].map((title) => ({ key: title, title, item: title }))

afterEach(() => {
  document.body.innerHTML = ''
})

function box(find = async (text: string) => people.filter((p) => p.title.includes(text))) {
  const view = mount(PickBox<string>, { props: { find, shown: '', label: '谁' }, attachTo: document.body, global: { plugins: [i18n] } })
  const input = view.get('input')
  ;(input.element as HTMLInputElement).focus()
  return { view, input, el: input.element as HTMLInputElement }
}

test('letters find, arrows move, Enter takes', async () => {
  const { view, input, el } = box()
  await input.setValue('张')
  await settle()
  expect(view.findAll('[role=option]').map((o) => o.text())).toEqual(['张建国', '张秀英'])
  expect(el.getAttribute('aria-expanded')).toBe('true')
  press(el, 'ArrowDown')
  await settle()
  expect(document.getElementById(el.getAttribute('aria-activedescendant')!)?.textContent).toContain('张秀英')
  const enter = press(el, 'Enter')
  await settle()
  expect(view.emitted('pick')).toEqual([['张秀英']])
  expect(enter.defaultPrevented).toBe(true) // it must not submit the form
})

test('keys that belong to the input method are left alone', async () => {
  const { view, input, el } = box()
  await input.setValue('张')
  await settle()
  press(el, 'Enter', { isComposing: true })
  press(el, 'Enter', { keyCode: 229 })
  press(el, 'ArrowDown', { isComposing: true })
  await settle()
  expect(view.emitted('pick')).toBeUndefined()
  expect(view.find('[role=option].active').text()).toBe('张建国')
})

test('an answer to letters that are gone is dropped', async () => {
  const answers: ((o: Option<string>[]) => void)[] = []
  const { view, input } = box(() => new Promise((resolve) => answers.push(resolve)))
  await input.setValue('张')
  await input.setValue('王')
  answers[1]!([people[2]!])
  await settle()
  answers[0]!([people[0]!, people[1]!])
  await settle()
  expect(view.findAll('[role=option]').map((o) => o.text())).toEqual(['王小红'])
})

test('Escape closes it and nothing above it', async () => {
  const above = vi.fn()
  document.body.addEventListener('keydown', above)
  const { view, input, el } = box()
  await input.setValue('张')
  await settle()
  press(el, 'Escape')
  await settle()
  expect(el.getAttribute('aria-expanded')).toBe('false')
  expect(above).not.toHaveBeenCalled()
  expect(view.emitted('pick')).toBeUndefined()
  document.body.removeEventListener('keydown', above)
})

test('half a word left behind is no choice', async () => {
  const { view, input, el } = box()
  await view.setProps({ shown: '原来的人' })
  await input.setValue('张')
  await settle()
  el.blur()
  await settle()
  expect(el.value).toBe('原来的人')
  expect(view.emitted('pick')).toBeUndefined()
})

test('a failed search says why', async () => {
  const { view, input } = box(async () => {
    throw new Error('x')
  })
  await input.setValue('张')
  await settle()
  expect(view.text()).toContain('程序出了点问题')
})
