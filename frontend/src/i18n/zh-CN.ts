import { frame } from './zh-CN/frame'
import { moves } from './zh-CN/moves'
import { people } from './zh-CN/people'
import { photos } from './zh-CN/photos'
import { stick } from './zh-CN/stick'
import { sync } from './zh-CN/sync'
import { work } from './zh-CN/work'

/** The words of the screens: simplified Chinese, as plain as a neighbour says them. */
export default { ...frame, ...people, ...work, ...sync, ...stick, ...moves, ...photos }
