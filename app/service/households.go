package service

import (
	"cmp"
	"slices"
	"strings"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// unseenDays without a visit put a household on the list of the unvisited.
const unseenDays = 183

// list returns a window into the household list.
func (r reader) list(q HouseholdQuery, offset, limit int) (HouseholdList, error) {
	keep, err := r.keeping(q)
	if err != nil {
		return HouseholdList{}, err
	}
	var found []*roster.Household
	if q.Text != "" {
		found = r.foundHouseholds(q.Text)
	} else {
		found = slices.Clone(r.roster.Sorted())
	}
	found = slices.DeleteFunc(found, func(h *roster.Household) bool { return !keep(h) })
	r.sort(found, q.Sort)
	out := HouseholdList{Total: len(found), Offset: min(max(offset, 0), len(found))}
	for _, h := range found[out.Offset:min(out.Offset+max(limit, 0), len(found))] {
		out.Rows = append(out.Rows, r.householdRow(h))
	}
	return out, nil
}

// foundHouseholds lists the households of what a search finds, best first.
func (r reader) foundHouseholds(text string) []*roster.Household {
	var out []*roster.Household
	seen := map[syncproto.ID]bool{}
	add := func(id syncproto.ID) {
		if h, ok := r.roster.Households[id]; ok && !seen[id] {
			seen[id] = true
			out = append(out, h)
		}
	}
	for _, hit := range r.roster.Search(text, 0, nil) {
		switch hit.Kind {
		case roster.KindHousehold:
			add(hit.ID)
		case roster.KindResident:
			add(r.roster.Residents[hit.ID].Household)
		}
	}
	return out
}

// keeping returns the test for all of a query but its text.
func (r reader) keeping(q HouseholdQuery) (func(*roster.Household) bool, error) {
	special, err := r.filter(q.Filter)
	if err != nil {
		return nil, err
	}
	var grid, member syncproto.ID
	if q.Grid != "" && q.Grid != "none" {
		if grid, err = parseID(q.Grid); err != nil {
			return nil, err
		}
		grid = r.roster.GridFor(grid)
	}
	linked := map[syncproto.ID]bool{}
	if q.Member != "" {
		if member, err = parseID(q.Member); err != nil {
			return nil, err
		}
		for _, l := range r.roster.LinksOf(member) {
			if roster.Now(l.From, l.To, r.today()) {
				linked[l.Household] = true
			}
		}
	}
	return func(h *roster.Household) bool {
		_, inGrid := r.roster.Grids[h.Grid]
		switch {
		case q.Village != "" && h.Village != q.Village,
			!grid.IsZero() && h.Grid != grid,
			q.Grid == "none" && inGrid,
			q.Member != "" && !linked[h.ID]:
			return false
		}
		return special(h)
	}, nil
}

// filter returns the test behind a filter's name.
func (r reader) filter(name string) (func(*roster.Household) bool, error) {
	today := r.today()
	if code, ok := strings.CutPrefix(name, "residence:"); ok {
		return func(h *roster.Household) bool { return h.Residence == code }, nil
	}
	switch name {
	case "":
		return func(*roster.Household) bool { return true }, nil
	case "care":
		return func(h *roster.Household) bool { return r.caredFor(h.ID) }, nil
	case "unlinked":
		return func(h *roster.Household) bool { return !r.isLinked(h.ID, today) }, nil
	case "unvisited":
		return func(h *roster.Household) bool { return r.unseen(h, today) }, nil
	case "due":
		return func(h *roster.Household) bool {
			day, _, ok := r.due(h, today)
			return ok && day <= today
		}, nil
	case "conflict":
		with := map[syncproto.ID]bool{}
		for k := range r.derived.conflicts {
			with[r.householdOfKey(k)] = true
		}
		return func(h *roster.Household) bool { return with[h.ID] }, nil
	case "unsent", "refused":
		return r.unsentFilter(name == "refused")
	}
	return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: "没有“" + name + "”这种筛选", Hint: "请从列表里选择筛选条件。"}
}

func (r reader) unsentFilter(refused bool) (func(*roster.Household) bool, error) {
	with := map[syncproto.ID]bool{}
	for d, err := range r.tx.Deltas() {
		if err != nil {
			return nil, err
		}
		if (d.Rejected != nil) == refused {
			with[r.householdOfKey(d.Key)] = true
		}
	}
	return func(h *roster.Household) bool { return with[h.ID] }, nil
}

// householdOfKey is the household that a record is about, zero if none.
func (r reader) householdOfKey(k syncproto.Key) syncproto.ID {
	return r.roster.Resolve(r.namedHousehold(k))
}

func (r reader) namedHousehold(k syncproto.Key) syncproto.ID {
	switch k.Collection {
	case ledger.Household:
		return k.ID
	case ledger.Resident, ledger.ResidentPrivate:
		if p, ok := r.roster.Residents[k.ID]; ok {
			return p.Household
		}
	case ledger.Visit:
		if household, ok := r.derived.visits.household(k.ID); ok {
			return household
		}
	case ledger.Link:
		if l, ok := r.roster.Links[k.ID]; ok {
			return l.Household
		}
	}
	rec, err := r.tx.Get(k)
	if err != nil || rec == nil {
		return syncproto.ID{}
	}
	return fieldsOf(rec).ref("household")
}

