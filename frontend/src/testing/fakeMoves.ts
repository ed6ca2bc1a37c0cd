// The part of the fake service that moves households, changes grids and duties,
// and has the township's inbox.
import type * as dto from '@/api/generated'
import { today } from './fakeData'
import { FakeSticks } from './fakeSticks'

export abstract class FakeMoves extends FakeSticks {
  moved: dto.Moved[] = []
  into: dto.GridKin | null = null
  late: dto.InboxItem[] = makeInbox()
  deposits: dto.Deposit[] = makeDeposits()
  abstract readonly households: dto.HouseholdRow[]
  abstract readonly members: dto.MemberRow[]
  protected abstract changed(...collections: string[]): void
  protected abstract saved(id: string, created?: dto.RecordKey[]): dto.Saved

  TownVillages(): dto.Code[] {
    return [['330702009203', '沙溪村'], ['330702009204', '下裴村'], ['330702009205', '上金村']].map(([code, label]) => ({ code: code!, label: label! }))
  }
  MovePlan(to: dto.MoveTo): dto.Plan {
    const h = this.households.find((x) => x.id === to.household)!
    const where = to.village ? '下裴村' : '沙溪第二网格'
    return {
      text: `${h.head}户 ${h.people} 人、走访 12 条、诉求 2 件将随户转到${where}。`,
      lines: [`${h.member || '张建国'}不再联系这一户，到今天为止；以前的联系记录都保留。`, ...(to.village ? ['上报以后，这一户就不在这台电脑里了，归下裴村管。上报之前可以撤销。'] : [])],
      follow: [{ collection: 'visit', label: '走访记录', count: 12 }, { collection: 'matter', label: '民情事项', count: 2 }],
    }
  }
  Move(to: dto.MoveTo): dto.Saved {
    const h = this.households.find((x) => x.id === to.household)!
    if (to.village) this.moved = [{ household: h.id, text: `${h.head}户转到下裴村`, by: '张建国', at: Date.parse(`${today}T14:00:00`), unsent: true }]
    else h.grid = to.grid
    this.changed('household')
    return this.saved(to.household)
  }
  MoveBack(household: string): dto.Saved {
    this.moved = []
    this.changed('household')
    return this.saved(household)
  }
  MovedAway(): dto.Moved[] {
    return this.moved
  }

  SplitPlan(s: dto.GridSplit): dto.Plan {
    return { text: `从沙溪第一网格拆出${s.name}：${s.households.length} 户、${s.households.length * 3} 人、党员 ${s.members.length} 名。`, lines: ['有 3 条联系关系跨了两个网格，先不变。', '以前的走访、办结的事还在沙溪第一网格名下，照样查得到。'], follow: [] }
  }
  SplitGrid(s: dto.GridSplit): dto.Saved {
    this.changed('grid', 'household')
    return this.saved(s.grid)
  }
  MergePlan(): dto.Plan {
    return { text: '沙溪第一网格并入沙溪第二网格：140 户、420 人、党员 8 名、微网格 2 个一起转入。', lines: ['到今天为止，记录保留：张建国（网格长）', '以前的记录都在。别的电脑再写到沙溪第一网格的，自动算在沙溪第二网格。'], follow: [] }
  }
  MergeGrid(m: dto.GridMerge): dto.Saved {
    this.changed('grid', 'household')
    return this.saved(m.grid)
  }
  DutyPlan(d: dto.DutyChange): dto.Plan {
    const to = this.members.find((m) => m.id === d.handTo)
    return { text: '职责变动，今天起：', lines: [...d.end.map(() => '不再担任沙溪第一网格网格长，以前的记录保留。'), ...(to ? [`联系的 ${d.households.length || 8} 户交给${to.name}，交接的日期写在记录里。`] : [])], follow: [] }
  }
  ChangeDuties(d: dto.DutyChange): dto.Saved {
    this.changed('role', 'link')
    return this.saved(d.member)
  }
  protected duties(m: dto.MemberRow): dto.DutyRow[] {
    return [
      ...m.roles.map((role, i) => ({ id: `role-${m.id}-${i}`, member: m.id, name: m.name, role, code: 'leader', place: m.gridName, from: '2024-03-01', to: '', current: true })),
      { id: `role-${m.id}-old`, member: m.id, name: m.name, role: '兼职网格员', code: 'parttime', place: m.gridName, from: '2021-01-01', to: '2024-03-01', current: false },
    ]
  }

