import { createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router'
import HomeView from './views/HomeView.vue'
import HouseholdsView from './views/HouseholdsView.vue'
import HouseholdView from './views/HouseholdView.vue'
import VisitFormView from './views/VisitFormView.vue'

/** The screens by their addresses. */
export const routes: RouteRecordRaw[] = [
  { path: '/', component: HomeView },
  { path: '/villages', component: () => import('./views/VillagesView.vue') },
  { path: '/monthly', component: () => import('./views/MonthlyView.vue') },
  { path: '/grids', component: () => import('./views/GridsView.vue') },
  { path: '/grids/:id', component: () => import('./views/GridView.vue'), props: true },
  { path: '/members/:id', component: () => import('./views/MemberView.vue'), props: true },
  { path: '/households', component: HouseholdsView },
  { path: '/households/:id', component: HouseholdView, props: true },
  { path: '/visits', component: () => import('./views/VisitsView.vue') },
  { path: '/visits/new', component: VisitFormView, props: (r) => ({ id: '', household: one(r.query.household) }) },
  { path: '/visits/:id', component: VisitFormView, props: true },
  { path: '/records/:collection', component: () => import('./views/RecordsView.vue'), props: true },
  {
    path: '/records/:collection/new',
    component: () => import('./views/RecordNewView.vue'),
    props: (r) => ({ collection: one(r.params.collection), given: given(r.query) }),
  },
  { path: '/records/:collection/:id', component: () => import('./views/RecordView.vue'), props: true },
  { path: '/checks', component: () => import('./views/CheckView.vue'), props: (r) => ({ household: one(r.query.household) }) },
  { path: '/ledgers', component: () => import('./views/LedgersView.vue') },
  { path: '/import', component: () => import('./views/ImportView.vue') },
  { path: '/doubles', component: () => import('./views/DoublesView.vue'), props: (r) => ({ household: one(r.query.household) }) },
  { path: '/conflicts', component: () => import('./views/ConflictsView.vue') },
  { path: '/inbox', component: () => import('./views/InboxView.vue') },
  { path: '/moved', component: () => import('./views/MovedView.vue') },
  { path: '/sync', component: () => import('./views/SyncView.vue') },
  { path: '/stick', component: () => import('./views/StickView.vue') },
  { path: '/settings', component: () => import('./views/SettingsView.vue') },
  { path: '/:rest(.*)', redirect: '/' },
]

// Hash addresses: the window's asset server and the loopback host both serve
// plain files and know nothing of the screens' addresses.
export const router = createRouter({ history: createWebHashHistory(), routes })

type Param = string | null | undefined | (string | null)[]

function one(value: Param): string {
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** The fields that an address fills in beforehand, as ?household=…&grid=… */
function given(query: Record<string, Param>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).map(([k, v]) => [k, one(v)]))
}