func (r reader) sort(list []*roster.Household, by string) {
	switch by {
	case "name":
		slices.SortStableFunc(list, func(a, b *roster.Household) int { return cmp.Compare(a.Head, b.Head) })
	case "last":
		until := r.today()
		last := func(h *roster.Household) int32 {
			m, _ := r.derived.lastVisit(h.ID, until)
			return m.day
		}
		slices.SortStableFunc(list, func(a, b *roster.Household) int { return cmp.Compare(last(a), last(b)) })
	}
}

func (r reader) caredFor(household syncproto.ID) bool {
	today := r.today()
	return slices.ContainsFunc(r.roster.CaresOf(household), func(c *roster.Care) bool { return roster.Now(c.From, c.To, today) })
}

// unseen reports whether a household had no visit in the last half year.
func (b *Book) unseen(h *roster.Household, today int64) bool {
	if h.MovedOut != 0 && h.MovedOut <= today {
		return false
	}
	last, ok := b.derived.lastVisit(h.ID, today)
	return !ok || int64(last.day) < today-unseenDays
}

func (r reader) householdRow(h *roster.Household) HouseholdRow {
	k := syncproto.Key{Collection: ledger.Household, ID: h.ID}
	out := HouseholdRow{
		ID: h.ID.String(), No: h.No, Head: h.Head, Address: h.Address, Hamlet: h.Hamlet, Phone: r.phoneOf(h),
		Village: h.Village, Grid: idText(h.Grid), GridName: r.nameOf("grid", h.Grid), People: r.peopleIn(h),
		Residence: ledger.MustTable("residence").Label(h.Residence), Care: r.caredFor(h.ID), Member: r.lookedAfterBy(h.ID),
		Sync: r.state(k), Conflicts: r.derived.conflicts[k],
	}
	if last, ok := r.derived.lastVisit(h.ID, r.today()); ok {
		out.Last = dateText(int64(last.day))
	}
	if day, _, ok := r.due(h, r.today()); ok {
		out.Next = dateText(day)
	}
	for _, p := range r.roster.PeopleOf(h.ID) {
		k := syncproto.Key{Collection: ledger.Resident, ID: p.ID}
		out.Conflicts += r.derived.conflicts[k]
		out.Sync = worst(out.Sync, r.state(k))
	}
	return out
}

// hits returns the answer to a search.
func (r reader) hits(text string, limit int) []Hit {
	if limit <= 0 {
		limit = 20
	}
	var out []Hit
	named := map[string]bool{} // household and name of the residents found
	for _, hit := range r.roster.Search(text, limit*2, nil) {
		h, ok := r.hit(hit)
		twice := h.Household + h.Title
		if !ok || hit.Kind == roster.KindHousehold && (hit.Match == roster.ByName || hit.Match == roster.ByPinyin) && named[twice] {
			continue // the head of that household is in the list already
		}
		if hit.Kind == roster.KindResident {
			named[twice] = true
		}
		if out = append(out, h); len(out) == limit {
			break
		}
	}
	return out
}

func (r reader) hit(hit roster.Hit) (Hit, bool) {
	out := Hit{ID: hit.ID.String(), Matched: matchName(hit.Match)}
	switch hit.Kind {
	case roster.KindResident:
		p := r.roster.Residents[hit.ID]
		out.Kind, out.Title, out.Phone, out.Household = "resident", p.Name, p.Phone, idText(p.Household)
		out.Subtitle = ledger.MustTable("family_relation").Label(p.Relation)
		if h, ok := r.roster.Households[p.Household]; ok {
			out.Subtitle, out.Village = joined(" · ", h.Address, out.Subtitle, r.nameOf("grid", h.Grid)), h.Village
		}
	case roster.KindHousehold:
		h := r.roster.Households[hit.ID]
		out.Kind, out.Title, out.Phone, out.Household = "household", h.Head, r.phoneOf(h), out.ID
		out.Subtitle, out.Village = joined(" · ", h.Address, r.nameOf("grid", h.Grid)), h.Village
	case roster.KindMember:
		m := r.roster.Members[hit.ID]
		out.Kind, out.Title, out.Phone = "member", m.Name, m.Phone
		out.Subtitle, out.Village = joined(" · ", "党员", r.nameOf("grid", m.Grid), r.nameOf("branch", m.Branch)), m.Village
	default:
		return out, false
	}
	return out, true
}

func matchName(m roster.Match) string {
	return [...]string{roster.ByName: "name", roster.ByAddress: "address", roster.ByPhone: "phone",
		roster.ByNumber: "number", roster.ByPinyin: "pinyin"}[m]
}

// parseID reads an id that came from outside.
func parseID(text string) (syncproto.ID, error) {
	id, err := syncproto.ParseStamp(text)
	if err != nil || id.IsZero() {
		return id, &syncproto.Error{Code: syncproto.CodeNotFound, Message: "编号“" + clip(text, 30) + "”不对",
			Hint: "编号是 20 个字母和数字，可用 gridbook list 查到。", Err: err}
	}
	return id, nil
}
