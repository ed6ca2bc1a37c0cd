import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { i18n } from '../i18n'
import HomeView from './HomeView.vue'

test('the first screen says its name in Chinese', () => {
  const view = mount(HomeView, { global: { plugins: [i18n] } })
  expect(view.find('h1').text()).toBe('网格簿')
})
