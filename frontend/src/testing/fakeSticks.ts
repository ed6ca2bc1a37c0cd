// Sticks in memory: one that is plugged in, with what villages handed in.
import type * as dto from '@/api/generated'

const problem = { code: 'damaged', message: '数据包不完整，可能没拷完，或者 U 盘没有安全弹出', hint: '请从原来的电脑重新导出一次，等提示完成再拔 U 盘；电脑里的内容都还在。' }
const verified = { equal: true, records: 3154, at: Date.parse('2026-11-23T14:30:00') }

export abstract class FakeSticks {
  protected abstract refuse(code: string, message: string, hint: string): never
  places: dto.StickPlace[] = [
    { id: 'E:\\', name: 'E:', last: true, file: false },
    { id: 'F:\\', name: 'F:', last: false, file: false },
  ]
  made: dto.Stick[] = [
    { made: Date.parse('2026-11-20T09:12:00'), records: 14, file: '330702009217-20261120-0912.gridbundle', answered: Date.parse('2026-11-21T08:40:00'), state: 'answered', sent: 13, received: 6, rejected: 1, photos: 3, photosArrived: 2, renumbered: false },
    { made: Date.parse('2026-11-18T16:03:00'), records: 9, file: '330702009217-20261118-1603.gridbundle', answered: 0, state: 'settled', sent: 0, received: 0, rejected: 0, photos: 0, photosArrived: 0, renumbered: false },
  ]
  found: dto.StickFound[] = [
    { file: '', name: '330702009217-20261123-0905.gridbundle', bytes: 18_400, made: Date.parse('2026-11-23T09:05:00'), village: '330702009217', villageName: '沙溪村', taken: false, problem: null },
    { file: '', name: '330702009218-20261122-1640.gridbundle', bytes: 5_120, made: Date.parse('2026-11-22T16:40:00'), village: '330702009218', villageName: '下裴村', taken: true, problem: null },
    { file: '', name: '330702009219-20261122-1102.gridbundle', bytes: 811, made: 0, village: '330702009219', villageName: '石门村', taken: false, problem },
  ]

  Sticks(): dto.Stick[] {
    return this.made
  }
  StickPlaces(): dto.StickPlace[] {
    return this.places
  }
  TypePath(path: string): { handle: string; name: string } {
    if (!/^([A-Z]:|\/)/.test(path)) this.refuse('input', `“${path}”不是完整的位置`, '请写完整的位置，如 E:\\网格簿 或 /media/usb。')
    return { handle: `path:${path}`, name: path }
  }
  ChooseStick(handle: string): dto.StickPlace {
    const id = handle.replace(/^path:/, '')
    if (id.includes('没有')) this.refuse('not_found', `没有这个文件夹或文件：${id}`, '请核对写的位置；在 U 盘上的，先看看 U 盘是不是插好了。')
    const place = { id, name: id, last: false, file: id.endsWith('.gridbundle') }
    this.places = [...this.places, place]
    return place
  }
  WriteStick(place: string): dto.StickMade {
    const made = Date.parse('2026-11-23T14:05:00')
    const name = '330702009217-20261123-1405.gridbundle'
    this.made = [{ made, records: 27, file: name, answered: 0, state: 'waiting', sent: 0, received: 0, rejected: 0, photos: 5, photosArrived: 0, renumbered: false }, ...this.made]
    return { file: place + name, name, records: 27, bytes: 9000, made, photos: 5, photosLeft: 2 }
  }
  ReadStick(place: string): dto.StickRead[] {
    const read = { file: place, made: 1, new: true, sent: 26, received: 4, rejected: 1, conflicts: 0, renumbered: false, verified, photos: 3, photosRefused: 1, photosCame: 4, problem: null }
    return [
      { ...read, name: '330702009217-20261123-1405-huizhi.gridbundle' },
      { ...read, name: '330702009217-20261120-0912-huizhi.gridbundle', new: false, photos: 0, photosRefused: 0, photosCame: 0 },
      { ...read, name: '330702009217-20261119-0800-huizhi.gridbundle', problem },
    ]
  }
  ListStick(_place: string): dto.StickFound[] {
    return this.found
  }
  TakeStick(_place: string, names: string[]): dto.StickTaken[] {
    return this.found
      .filter((f) => names.includes(f.name))
      .map((f) => {
        f.taken = true
        return { ...f, answer: f.name.replace('.gridbundle', '-huizhi.gridbundle'), person: '周建国', records: 27, joined: 20, known: 6, rejected: 1, renumbered: false, photos: 5, photosRefused: 1, photosDamaged: 2, photosEarly: 3, told: null }
      })
  }
}
