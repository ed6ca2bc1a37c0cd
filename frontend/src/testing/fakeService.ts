// The service as the screens know it, in memory, for tests and for looking at
// the screens. Each method has the name and arguments of its Go counterpart.
import type * as dto from '@/api/generated'
import { FakeLaptop, Refusal, type FakeOptions } from './fakeLaptop'
import { FakeRecords, type Stored } from './fakeRecords'
import { makeDoubles, makeGrids, makeHouseholds, makeLost, makeMembers, makePeople, makeVisits, today, villageCode } from './fakeData'
import schema from './schema.json'

export { Refusal, type FakeOptions } from './fakeLaptop'

export class FakeService extends FakeLaptop {
  readonly members: dto.MemberRow[]
  readonly households: dto.HouseholdRow[]
  readonly records: FakeRecords
  visits: dto.VisitRow[]
  lost: dto.LostValue[]
  doubles: dto.Double[]
  decided: dto.DoubleDecision[] = []
  /** Every call that arrived, newest last. */
  readonly calls: { method: string; args: unknown[] }[] = []

  constructor(options: FakeOptions = {}) {
    super(options)
    this.members = options.empty ? [] : makeMembers(24)
    this.households = options.empty ? [] : makeHouseholds(options.households ?? 420)
    this.visits = options.empty ? [] : makeVisits(this.households, this.members, 130)
    this.records = new FakeRecords(schema.collections as dto.SchemaCollection[], schema.tables, options.empty ?? false)
    this.lost = options.empty ? [] : makeLost(this.households)
    this.doubles = options.empty ? [] : makeDoubles(this.households)
    this.rejections = options.empty
      ? []
      : [{ collection: 'household', label: '户', id: this.households[9]!.id, title: this.households[9]!.head, code: 'scope', message: '这一户已划到下裴村，沙溪村不能再改', hint: '请和街道核对；确属本村的，请街道改回来后再报。', fields: '联系电话' }]
  }

  async call(method: string, args: unknown[]): Promise<unknown> {
    this.calls.push({ method, args })
    const fn = (this as unknown as Record<string, unknown>)[method]
    if (typeof fn !== 'function') throw new Refusal('usage', `fake: ${method}`, '')
    return (await fn.apply(this, args)) ?? null
  }

  protected saved(id: string, created: dto.RecordKey[] = []): dto.Saved {
    return { id, undo: `undo-${id}`, created }
  }

  private household(id: string): dto.HouseholdRow {
    const h = this.households.find((x) => x.id === id)
    if (!h) throw new Refusal('not_found', '没有找到这条记录', '可能已被删除，请返回刷新一下。')
    return h
  }

  private due(): dto.DueVisit[] {
    return this.households.filter((h) => h.next !== '').map((h, i) => ({
      household: h.id, head: h.head, address: h.address, phone: h.phone, village: h.village, grid: h.gridName, member: h.member,
      due: h.next, over: Math.round((Date.parse(today) - Date.parse(h.next)) / 86_400_000), last: h.last,
      reason: i % 2 ? 'care' : 'promised', text: i % 2 ? '关爱户每月走访' : '上次约好再去',
    }))
  }
  Home(): dto.Home {
    const all = this.due().sort((a, b) => b.over - a.over)
    const due = all.filter((d) => d.over >= 0)
    const matters = this.records.rows('matter').filter((r) => !r.closed)
    return {
      today, due: due.slice(0, 50), dueTotal: due.length, soon: all.filter((d) => d.over < 0 && d.over >= -7), matters, mattersTotal: matters.length,
      recent: this.visits.slice(0, 10), unvisited: this.options.empty ? 0 : 83, conflicts: 1, refused: 1, inbox: this.township ? this.Inbox().open : 0,
      waiting: this.Deposits().rows.filter((d) => !d.decision).length,
      hints: this.options.empty ? [] : [
        { code: 'V1', text: '沙溪第三网格还没有党支部，可由联合党支部覆盖。', collection: 'grid', id: 'grid0000000000000002' },
        { code: 'V3', text: `${this.members[7]!.name}还没有联系户（一般 5 至 10 户）。`, collection: 'member', id: this.members[7]!.id },
      ],
      sync: this.status, loading: false, lost: this.LostValues(),
    }
  }
  Villages(): dto.VillageRow[] {
    const names = ['上金村', '下裴村', '沙溪村', '石门农场', '东屏社区']
    const list = names.map((name, n) => ({
      code: n === 2 ? villageCode : `3307020092${n}1`, name, grids: 2 + n, households: 180 + n * 120, people: 500 + n * 300, members: 20 + n * 9,
      linked: 150 + n * 100, visits30: 40 + n * 11, open: n * 3, conflicts: n === 2 ? 1 : 0,
      uploaded: n === 3 ? 0 : Date.parse('2026-11-23T09:03:00') - n * 86_400_000 * n, devices: n === 3 ? 0 : 1 + (n % 2),
    }))
    return this.township ? list : list.slice(2, 3)
  }
  Grids(): dto.VillageGrids {
    const grids = this.options.empty ? [] : makeGrids(this.members, this.households)
    return {
      code: villageCode, name: '沙溪村', grids, loose: this.households.filter((h) => !h.grid).length, membersLoose: this.options.empty ? 0 : 2,
      branches: grids.flatMap((g) => (g.branch ? [g.branch] : [])), hints: this.Home().hints,
    }
  }
  Grid(id: string): dto.GridPage {
    const grid = this.Grids().grids.find((g) => g.id === id)
    if (!grid) throw new Refusal('not_found', '没有找到这条记录', '可能已被删除，请返回刷新一下。')
    return { grid, record: this.records.view('grid', id, { grid_name: grid.name, grid_code: grid.code, extent: '东至溪边，南至大路，西至后山，北至机耕路。' }), hints: [], open: 4, unlinked: 6, duties: this.duties(this.members[0]!), into: this.into, before: [] }
  }
  Members(): dto.MemberRow[] {
    return this.members
  }
  Member(id: string): dto.MemberPage {
    const member = this.members.find((m) => m.id === id)!
    return {
      member, record: this.records.view('member', id, { name: member.name, phone: member.phone, party_status: 'full' }),
      households: this.households.slice(3, 3 + member.households), matters: this.records.rows('matter').slice(0, 2), hints: [], duties: this.duties(member),
    }
  }

