// Records of any kind, kept as plain fields, for the fake service.
import type * as dto from '@/api/generated'
import { today } from './fakeData'

export type Stored = Record<string, unknown>

export class FakeRecords {
  private readonly all = new Map<string, Map<string, Stored>>()

  constructor(
    private readonly collections: dto.SchemaCollection[],
    private readonly tables: Record<string, dto.Code[]>,
    empty: boolean,
  ) {
    if (!empty) this.fill()
  }

  private fill(): void {
    const words = ['门口路灯坏了半个月，晚上老人出门看不见。', '后山水渠堵了，下雨就往地里灌。', '想给母亲办高龄补贴，不知道要带什么材料。', '隔壁装修堆沙子占了路。']
    for (let n = 0; n < 7; n++) {
      const closed = n > 4
      this.add('matter', { no: `沙溪-2026-${String(n + 1).padStart(3, '0')}`, date: `2026-11-${String(20 - n).padStart(2, '0')}`, content: words[n % 4], category: ['L6', 'L7', 'L4'][n % 3], state: closed ? 'resolved' : n % 2 ? 'handling' : 'accepted', deadline: n === 0 ? '2026-11-18' : '2026-12-01', handler: '村委会', level: 'village', ...(closed ? { closed: '2026-11-20' } : {}) })
    }
    this.add('matter_step', { matter: 'matter-1', date: '2026-11-20', state: 'accepted', content: '村里受理，交给村电工老楼去看。', by: '张建国', handler: '村电工' })
    this.add('dispute', { no: '沙纠-01', date: '2026-11-02', party_a: '胡志明', party_b: '叶阿根', kind: 'D02', facts: '两家为门前排水沟归谁清理争了几次。', state: 'mediating', risk: 'yellow' })
    this.add('hazard', { date: '2026-11-10', place: '后山出租房二楼', kind: 'H1', content: '电动自行车停在过道充电', grade: 'fix_now', state: 'open', deadline: '2026-11-12' })
    this.add('activity', { date: '2026-11-05', kind: 'theme_day', title: '主题党日：清理溪边垃圾', place: '溪边', expected: 24, present: 21 })
  }

  private schema(collection: string): dto.SchemaCollection {
    return this.collections.find((c) => c.key === collection)!
  }

  private kept(collection: string): Map<string, Stored> {
    const m = this.all.get(collection) ?? new Map<string, Stored>()
    this.all.set(collection, m)
    return m
  }

  add(collection: string, fields: Stored): string {
    const id = `${collection}-${this.kept(collection).size + 1}`
    this.kept(collection).set(id, fields)
    return id
  }

  save(collection: string, id: string, fields: Stored): string {
    if (!id) return this.add(collection, fields)
    this.kept(collection).set(id, { ...this.kept(collection).get(id), ...fields })
    return id
  }

  /** What the ledger would say of a field, for one kind of mistake. */
  refusal(collection: string, fields: Stored): string {
    for (const f of this.schema(collection).fields) {
      const v = fields[f.key]
      if (f.type === 'phone' && typeof v === 'string' && !/^[\d、 -]{3,}$/.test(v)) return `“${f.label}”填的是“${v}”:不像电话号码`
    }
    return ''
  }

  private words(f: dto.SchemaField, value: unknown): string {
    if (value == null) return ''
    if (f.table) return this.tables[f.table]?.find((c) => c.code === value)?.label ?? String(value)
    if (f.type === 'bool') return value ? '是' : '否'
    return String(value)
  }

  view(collection: string, id: string, given: Stored = {}, shown: Record<string, string> = {}): dto.RecordView {
    const c = this.schema(collection)
    const stored: Stored = { ...given, ...this.kept(collection).get(id) }
    return {
      collection,
      id,
      title: this.title(collection, stored) || (shown.title ?? ''),
      village: '330702009203',
      deleted: stored.deleted === true,
      fields: c.fields.map((f) => ({
        key: f.key,
        label: f.label,
        value: f.type === 'id_number' ? null : (stored[f.key] ?? null),
        text: f.type === 'id_number' ? '330702********1234' : (shown[f.key] ?? this.words(f, stored[f.key])),
        masked: f.type === 'id_number',
        conflict: null,
      })),
      sync: 'to_send',
      rejection: null,
      conflicts: 0,
      created: Date.parse('2026-03-01T09:00:00'),
      changed: id ? Date.parse('2026-11-20T16:20:00') : 0,
      by: '张建国',
      canWrite: true,
    }
  }

  private title(collection: string, s: Stored): string {
    for (const key of ['title', 'content', 'facts', 'name', 'head_name', 'grid_name', 'place', 'no']) if (typeof s[key] === 'string') return s[key]
    return collection
  }

  rows(collection: string, parent = ''): dto.RecordRow[] {
    const c = this.schema(collection)
    const state = c.fields.find((f) => f.key === 'state')
    return [...this.kept(collection)]
      .filter(([, s]) => s.deleted !== true && (!parent || Object.values(s).includes(parent)))
      .map(([id, s], n) => {
        const closed = s.closed != null || ['fixed', 'rechecked', 'performed'].includes(String(s.state))
        const deadline = typeof s.deadline === 'string' ? s.deadline : ''
        return {
          collection, id, title: this.title(collection, s), subtitle: typeof s.handler === 'string' ? s.handler : '', date: typeof s.date === 'string' ? s.date : '',
          deadline, overdue: !closed && deadline !== '' && deadline < today, closed, state: state ? this.words(state, s.state) : '', village: '330702009203', grid: '沙溪第一网格', household: '',
          sync: n === 0 ? 'to_send' : 'sent', conflicts: 0,
        }
      })
  }

  history(collection: string, id: string): dto.FieldHistory[] {
    return this.view(collection, id)
      .fields.filter((f) => f.text)
      .slice(0, 4)
      .map((f) => ({ key: f.key, label: f.label, heads: [{ n: 1, value: f.value, text: f.text, stamp: `s-${f.key}`, at: Date.parse('2026-11-20T16:20:00'), received: 0, by: '张建国', device: '沙溪村办公室', own: true, shown: true, replica: 1 }] }))
  }

  phoneConflict(): dto.Conflict {
    const at = Date.parse('2026-11-21T10:12:00')
    return {
      key: 'phone', label: '联系电话', lostOwn: true,
      heads: [
        { n: 1, value: '13805791111', text: '13805791111', stamp: 'a', at, received: 0, by: '张建国', device: '沙溪村办公室', own: true, shown: false, replica: 1 },
        { n: 2, value: '13805792222', text: '13805792222', stamp: 'b', at: at + 7_200_000, received: at + 90_000_000, by: '陈美华', device: '陈美华的笔记本', own: false, shown: true, replica: 2 },
      ],
    }
  }
}
