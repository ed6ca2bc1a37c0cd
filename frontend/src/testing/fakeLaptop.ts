// The part of the fake service that is the laptop itself: who is at it, its
// settings, and what of its work has gone up.
import type * as dto from '@/api/generated'
import { makeStatus, today, villageCode } from './fakeData'
import { FakePhotos } from './fakePhotos'

export class Refusal {
  constructor(
    readonly code: string,
    readonly message: string,
    readonly hint: string,
  ) {}
}

type Emit = (topic: string, payload: unknown) => void

export interface FakeOptions {
  phase?: dto.Phase
  role?: 'village' | 'township'
  households?: number
  offline?: boolean
  empty?: boolean
  draft?: dto.VisitDraft
  ended?: dto.Ended
  notices?: dto.Notice[]
  deposits?: dto.Deposit[]
}

export abstract class FakeLaptop extends FakePhotos {
  emit: Emit = () => undefined
  phase: dto.Phase
  password = 'mima12345'
  settings: dto.Settings = { textSize: 18, language: 'zh-CN', lockMinutes: 0, visitMode: 'door', visitor: 'member00000000000004' }
  draft: dto.VisitDraft | null
  status: dto.SyncStatus
  ended: dto.Ended | null
  notices: dto.Notice[]
  readonly township: boolean
  rejections: dto.Rejection[] = []

  constructor(protected readonly options: FakeOptions) {
    super()
    this.phase = options.phase ?? 'ready'
    this.draft = options.draft ?? null
    this.ended = options.ended ?? null
    this.notices = options.notices ?? []
    this.deposits = options.deposits ?? this.deposits
    this.township = options.role === 'township'
    this.status = makeStatus(options.offline ?? false, options.empty ?? false, options.empty ? 0 : 1)
  }

  protected changed(...collections: string[]): void {
    this.emit('records', { collections, records: [], more: false, remote: false })
  }

  protected refuse(code: string, message: string, hint: string): never {
    throw new Refusal(code, message, hint)
  }

  State(): dto.State {
    const ready = this.phase === 'ready'
    return {
      phase: this.phase, version: '0.1.0', today, township: '330702009', townshipName: '新狮街道',
      scope: this.township ? '330702009' : villageCode, scopeName: this.township ? '新狮街道' : '沙溪村',
      village: this.township ? '' : villageCode, villageName: this.township ? '' : '沙溪村',
      role: this.township ? 'township' : 'village', roleName: this.township ? '街道干部' : '村干部',
      person: this.township ? '周敏' : '张建国', device: '沙溪村办公室', canWrite: this.ended === null, recovered: null, draft: ready && this.draft !== null, ended: this.ended,
    }
  }
  Join(invitation: string, _device: string, password: string): dto.State {
    if (!invitation.startsWith('gridbook')) throw new Refusal('invitation', '邀请码不对，或已经用过、过期', '请向街道管理员要一个新的邀请码。')
    this.password = password
    this.phase = 'ready'
    return this.State()
  }
  JoinByStick(_handle: string, code: string, _device: string, password: string): dto.State {
    if (code.length < 12) throw new Refusal('not_allowed', '提取码不对', '请照街道给的提取码再输一次。')
    this.password = password
    this.phase = 'ready'
    return this.State()
  }
  Unlock(password: string): dto.State {
    if (password !== this.password) throw new Refusal('password', '密码不对', '请再输一次，注意大小写。忘了密码可请街道帮助恢复。')
    this.phase = 'ready'
    return this.State()
  }
  Recover(key: string, password: string): dto.State {
    if (!key.toUpperCase().startsWith('AGE-SECRET-KEY-')) throw new Refusal('password', '恢复密钥不对', '请向乡镇管理员要这个乡镇的恢复密钥。')
    this.password = password
    this.phase = 'ready'
    return this.State()
  }
  Lock(): dto.State {
    this.phase = 'locked'
    return this.State()
  }
  JoinAnew(invitation: string, device: string, password: string): dto.State {
    const state = this.Join(invitation, device, password)
    this.ended = null
    return { ...state, ended: null }
  }
  Notices(): dto.Notice[] {
    return this.notices
  }
  SeenNotice(id: string): void {
    this.notices = this.notices.map((n) => (id === '' || n.id === id ? { ...n, seen: true } : n))
  }
  ReopenPhotos(anew: boolean): void {
    if (!anew) this.refuse('photos_shut', '照片库打不开', '请看看磁盘是不是坏了，再试一次；文字资料不受影响。')
    this.status = { ...this.status, photosShut: null }
    this.emit('sync', this.status)
  }
  ChangePassword(old: string, fresh: string): void {
    if (old !== this.password) throw new Refusal('password', '现在的密码不对', '请再输一次。')
    this.password = fresh
  }
  Settings(): dto.Settings {
    return this.settings
  }
  SaveSettings(s: dto.Settings): void {
    this.settings = s
  }

  SyncStatus(): dto.SyncStatus {
    return this.status
  }
  SyncNow(): dto.SyncDone {
    if (this.options.offline) throw new Refusal('unreachable', '现在连不上街道', '没有网也能照常录入，有网时会自动上传。')
    this.status = { ...this.status, toSend: 0, byKind: [], verified: { ...this.status.verified, at: Date.parse('2026-11-23T14:06:00') } }
    this.emit('sync', this.status)
    return this.status.last!
  }
  Rejections(): dto.Rejection[] {
    return this.rejections
  }
  RetryRejected(): void {
    this.rejections = []
    this.status = { ...this.status, rejected: 0 }
    this.changed('household')
  }
  ExportRejected(): dto.File {
    return { handle: 'file1', name: '被退回.xlsx' }
  }
}