  Households(q: dto.HouseholdQuery, offset: number, limit: number): dto.HouseholdList {
    const found = this.households.filter((h) =>
      (!q.text || h.head.includes(q.text) || h.address.includes(q.text) || h.phone.endsWith(q.text)) &&
      (!q.grid || (q.grid === 'none' ? !h.grid : h.grid === q.grid)) &&
      (q.filter !== 'care' || h.care) && (q.filter !== 'due' || h.next !== '') && (q.filter !== 'unsent' || h.sync === 'to_send'))
    return { total: found.length, offset, rows: found.slice(offset, offset + limit) }
  }
  Search(text: string, limit: number): dto.Hit[] {
    const people = this.members.filter((m) => m.name.includes(text)).map((m) => ({ kind: 'member', id: m.id, household: '', title: m.name, subtitle: m.gridName, phone: m.phone, matched: 'name', village: villageCode }))
    const homes = this.households.filter((h) => h.head.includes(text)).map((h) => ({ kind: 'household', id: h.id, household: h.id, title: h.head, subtitle: h.address, phone: h.phone, matched: 'name', village: villageCode }))
    return [...people, ...homes].slice(0, limit)
  }
  Household(id: string): dto.HouseholdPage {
    const h = this.household(id)
    const people = makePeople(h)
    const disputed = h.conflicts ? this.records.phoneConflict() : null
    if (disputed && people[0]) people[0].conflicts = []
    const record = this.records.view('household', id, { head_name: h.head, address: h.address, phone: h.phone, hamlet: h.hamlet, grid: h.grid }, { grid: h.gridName })
    if (disputed) {
      record.conflicts = 1
      record.fields.find((f) => f.key === 'phone')!.conflict = disputed
    }
    record.rejection = this.rejections.find((r) => r.id === id) ?? null
    const n = Number(id.slice(-6))
    return {
      household: h, record, people,
      links: h.member ? [{ id: `link${id.slice(4)}`, member: this.members[n % 24]!.id, name: h.member, phone: this.members[n % 24]!.phone, basis: '就近', from: '2024-03-01', to: '', sync: 'sent' }] : [],
      care: h.care ? [{ id: `care${id.slice(4)}`, resident: people[0]!.id, name: people[0]!.name, category: '独居老年人', need: '帮忙代买药；雨天看看屋顶', cycle: '关爱户', review: '2027-03-01', sync: 'sent' }] : [],
      open: this.records.rows('matter').slice(0, n % 3),
      visits: this.VisitsOf(id, '', 20), doubles: n === 2 ? 1 : 0, due: this.due().find((d) => d.household === id) ?? null, sync: h.sync,
      moved: this.moved.find((m) => m.household === id) ?? null,
    }
  }
  VisitsOf(household: string, cursor: string, limit: number): dto.VisitPage {
    return this.pageOf(this.visits.filter((v) => v.household === household), cursor, limit)
  }
  Visits(_village: string, cursor: string, limit: number): dto.VisitPage {
    return this.pageOf(this.visits, cursor, limit)
  }
  private pageOf(all: dto.VisitRow[], cursor: string, limit: number): dto.VisitPage {
    const from = Number(cursor || 0)
    return { rows: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : '' }
  }
  VisitForm(id: string): dto.VisitDraft {
    const v = this.visits.find((x) => x.id === id)!
    return { id, date: v.date, mode: 'door', visitor: '', visitorName: v.visitor, companions: v.companions, household: v.household, situation: v.situation, request: v.request, livelihood: '', doneOnSpot: v.done, nextDate: v.next, note: v.note, makeMatter: false, matterCategory: '', savedAt: 0, head: v.head, key: id, seen: {} }
  }
  SaveVisit(v: dto.VisitDraft): dto.Saved {
    if (v.nextDate && v.nextDate < v.date) throw new Refusal('field', `“下次回访”填的是“${v.nextDate}”:早于走访日期`, '请核对后重填。')
    const h = this.household(v.household)
    const mode = (schema.tables.visit_mode.find((c) => c.code === v.mode) ?? { label: '' }).label
    const member = this.members.find((m) => m.id === v.visitor)
    const id = v.id || `visit-new-${this.visits.length}`
    const matter = v.makeMatter ? this.records.add('matter', { no: `沙溪-2026-${this.visits.length}`, content: v.request, date: v.date, category: v.matterCategory || 'L9', state: 'accepted' }) : ''
    this.visits = [
      { id, date: v.date, mode, visitor: member?.name ?? v.visitorName, companions: v.companions, household: v.household, head: h.head, address: h.address, village: villageCode, situation: v.situation, request: v.request, category: '', done: v.doneOnSpot, next: v.nextDate, note: v.note, matter, matterNo: '', sync: 'to_send', conflicts: [] },
      ...this.visits.filter((x) => x.id !== id),
    ]
    this.draft = null
    this.status = { ...this.status, toSend: this.status.toSend + 1 }
    this.changed('visit')
    return this.saved(id, matter ? [{ collection: 'matter', id: matter }] : [])
  }
  SaveDraft(v: dto.VisitDraft): void {
    this.draft = { ...v, savedAt: Date.parse('2026-11-23T14:05:00'), head: this.households.find((h) => h.id === v.household)?.head ?? '' }
  }
  Draft(): dto.VisitDraft | null {
    return this.draft
  }
  DiscardDraft(): void {
    this.draft = null
  }
  LinkSuggestions(): dto.LinkSuggestion[] {
    return this.members.slice(2, 5).map((m, i) => ({ member: m.id, name: m.name, phone: m.phone, basis: 'near', reasons: [['同自然村', '同姓'], ['同一网格'], ['住得近']][i]!, households: m.households }))
  }
  Link(household: string): dto.Saved {
    this.household(household).member = this.members[2]!.name
    this.changed('link')
    return this.saved(household)
  }
  EndLink(id: string): dto.Saved {
    return this.saved(id)
  }