  SaveCheck(sheet: dto.CheckSheet): dto.Saved {
    this.changed('checklist_answer', 'hazard')
    return this.saved('sheet1', sheet.present.map((id) => ({ collection: 'hazard', id: `hazard-${id}` })))
  }

  Inbox(): dto.Inbox {
    const rank = (i: dto.InboxItem) => (i.decision ? 2 : i.held ? 0 : 1)
    const rows = [...this.late].sort((a, b) => rank(a) - rank(b))
    return { open: this.late.filter((i) => !i.decision).length, total: rows.length, rows }
  }
  Deposits(limit = 50): dto.DepositPage {
    return { total: this.deposits.length, rows: this.deposits.slice(0, limit || 50) }
  }
  DecideInbox(id: string, decision: string, version: string): dto.Saved {
    if (this.late.find((i) => i.id === id)?.version !== version) {
      this.refuse('not_found', '这一件在您看的时候又有了变化，刚才点的没有算', '现在显示的是新的内容，请再看一遍再决定。')
    }
    const at = Date.parse(`${today}T15:00:00`)
    this.late = this.late.map((i) => (i.id === id ? { ...i, decision, by: '周敏', at, sync: 'to_send', version: `${version}.${decision}` } : i))
    this.changed('inbox')
    return this.saved(id)
  }
  /** More comes for an item; the screen may not have heard of it yet. */
  grow(id: string, phone: string, told = true): void {
    this.late = this.late.map((i) => (i.id === id ? { ...i, version: `${id}.2`, fields: i.fields.map((f) => (f.key === 'phone' ? { ...f, came: phone } : f)) } : i))
    if (told) this.changed('inbox')
  }
}

function makeInbox(): dto.InboxItem[] {
  const shared = { label: '户', collection: 'household', village: '沙溪村', person: '刘秀', device: '沙溪村办公室', received: Date.parse(`${today}T09:12:00`), closed: false, decision: '', by: '', at: 0, sync: 'sent' as const, canWrite: true }
  return [
    { ...shared, id: 'inbox1', version: 'inbox1.1', held: true, record: 'household00000000000002', household: 'household00000000000002', title: '张国强', here: true, reason: '写的人已不再负责这里', fields: [{ key: 'phone', label: '联系电话', came: '13905791111', now: '13805791074', differs: true }, { key: 'address', label: '地址', came: '沙溪村溪边1号', now: '沙溪村溪边1号', differs: false }] },
    { ...shared, id: 'inbox2', version: 'inbox2.1', held: false, label: '走访记录', collection: 'visit', record: 'visit000000000000001', household: 'household00000000000017', title: '吴文斌 2026-11-20', here: true, reason: '写的时候,这条记录已转到别的村', fields: [{ key: 'situation', label: '家庭近况', came: '老人身体还好，血压药按时吃。', now: '老人身体还好，血压药按时吃。', differs: false }] },
    { ...shared, id: 'inbox3', version: 'inbox3.1', held: true, label: '居民证件号码', collection: 'resident_private', record: 'person00000000000011', household: '', title: '居民证件号码', here: false, reason: '写的人已不再负责这里', closed: true, fields: [] },
  ]
}

export function makeDeposits(): dto.Deposit[] {
  const shared = { reason: '写的人已不再负责这里', received: Date.parse(`${today}T09:12:00`), decision: '', by: '', at: 0 }
  return [
    { ...shared, id: 'deposit1', label: '走访记录', written: Date.parse(`${today}T08:30:00`) },
    { ...shared, id: 'deposit2', label: '户', written: Date.parse(`${today}T08:41:00`), decision: 'take', by: '周敏', at: Date.parse(`${today}T15:00:00`) },
  ]
}
