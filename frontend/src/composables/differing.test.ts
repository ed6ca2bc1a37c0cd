import { expect, test } from 'vitest'
import { differing } from './differing'

const story = '老人独居，儿子在杭州打工，一年回来两次。屋顶漏雨；血压药按时吃。'

test.each([
  ['two places apart', [story, story.replace('两次', '三次').replace('按时', '不按时')], [['一年回来两次。', '血压药按时吃。'], ['一年回来三次。', '血压药不按时吃。']]],
  ['one says more', [story, `${story}\n下次带药`], [[], ['下次带药']]],
  ['one stops sooner, with another mark', [story, story.replace('。屋顶漏雨；血压药按时吃。', '；')], [['屋顶漏雨；血压药按时吃。'], []]],
  ['three', [story, story.replace('杭州', '义乌'), story], [['儿子在杭州打工，'], ['儿子在义乌打工，'], ['儿子在杭州打工，']]],
])('what differs: %s', (_, texts, own) => {
  const cut = differing(texts)!
  expect(cut.map((list) => list.filter((s) => s.own).map((s) => s.text))).toEqual(own)
  expect(cut.map((list) => list.map((s) => s.text).join(''))).toEqual(texts)
})

test.each([
  ['short', ['沙溪村溪东128号，老屋', '沙溪村溪东129号，老屋']],
  ['nothing in common', [story, '儿子回来了，老人跟着去了杭州，房子空着，钥匙在隔壁。']],
  ['one alone', [story]],
])('nothing to find: %s', (_, texts) => {
  expect(differing(texts)).toBeNull()
})