  Schema(): dto.Schema {
    return { collections: schema.collections as dto.SchemaCollection[] }
  }
  CodeTable(name: string): dto.Code[] {
    return (schema.tables as Record<string, dto.Code[]>)[name] ?? []
  }
  Checklists(): dto.Checklist[] {
    return [
      { kind: 'H1', name: '消防', when: '全年；冬春、清明、春节加密', items: ['楼梯、走道、出口堆放杂物或被锁', '电动自行车停在楼梯间、过道或室内充电', '出租房或经营房没有灭火器或已过期'].map((text, i) => ({ id: `H1-0${i + 1}`, text, action: 'fix_now' })) },
      { kind: 'H6', name: '涉水防溺水', when: '暑假', items: ['水塘边没有警示牌', '没有救生杆、救生圈'].map((text, i) => ({ id: `H6-0${i + 1}`, text, action: 'fix_by' })) },
    ]
  }
  Record(collection: string, id: string): dto.RecordView {
    const h = this.households.find((x) => x.id === id)
    if (collection === 'household' && h) return this.Household(id).record
    return this.records.view(collection, id)
  }
  SaveRecord(collection: string, id: string, fields: Stored): dto.Saved {
    const wrong = this.records.refusal(collection, fields)
    if (wrong) throw new Refusal('field', wrong, '请改正后再保存。')
    const own = this.records.save(collection, id, fields)
    this.changed(collection)
    return this.saved(own)
  }
  SaveForm(collection: string, id: string, fields: Stored): dto.Saved {
    return this.SaveRecord(collection, id, fields)
  }
  AddStep(collection: string, id: string, fields: Stored): dto.Saved {
    const step = this.records.add(`${collection}_step`, { ...fields, [collection]: id })
    if (fields.state) this.records.save(collection, id, { state: fields.state })
    this.changed(collection)
    return this.saved(step)
  }
  Delete(collection: string, id: string): dto.Saved {
    this.records.save(collection, id, { deleted: true })
    this.changed(collection)
    return this.saved(id)
  }
  Undo(token: string): dto.Saved {
    this.changed('visit')
    return this.saved(token)
  }
  Reveal(): string {
    return '330702195003071234'
  }
  History(collection: string, id: string): dto.FieldHistory[] {
    return this.records.history(collection, id)
  }
  Records(q: dto.RecordQuery, cursor: string, limit: number): dto.RecordPage {
    const all = this.records.rows(q.collection, q.parent).filter((r) =>
      (q.state !== 'open' || !r.closed) && (q.state !== 'closed' || r.closed) && (q.state !== 'overdue' || r.overdue) && (!q.text || r.title.includes(q.text)))
    const from = Number(cursor || 0)
    return { rows: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : '' }
  }

