package service

import (
	"cmp"
	"slices"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// villages lists the villages that this laptop covers.
func (r reader) villages() []string {
	if v := r.me.Village(); v != "" {
		return []string{v}
	}
	seen := map[string]bool{}
	for _, v := range r.roster.Villages {
		seen[v.Code] = true
	}
	for _, g := range r.roster.Grids {
		seen[g.Village] = true
	}
	for _, h := range r.roster.Households {
		seen[h.Village] = true
	}
	if len(r.roster.Villages) == 0 {
		for _, d := range ledger.Below(r.me.Township) {
			seen[d.Code] = true
		}
	}
	var out []string
	for code := range seen {
		if ledger.IsVillage(code) {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return out
}

// villageRows counts what there is in each village, in one pass.
func (r reader) villageRows() ([]VillageRow, error) {
	today := r.today()
	rows := map[string]*VillageRow{}
	var out []VillageRow
	codes := r.villages()
	for _, code := range codes {
		rows[code] = &VillageRow{Code: code, Name: r.placeName(code)}
	}
	count := func(code string, f func(*VillageRow)) {
		if row, ok := rows[code]; ok {
			f(row)
		}
	}
	for _, g := range r.gridsOf("") {
		count(g.Village, func(v *VillageRow) { v.Grids++ })
	}
	for _, m := range r.membersOf("") {
		count(m.Village, func(v *VillageRow) { v.Members++ })
	}
	for _, h := range r.roster.Households {
		count(h.Village, func(v *VillageRow) {
			v.Households++
			v.People += r.peopleIn(h)
			v.Visits30 += r.derived.visitsBetween(h.ID, today-29, today)
			if r.isLinked(h.ID, today) {
				v.Linked++
			}
		})
	}
	for k := range r.derived.open {
		count(r.placeOfOpen(k), func(v *VillageRow) { v.Open++ })
	}
	for k := range r.derived.conflicts {
		rec, err := r.tx.Get(k)
		if err != nil {
			return nil, err
		}
		if rec != nil {
			count(r.home(rec), func(v *VillageRow) { v.Conflicts++ })
		}
	}
	for code, up := range r.uploads() {
		count(code, func(v *VillageRow) { v.Uploaded, v.Devices = up.at, up.devices })
	}
	for _, code := range codes {
		out = append(out, *rows[code])
	}
	return out, nil
}

// placeOfOpen is the village of an open matter, dispute or hazard.
func (r reader) placeOfOpen(k syncproto.Key) string {
	note := r.derived.open[k]
	if h, ok := r.roster.Households[r.roster.Resolve(note.household)]; ok {
		return h.Village
	}
	if g, ok := r.roster.Grids[note.grid]; ok {
		return g.Village
	}
	return note.village
}

// peopleIn counts the people of a household: those in the roster, else the
// number that the household's own record gives.
func (b *Book) peopleIn(h *roster.Household) int {
	if n := len(b.roster.PeopleOf(h.ID)); n > 0 {
		return n
	}
	return h.Size
}

// tree returns a village with its grids.
func (r reader) tree(village string) VillageGrids {
	out := VillageGrids{Code: village, Name: r.placeName(village), Hints: r.hints(village)}
	counts := r.countByGrid()
	for _, g := range r.gridsOf(village) {
		out.Grids = append(out.Grids, r.gridRow(g, counts))
	}
	for _, h := range r.roster.Households {
		if _, in := r.roster.Grids[h.Grid]; h.Village == village && !in {
			out.Loose++
		}
	}
	for _, m := range r.membersOf(village) {
		if _, in := r.roster.Grids[m.Grid]; !in {
			out.MembersLoose++
		}
	}
	for _, b := range r.roster.Branches {
		if b.Village == village && roster.Now(0, b.To, r.today()) {
			out.Branches = append(out.Branches, r.branchRow(b))
		}
	}
	slices.SortFunc(out.Branches, func(a, b BranchRow) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// gridCount is what there is in a grid.
type gridCount struct{ households, people, linked, visited int }

// countByGrid counts all grids, and micro-grids, in one pass.
func (r reader) countByGrid() map[syncproto.ID]gridCount {
	today := r.today()
	month := monthStart(today)
	out := map[syncproto.ID]gridCount{}
	for _, h := range r.roster.Households {
		for _, id := range [...]syncproto.ID{h.Grid, h.Micro} {
			if id.IsZero() {
				continue
			}
			c := out[id]
			c.households++
			c.people += r.peopleIn(h)
			if r.isLinked(h.ID, today) {
				c.linked++
			}
			if r.derived.visitsBetween(h.ID, month, today) > 0 {
				c.visited++
			}
			out[id] = c
		}
	}
	return out
}

func (r reader) gridRow(g *roster.Grid, counts map[syncproto.ID]gridCount) GridRow {
	n := counts[g.ID]
	k := syncproto.Key{Collection: ledger.Grid, ID: g.ID}
	out := GridRow{
		ID: g.ID.String(), Village: g.Village, Code: g.Code, Name: g.Name,
		Instructor: r.holders(g.ID, "instructor", g.Instructor), Leader: r.holders(g.ID, "leader", g.Leader),
		Fulltime: r.holders(g.ID, "fulltime", g.Fulltime), Parttime: r.holders(g.ID, "parttime", g.Parttime),
		Households: n.households, People: n.people, Linked: n.linked, Visited: n.visited,
		Sync: r.state(k), Conflicts: r.derived.conflicts[k],
	}
	if b := r.branchOf(g); b != nil {
		row := r.branchRow(b)
		out.Branch = &row
	}
	for _, m := range r.membersOf(g.Village) {
		if m.Grid == g.ID {
			out.Members = append(out.Members, r.memberRow(m))
		}
	}
	for _, m := range r.roster.Micros {
		if m.Grid == g.ID {
			out.Micro = append(out.Micro, MicroRow{
				ID: m.ID.String(), Name: m.Name, Leader: r.holders(m.ID, "micro_leader", m.Leader), Households: counts[m.ID].households,
			})
		}
	}
	slices.SortFunc(out.Micro, func(a, b MicroRow) int { return cmp.Or(roster.Natural(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// holders names who holds a role in a grid or micro-grid now: by dated roles,
// else as the grid's own record says.
func (r reader) holders(place syncproto.ID, role, named string) []Contact {
	today := r.today()
	var out []Contact
	for _, one := range r.roster.Roles {
		if one.Role == role && (r.roster.GridFor(one.Grid) == place || one.Micro == place) && roster.Now(one.From, one.To, today) {
			out = append(out, r.contact(one.Member, one.Name, one.Phone))
		}
	}
	slices.SortFunc(out, func(a, b Contact) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Member, b.Member)) })
	out = slices.CompactFunc(out, func(a, b Contact) bool { return a.Name == b.Name })
	if len(out) > 0 {
		return out
	}
	for _, name := range namesIn(named) {
		out = append(out, r.contactNamed(name))
	}
	return out
}

func (r reader) contact(member syncproto.ID, name, phone string) Contact {
	if m, ok := r.roster.Members[r.roster.Resolve(member)]; ok {
		return Contact{Member: member.String(), Name: m.Name, Phone: firstOf(phone, m.Phone)}
	}
	return Contact{Name: name, Phone: phone}
}

// contactNamed finds a member by name if there is only one of that name.
func (r reader) contactNamed(name string) Contact {
	out := Contact{Name: name}
	for _, m := range r.roster.Members {
		if m.Name != name {
			continue
		}
		if out.Member != "" {
			return Contact{Name: name}
		}
		out = Contact{Member: m.ID.String(), Name: name, Phone: m.Phone}
	}
	return out
}

func (r reader) branchRow(b *roster.Branch) BranchRow {
	out := BranchRow{ID: b.ID.String(), Name: b.Name, Kind: ledger.MustTable("branch_kind").Label(b.Kind), Joint: b.Kind == "joint"}
	if names := namesIn(b.Secretary); len(names) > 0 {
		out.Secretary = r.contactNamed(names[0])
		out.Secretary.Phone = firstOf(b.Phone, out.Secretary.Phone)
	}
	for _, m := range r.roster.Members {
		if m.Branch == b.ID {
			out.Members++
		}
	}
	return out
}

func (r reader) memberRow(m *roster.Member) MemberRow {
	k := syncproto.Key{Collection: ledger.Member, ID: m.ID}
	out := MemberRow{
		ID: m.ID.String(), Name: m.Name, Phone: m.Phone, Grid: idText(m.Grid), GridName: r.nameOf("grid", m.Grid),
		Branch: r.nameOf("branch", m.Branch), Households: r.linkCount(m.ID, r.today()),
		Mobile: m.Mobile || m.Status == "out_mobile", Exempt: m.Exempt || m.Status == "exempt",
		Sync: r.state(k), Conflicts: r.derived.conflicts[k],
	}
	for _, one := range r.roster.Roles {
		if r.roster.Resolve(one.Member) == m.ID && roster.Now(one.From, one.To, r.today()) {
			out.Roles = append(out.Roles, ledger.MustTable("role").Label(one.Role))
		}
	}
	slices.Sort(out.Roles)
	out.Roles = slices.Compact(out.Roles)
	return out
}
