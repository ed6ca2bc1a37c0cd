// The part of the fake service that has photos.
import type * as dto from '@/api/generated'
import { today } from './fakeData'
import { FakeMoves } from './fakeMoves'

export abstract class FakePhotos extends FakeMoves {
  readonly photos = new Map<string, dto.PhotoRow[]>()
  /** Uploaded files by name that are refused. */
  refusedPhoto = ''

  /** A photo as the list shows it. */
  addRow(collection: string, id: string, more: Partial<dto.PhotoRow> = {}): dto.PhotoRow {
    const rows = this.photos.get(`${collection}/${id}`) ?? []
    const n = rows.length + 1
    const row: dto.PhotoRow = {
      id: `photo00000000000000${n}`, sha256: `${n}`.repeat(64).slice(0, 64), caption: '', date: today, by: '张建国',
      width: 1600, height: 1200, size: 240_000, here: true, arrived: false, lost: false, done: 0, parts: 8, wanted: false, sync: 'to_send', problem: null, ...more,
    }
    this.photos.set(`${collection}/${id}`, [...rows, row])
    return row
  }

  /** Why photos cannot be opened. */
  shutPhotos: dto.Problem | null = null

  Photos(collection: string, id: string): dto.PhotoList {
    const rows = this.photos.get(`${collection}/${id}`) ?? []
    const count = (f: (r: dto.PhotoRow) => boolean) => rows.filter(f).length
    return { total: rows.length, arrived: count((r) => r.arrived), here: count((r) => r.here), most: 9, canAdd: rows.length < 9 && !this.shutPhotos, rows, problem: this.shutPhotos }
  }

  AddPhoto(collection: string, id: string, handle: string): dto.Saved {
    if (handle === this.refusedPhoto) this.refuse('photo_kind', '这是 HEIC 格式的照片', '请用微信发到电脑上再添加。')
    const row = this.addRow(collection, id)
    this.changed('attachment')
    return this.saved(row.id)
  }

  Photo(sha256: string): dto.File {
    const row = [...this.photos.values()].flat().find((r) => r.sha256 === sha256)
    if (row && !row.here) row.wanted = true
    return { handle: row?.here ? `picture-${sha256.slice(0, 4)}` : '', name: '照片.jpg' }
  }

}