  Conflicts(): dto.ConflictRow[] {
    const h = this.households.find((x) => x.conflicts > 0)
    return h ? [{ collection: 'household', id: h.id, title: h.head, subtitle: h.address, village: villageCode, household: h.id, fields: [this.records.phoneConflict()] }] : []
  }
  ConflictsOf(): dto.Conflict[] {
    return [this.records.phoneConflict()]
  }
  ResolveTake(_collection: string, id: string): dto.Saved {
    this.household(id).conflicts = 0
    this.status = { ...this.status, conflicts: 0 }
    this.changed('household')
    return this.saved(id)
  }
  ResolveValue(collection: string, id: string): dto.Saved {
    return this.ResolveTake(collection, id)
  }

  ResolveFrom(): dto.Resolved {
    this.ResolveTake('household', 'household00000000003')
    return { records: 1, fields: 1, undo: 'undo-all' }
  }
  LostValues(): dto.LostValue[] {
    return this.lost
  }
  SeenOutcomes(): void {
    this.lost = this.lost.filter((l) => !l.decided)
    this.changed('household')
  }
  Doubles(): dto.Doubles {
    return { total: this.doubles.length, rows: this.doubles, decided: this.decided }
  }
  Merge(keep: string, drop: string): dto.Saved {
    this.doubles = []
    this.decided = [{ id: 'merge-1', collection: 'household', same: true, keep, drop, household: keep, taken: '联系电话', by: '张建国', at: Date.parse('2026-11-23T14:00:00'), canWrite: true }]
    this.changed('merge')
    return this.saved('merge-1')
  }
  NotSame(): dto.Saved {
    this.doubles = []
    this.changed('merge')
    return this.saved('merge-1')
  }
  Unmerge(id: string): dto.Saved {
    this.decided = []
    this.changed('merge')
    return this.saved(id)
  }

  ImportKinds(): dto.ImportKind[] {
    return [['households', '住户花名册'], ['grids', '网格一览表'], ['members', '红色网格员花名册'], ['links', '联系户一览表'], ['visits', '走访记录']].map(([kind, label]) => ({ kind: kind!, label: label! }))
  }
  ImportPreview(kind: string, upload: string): dto.ImportReport {
    return {
      kind, file: upload, rows: 418, created: { household: 112, resident: 402 }, updated: { household: 3 }, unchanged: 9, dryRun: true, notes: ['第 3 至 5 行的合并单元格已按上面一格补齐。'], undo: '',
      refused: [
        { sheet: '花名册', cell: 'F17', row: 17, column: '公民身份号码', value: '3.30702E+17', code: 'number', message: '表格把号码存成了数字，后三位已经丢了。请把这一列设成“文本”，再补上号码。' },
        { sheet: '花名册', cell: 'E203', row: 203, column: '出生日期', value: '1962年13月', code: 'date', message: '没有 13 月。请写成 1962-08 这样。' },
      ],
      aside: [{ sheet: '花名册', cell: 'F88', row: 88, column: '公民身份号码', value: '330702196208151235', code: 'check_digit', message: '最后一位校验码不对，请对着身份证核一下。' }],
    }
  }
  Import(kind: string, upload: string): dto.ImportReport {
    this.changed('household')
    return { ...this.ImportPreview(kind, upload), dryRun: false, undo: 'undo-import' }
  }
  Export(): dto.File {
    return { handle: 'file2', name: '台账.xlsx' }
  }
  Backup(): dto.File {
    return { handle: 'file3', name: '网格簿备份-2026-11-23.gridbak' }
  }
  Due(): dto.DueVisit[] {
    return this.due()
  }
  Monthly(month: string): dto.MonthlyRow[] {
    return this.Villages().map((v, n) => ({ village: v.code, name: v.name, grids: v.grids, grids_with_branch: v.grids - 1, members: v.members, members_in_grid: v.members - 2, households: v.households, linked: v.linked, due: 30, visited: 21 + n, visits: 40 + Number(month.slice(-2)), care_due: 12, care_visited: 10, matters: 9, closed_village: 6, closed_town: 1, referred: 0, closed: 7, on_time: 6, overdue: 1, disputes: 2, disputes_settled: 2, hazards: 4, hazards_fixed: 3, rated: 5, satisfied: 5 }))
  }
}
