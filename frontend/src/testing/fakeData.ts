// A village that does not exist, for tests and for looking at the screens.
// Not part of what is built.
import type { Double, GridRow, HouseholdRow, LostValue, MemberRow, ResidentRow, SyncStatus, VisitRow } from '@/api'
import { addDays } from '@/composables/days'

export const today = '2026-11-23'
export const villageCode = '330702009203'

const surnames = [...'张王李陈刘黄吴徐方胡叶楼金何郑']
const given = ['建国', '秀英', '国强', '美华', '志明', '玉兰', '小红', '春生', '阿根', '桂花', '文斌', '晓燕', '德海', '彩仙', '永福']
const residences = ['常住', '常住', '常住', '外出', '租住', '空户', '人户分离']

function pick<T>(list: T[], n: number): T {
  return list[n % list.length]!
}

function id(kind: string, n: number): string {
  return `${kind}${String(n).padStart(20 - kind.length, '0')}`
}

export function personName(n: number): string {
  return pick(surnames, n * 7) + pick(given, n * 5 + Math.floor(n / 15))
}

function phone(n: number): string {
  return `1380579${String(1000 + ((n * 37) % 9000))}`
}

export function makeMembers(count: number): MemberRow[] {
  return Array.from({ length: count }, (_, n) => ({
    id: id('member', n),
    name: personName(n + 500),
    phone: phone(n + 500),
    grid: id('grid', n % 3),
    gridName: `沙溪第${pick(['一', '二', '三'], n)}网格`,
    branch: '沙溪村党支部',
    roles: n < 3 ? ['网格长'] : n < 6 ? ['专职网格员', '红色网格员'] : ['红色网格员'],
    households: n === 7 ? 0 : 5 + (n % 5),
    mobile: n === 7,
    exempt: n === 11,
    sync: n === 4 ? 'to_send' : 'sent',
    conflicts: 0,
  }))
}

export function makeHouseholds(count: number): HouseholdRow[] {
  return Array.from({ length: count }, (_, n) => ({
    id: id('household', n),
    no: String(n + 1).padStart(3, '0'),
    head: n === 12 ? '欧阳阿里木江·买买提（暂住）' : personName(n),
    address:
      n === 12
        ? '浙江省金华市婺城区新狮街道沙溪村后山自然村新建路东侧第三排二十八号附近租用民房二楼'
        : `沙溪村${pick(['前山', '后山', '溪边', '大路'], n)}${Math.floor(n / 4) + 1}号`,
    hamlet: pick(['前山', '后山', '溪边', '大路'], n),
    phone: n % 9 === 8 ? '' : phone(n),
    village: villageCode,
    grid: n % 40 === 39 ? '' : id('grid', n % 3),
    gridName: n % 40 === 39 ? '' : `沙溪第${pick(['一', '二', '三'], n)}网格`,
    people: 1 + (n % 5),
    residence: pick(residences, n),
    care: n % 11 === 3,
    member: n % 13 === 5 ? '' : personName(500 + (n % 24)),
    last: n % 8 === 6 ? '' : addDays(today, -((n * 13) % 300)),
    next: n % 8 === 2 ? addDays(today, (n % 20) - 10) : '',
    sync: n % 17 === 4 ? 'to_send' : n === 9 ? 'refused' : 'sent',
    conflicts: n === 3 ? 1 : 0,
  }))
}

export function makePeople(h: HouseholdRow): ResidentRow[] {
  const n = Number(h.id.slice(-6))
  return Array.from({ length: h.people }, (_, i) => ({
    id: id('person', n * 10 + i),
    name: i === 0 ? h.head : personName(n + i * 31),
    sex: i % 2 ? '女' : '男',
    relation: pick(['户主', '妻', '子', '女', '母'], i),
    birth: `${1950 + ((n * 3 + i * 9) % 65)}-0${1 + (n % 9)}-1${i}`,
    age: 2026 - (1950 + ((n * 3 + i * 9) % 65)),
    phone: i === 0 ? h.phone : '',
    residence: i === 2 ? '外出' : '常住',
    idNo: i < 2 ? '330702********1234' : '',
    note: i === 2 ? '在杭州打工，过年回来' : '',
    care: h.care && i === 0,
    sync: 'sent',
    conflicts: [],
  }))
}

const situations = [
  '老人身体还好，血压药按时吃。儿子在义乌，每月回来一次。',
  '家里新添了孙子，媳妇在家带孩子。',
  '房子后墙有点漏水，下雨天要接盆。',
  '夫妻俩都在园区上班，晚上七点后在家。',
]

