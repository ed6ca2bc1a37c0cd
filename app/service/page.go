package service

import (
	"cmp"
	"slices"

	"gridbook/app/boltstore"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// firstVisits are shown with a household's page.
const firstVisits = 20

// page is all about a household but its older logs.
func (r reader) page(id syncproto.ID) (HouseholdPage, error) {
	id = r.roster.Resolve(id) // what was merged into it leads here
	moved := r.movedOf(id)
	k := syncproto.Key{Collection: ledger.Household, ID: id}
	rec, err := r.get(k)
	if err != nil && moved != nil {
		return HouseholdPage{Household: HouseholdRow{ID: id.String(), Sync: StateSent}, Sync: StateSent, Moved: moved}, nil
	}
	if err != nil {
		return HouseholdPage{}, err
	}
	out := HouseholdPage{Record: r.record(rec), Sync: StateSent, Moved: moved}
	h, ok := r.roster.Households[id]
	if !ok { // deleted: its own record tells
		out.Household = HouseholdRow{ID: id.String(), Head: out.Record.Title, Sync: out.Record.Sync}
		return out, nil
	}
	out.Household = r.householdRow(h)
	if out.People, err = r.people(h); err != nil {
		return out, err
	}
	out.Links, out.Care = r.links(id), r.cares(id)
	if out.Open, err = r.openOf(func(n openNote) bool { return n.household == id }, 0); err != nil {
		return out, err
	}
	if out.Visits, err = r.visitsOf(id, "", firstVisits); err != nil {
		return out, err
	}
	if day, why, ok := r.due(h, r.today()); ok {
		due := r.dueVisit(h, day, why)
		out.Due = &due
	}
	doubles, err := r.doublesOf(id, "")
	if err != nil {
		return out, err
	}
	out.Doubles = len(doubles)
	out.Sync = out.allStates()
	return out, nil
}

// movedOf tells where a household went, nil if it is this laptop's.
func (r reader) movedOf(id syncproto.ID) *Moved {
	n, left := r.derived.whereTo(id)
	if !left || !r.isAway(n) {
		return nil
	}
	row := r.movedRow(n)
	return &row
}

func (p *HouseholdPage) allStates() SyncState {
	s := worst(p.Household.Sync, p.Record.Sync)
	for _, x := range p.People {
		s = worst(s, x.Sync)
	}
	for _, x := range p.Links {
		s = worst(s, x.Sync)
	}
	for _, x := range p.Care {
		s = worst(s, x.Sync)
	}
	for _, x := range p.Open {
		s = worst(s, x.Sync)
	}
	for _, x := range p.Visits.Rows {
		s = worst(s, x.Sync)
	}
	return s
}

// people lists a household's residents, the head first.
func (r reader) people(h *roster.Household) ([]ResidentRow, error) {
	list := slices.Clone(r.roster.PeopleOf(h.ID))
	head := r.headOf(h)
	slices.SortFunc(list, func(a, b *roster.Resident) int {
		if (a == head) != (b == head) {
			if a == head {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Relation, b.Relation), a.ID.Compare(b.ID))
	})
	out := make([]ResidentRow, 0, len(list))
	for _, p := range list {
		row, err := r.resident(p)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

func (r reader) resident(p *roster.Resident) (ResidentRow, error) {
	k := syncproto.Key{Collection: ledger.Resident, ID: p.ID}
	rec, err := r.get(k)
	if err != nil {
		return ResidentRow{}, err
	}
	out := ResidentRow{
		ID: p.ID.String(), Name: p.Name, Sex: sexWord(p.Sex), Relation: ledger.MustTable("family_relation").Label(p.Relation),
		Age: -1, Phone: joined("、", p.Phone, p.Short), Residence: ledger.MustTable("residence").Label(p.Residence),
		Note: fieldsOf(rec).text("note"), Sync: r.state(k), Conflicts: r.conflicts(rec),
	}
	if p.Birth != 0 {
		birth := ledger.PartialOf(p.Birth)
		out.Birth, out.Age = birth.String(), birth.Age(r.today())
	}
	out.Care = slices.ContainsFunc(r.roster.CaresOf(p.Household), func(c *roster.Care) bool {
		return c.Resident == p.ID && roster.Now(c.From, c.To, r.today())
	})
	private, err := r.tx.Get(syncproto.Key{Collection: ledger.ResidentPrivate, ID: p.ID})
	if err == nil && private != nil && ledger.Completes(rec, private) {
		out.IDNo = ledger.MaskID(fieldsOf(private).text("id_no"))
		out.Sync = worst(out.Sync, r.state(private.Key))
		out.Conflicts = append(out.Conflicts, r.conflicts(private)...)
	}
	return out, err
}

// sexWord is 男 or 女, as a list shows it.
func sexWord(code string) string {
	switch code {
	case "1":
		return "男"
	case "2":
		return "女"
	}
	return ""
}

// links lists who looks after a household: now, then before.
func (r reader) links(household syncproto.ID) []LinkRow {
	today := r.today()
	list := slices.Clone(r.roster.LinksTo(household))
	slices.SortFunc(list, func(a, b *roster.Link) int {
		if x, y := roster.Now(a.From, a.To, today), roster.Now(b.From, b.To, today); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.From, a.From), a.ID.Compare(b.ID))
	})
	out := make([]LinkRow, 0, len(list))
	for _, l := range list {
		row := LinkRow{
			ID: l.ID.String(), Member: idText(l.Member), Basis: ledger.MustTable("link_basis").Label(l.Basis),
			From: dateText(l.From), To: dateText(l.To), Sync: r.state(syncproto.Key{Collection: ledger.Link, ID: l.ID}),
		}
		if m, ok := r.roster.Members[l.Member]; ok {
			row.Name, row.Phone = m.Name, m.Phone
		}
		out = append(out, row)
	}
	return out
}

func (r reader) cares(household syncproto.ID) []CareRow {
	care := ledger.Must(ledger.Care)
	list := slices.Clone(r.roster.CaresOf(household))
	slices.SortFunc(list, func(a, b *roster.Care) int { return a.ID.Compare(b.ID) })
	var out []CareRow
	for _, c := range list {
		if !roster.Now(c.From, c.To, r.today()) {
			continue
		}
		k := syncproto.Key{Collection: ledger.Care, ID: c.ID}
		row := CareRow{
			ID: c.ID.String(), Resident: idText(c.Resident), Cycle: ledger.MustTable("visit_cycle").Label(c.Cycle),
			Name: firstOf(r.nameOf("resident", c.Resident), c.Name), Review: dateText(c.Review), Sync: r.state(k),
		}
		if rec, err := r.tx.Get(k); err == nil && rec != nil {
			for key, into := range map[string]*string{"care": &row.Category, "need": &row.Need} {
				f, _ := care.FieldByKey(key)
				*into = r.words(care, f, rec.Value(f.Tag))
			}
		}
		out = append(out, row)
	}
	return out
}

// openOf lists the open matters, disputes and hazards that keep says: the
// overdue first, at most limit (0: all).
func (r reader) openOf(keep func(openNote) bool, limit int) ([]RecordRow, error) {
	type found struct {
		key  syncproto.Key
		note openNote
	}
	var list []found
	for k, n := range r.derived.open {
		if n.household = r.roster.Resolve(n.household); keep(n) {
			list = append(list, found{k, n})
		}
	}
	const never = 1 << 30
	slices.SortFunc(list, func(a, b found) int {
		return cmp.Or(cmp.Compare(cmp.Or(a.note.deadline, never), cmp.Or(b.note.deadline, never)),
			cmp.Compare(a.note.day, b.note.day), a.key.Compare(b.key))
	})
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	out := make([]RecordRow, 0, len(list))
	for _, f := range list {
		rec, err := r.get(f.key)
		if err != nil {
			return nil, err
		}
		out = append(out, r.row(rec))
	}
	return out, nil
}

// visitsOf pages a household's contact log, newest first.
func (r reader) visitsOf(household syncproto.ID, cursor string, limit int) (VisitPage, error) {
	after, err := parsePlace(cursor)
	if err != nil {
		return VisitPage{}, err
	}
	limit = bounded(limit)
	var out VisitPage
	for len(out.Rows) < limit {
		list, err := r.visitsUnder(household, after, limit)
		if err != nil {
			return out, err
		}
		for i, e := range list {
			if after = e.Place; !ledger.Deleted(e.Record) {
				out.Rows = append(out.Rows, r.visit(e.Record))
			}
			if len(out.Rows) == limit {
				if i < len(list)-1 || len(list) == limit {
					out.Next = placeText(after)
				}
				return out, nil
			}
		}
		if len(list) < limit {
			return out, nil
		}
	}
	return out, nil
}

// visitsUnder lists visits of a household and of those merged into it, newest
// first.
func (r reader) visitsUnder(household syncproto.ID, after boltstore.Place, limit int) ([]boltstore.Entry, error) {
	group := r.roster.Group(household)
	if group == nil {
		group = []syncproto.ID{household}
	}
	var out []boltstore.Entry
	for _, one := range group {
		list, err := r.tx.Children(syncproto.Key{Collection: ledger.Household, ID: one}, ledger.Visit, after, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	if len(group) > 1 {
		slices.SortFunc(out, func(a, b boltstore.Entry) int {
			return cmp.Or(cmp.Compare(b.Day, a.Day), b.Place.ID.Compare(a.Place.ID))
		})
	}
	return out[:min(len(out), limit)], nil
}

// visits pages the contact logs of a village ("": all), newest first.
func (r reader) visits(village, cursor string, limit int) (VisitPage, error) {
	after, err := parsePlace(cursor)
	if err != nil {
		return VisitPage{}, err
	}
	limit = bounded(limit)
	var out VisitPage
	for e, err := range r.byDate(ledger.Visit, after, 0, 0) {
		if err != nil {
			return out, err
		}
		if ledger.Deleted(e.Record) || village != "" && r.home(e.Record) != village {
			continue
		}
		if len(out.Rows) == limit {
			out.Next = placeText(after)
			return out, nil
		}
		after = e.Place
		out.Rows = append(out.Rows, r.visit(e.Record))
	}
	return out, nil
}

func (r reader) visit(rec *syncproto.Record) VisitRow {
	f := fieldsOf(rec)
	household := r.roster.Resolve(f.ref("household"))
	out := VisitRow{
		ID: rec.ID.String(), Date: f.words("date"), Mode: f.words("mode"),
		Visitor: firstOf(r.nameOf("member", f.ref("visitor")), f.text("visitor_name")), Companions: f.text("companions"),
		Household: idText(household), Address: f.text("address"), Situation: f.text("situation"), Request: f.text("request"),
		Category: f.words("livelihood"), Done: f.text("done_on_spot"), Next: f.words("next_date"), Note: f.text("note"),
		Matter: idText(f.ref("matter")), MatterNo: f.text("matter_no"), Sync: r.state(rec.Key), Conflicts: r.conflicts(rec),
		Village: r.home(rec),
	}
	if h, ok := r.roster.Households[household]; ok {
		out.Head, out.Address = h.Head, firstOf(out.Address, h.Address)
	}
	return out
}

// bounded keeps the length of a page sensible.
func bounded(limit int) int {
	if limit <= 0 || limit > 500 {
		return 50
	}
	return limit
}