export function makeVisits(households: HouseholdRow[], members: MemberRow[], count: number): VisitRow[] {
  return Array.from({ length: count }, (_, n) => {
    const h = pick(households, n * 17)
    const asks = n % 4 === 1
    return {
      id: id('visit', n),
      date: addDays(today, -n),
      mode: pick(['上门', '电话', '上门', '路遇或到访', '未遇（无人在家）'], n),
      visitor: pick(members, n * 3).name,
      companions: n % 5 === 0 ? pick(members, n + 1).name : '',
      household: h.id,
      head: h.head,
      address: h.address,
      village: villageCode,
      situation: pick(situations, n),
      request: asks ? '门口路灯坏了半个月，晚上老人出门看不见，想请村里修一修。' : '',
      category: asks ? '安全' : '',
      done: asks ? '已记下，当天告诉村电工。' : '',
      next: n % 6 === 1 ? addDays(today, 14 - n) : '',
      note: '',
      matter: asks ? id('matter', n) : '',
      matterNo: asks ? `沙溪-2026-${String(n).padStart(3, '0')}` : '',
      sync: n < 3 ? 'to_send' : 'sent',
      conflicts: [],
    }
  })
}

export function makeGrids(members: MemberRow[], households: HouseholdRow[]): GridRow[] {
  return [0, 1, 2].map((n) => {
    const own = households.filter((h) => h.grid === id('grid', n))
    const contact = (m: MemberRow) => ({ member: m.id, name: m.name, phone: m.phone })
    return {
      id: id('grid', n),
      village: villageCode,
      code: `${villageCode}00${n + 1}`,
      name: `沙溪第${pick(['一', '二', '三'], n)}网格`,
      branch:
        n === 2
          ? null
          : {
              id: id('branch', n),
              name: `沙溪村第${pick(['一', '二'], n)}网格党支部`,
              kind: '网格党支部',
              joint: false,
              secretary: contact(members[n]!),
              members: 8,
            },
      instructor: [{ member: '', name: '周敏（驻村干部）', phone: '13905791234' }],
      leader: [contact(members[n]!)],
      fulltime: [contact(members[n + 3]!)],
      parttime: [],
      members: members.filter((m) => m.grid === id('grid', n)),
      micro: [0, 1].map((k) => ({
        id: id('micro', n * 2 + k),
        name: `沙溪${n + 1}-${k + 1}微网格`,
        leader: [contact(members[n + 6 + k]!)],
        households: Math.round(own.length / 2),
      })),
      households: own.length,
      people: own.reduce((s, h) => s + h.people, 0),
      linked: own.filter((h) => h.member !== '').length,
      visited: own.filter((h) => h.last >= '2026-11-01').length,
      sync: 'sent',
      conflicts: 0,
    }
  })
}

export function makeLost(households: HouseholdRow[]): LostValue[] {
  const h = households.at(-1)!
  const at = Date.parse('2026-11-22T16:40:00')
  return [
    { collection: 'household', id: h.id, title: h.head, household: h.id, field: 'address', label: '地址', mine: '前山6号', shown: '前山6-1号', by: '周敏', device: '街道电脑', at, decided: true, taken: false },
  ]
}

export function makeDoubles(households: HouseholdRow[]): Double[] {
  const side = (h: HouseholdRow, visits: number) => ({
    id: h.id, title: h.head, subtitle: h.address, village: h.village, household: h.id, people: h.people, visits,
    created: Date.parse('2026-03-01T09:00:00'), changed: Date.parse('2026-10-01T09:00:00'), by: '张建国', sync: 'sent' as const,
  })
  const [a, b] = [households[2]!, households.at(-2)!]
  return [
    {
      collection: 'household', why: ['户主同名', '门牌相近', '有一人证件号码相同'], a: side(a, 5), b: side({ ...b, head: a.head }, 1), also: [a.head], canWrite: true,
      fields: [
        { key: 'address', label: '地址', a: a.address, b: b.address, differs: true },
        { key: 'phone', label: '联系电话', a: '', b: b.phone, differs: false },
      ],
    },
  ]
}

export function makeStatus(offline: boolean, empty: boolean, rejected: number): SyncStatus {
  return {
    phase: offline ? 'offline' : 'idle',
    toSend: empty ? 0 : 27,
    photosShut: null,
    sent: 1432,
    rejected: rejected,
    sticks: empty ? 0 : 1,
    conflicts: empty ? 0 : 1,
    verified: { equal: true, records: 3127, at: Date.parse('2026-11-23T09:03:00') },
    done: 0,
    total: 0,
    nextTry: Date.parse('2026-11-23T14:20:00'),
    lastSync: Date.parse('2026-11-23T09:03:00'),
    problem: null,
    clock: null,
    photosToSend: 0,
    photosMissing: 0,
    photosRefused: 0,
    photosMoving: false,
    last: { exchanges: 1, bytes_up: 11_840, bytes_down: 2_310, wire_up: 12_400, wire_down: 2_800, sent: 200, received: 14, rejected: 1, conflicts: 1, verified: { equal: true, records: 3127, at: 1 }, epoch: 1, ms: 1800, photos_up: 0, photos_down: 0, photos_problem: null },
    byKind: empty ? [] : [{ collection: 'visit', label: '走访记录', toSend: 3, rejected: 0 }, { collection: 'household', label: '户', toSend: 24, rejected: 1 }],
  }
}
