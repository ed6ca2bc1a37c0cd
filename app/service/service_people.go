package service

import (
	"cmp"
	"context"
	"slices"

	"gridbook/app/edit"
	"gridbook/app/roster"
	"gridbook/syncproto"
)

// homeHints is how many remarks the first screen bears; the village's page has
// all.
const homeHints = 20

// Home returns the first screen.
func (s *Service) Home(ctx context.Context) (Home, error) {
	out, err := ask(ctx, s, func(r reader) (Home, error) {
		today := r.today()
		due, soon := r.called(-1<<30, today), r.called(today+1, today+7)
		out := Home{
			Today: dateText(today), DueTotal: len(due), Due: due[:min(len(due), 50)], Soon: soon,
			MattersN: len(r.derived.open), Conflicts: len(r.derived.conflicts), Inbox: len(r.derived.inbox), Hints: r.hints(""), Loading: r.isLoading(),
		}
		for _, h := range r.roster.Households {
			if r.unseen(h, today) {
				out.Unvisited++
			}
		}
		out.Hints = out.Hints[:min(len(out.Hints), homeHints)]
		var err error
		if out.Matters, err = r.openOf(func(openNote) bool { return true }, 50); err != nil {
			return out, err
		}
		if out.Lost, err = r.lostValues(); err != nil {
			return out, err
		}
		if _, out.Waiting, err = r.deposited(); err != nil {
			return out, err
		}
		recent, err := r.visits("", "", 10)
		out.Recent = recent.Rows
		return out, err
	})
	if err != nil {
		return out, err
	}
	out.Sync, err = s.SyncStatus(ctx)
	out.Refused = out.Sync.Rejected
	return out, err
}

// Villages lists the villages of this laptop; a township has all of its own.
func (s *Service) Villages(ctx context.Context) ([]VillageRow, error) {
	return ask(ctx, s, func(r reader) ([]VillageRow, error) { return r.villageRows() })
}

// Grids returns a village as a tree; "" is the laptop's own village.
func (s *Service) Grids(ctx context.Context, village string) (VillageGrids, error) {
	return ask(ctx, s, func(r reader) (VillageGrids, error) {
		village := firstOf(village, r.me.Village())
		if village == "" {
			return VillageGrids{}, &syncproto.Error{Code: syncproto.CodePlace, Message: "没有选村", Hint: "请先选一个村(社区)。"}
		}
		return r.tree(village), nil
	})
}

// Grid returns one grid in full.
func (s *Service) Grid(ctx context.Context, id string) (GridPage, error) {
	_, k, err := keyFor("grid", id)
	if err != nil {
		return GridPage{}, err
	}
	return ask(ctx, s, func(r reader) (GridPage, error) {
		rec, err := r.get(k)
		if err != nil {
			return GridPage{}, err
		}
		out := GridPage{Record: r.record(rec)}
		g, ok := r.roster.Grids[k.ID]
		if !ok {
			return out, nil
		}
		out.Grid = r.gridRow(g, r.countByGrid())
		out.Duties = r.duties(k.ID, syncproto.ID{})
		out.Into, out.Before = r.kinOf(g)
		out.Unlinked = out.Grid.Households - out.Grid.Linked
		for _, n := range r.derived.open {
			if h, ok := r.roster.Households[r.roster.Resolve(n.household)]; r.roster.GridFor(n.grid) == k.ID || ok && h.Grid == k.ID {
				out.Open++
			}
		}
		own := map[string]bool{id: true}
		for _, m := range out.Grid.Members {
			own[m.ID] = true
		}
		out.Hints = slices.DeleteFunc(r.hints(g.Village), func(h Hint) bool { return !own[h.ID] })
		return out, nil
	})
}

// Members lists the Party members of a village, by grid and name.
func (s *Service) Members(ctx context.Context, village string) ([]MemberRow, error) {
	return ask(ctx, s, func(r reader) ([]MemberRow, error) {
		var out []MemberRow
		for _, m := range r.membersOf(village) {
			out = append(out, r.memberRow(m))
		}
		return out, nil
	})
}

// Member returns a member's own page.
func (s *Service) Member(ctx context.Context, id string) (MemberPage, error) {
	_, k, err := keyFor("member", id)
	if err != nil {
		return MemberPage{}, err
	}
	return ask(ctx, s, func(r reader) (MemberPage, error) {
		k.ID = r.roster.Resolve(k.ID) // what was merged into another leads there
		id = k.ID.String()
		rec, err := r.get(k)
		if err != nil {
			return MemberPage{}, err
		}
		out := MemberPage{Record: r.record(rec)}
		m, ok := r.roster.Members[k.ID]
		if !ok {
			return out, nil
		}
		out.Member = r.memberRow(m)
		out.Duties = r.duties(syncproto.ID{}, k.ID)
		mine := map[syncproto.ID]bool{}
		for _, l := range r.roster.LinksOf(k.ID) {
			if roster.Now(l.From, l.To, r.today()) {
				mine[l.Household] = true
			}
		}
		list, err := r.list(HouseholdQuery{Member: id}, 0, len(mine))
		if err != nil {
			return out, err
		}
		out.Households = list.Rows
		if out.Matters, err = r.openOf(func(n openNote) bool { return mine[n.household] }, 50); err != nil {
			return out, err
		}
		out.Hints = slices.DeleteFunc(r.memberHints(m.Village), func(h Hint) bool { return h.ID != id })
		return out, nil
	})
}

// Households returns a window into the list of households.
func (s *Service) Households(ctx context.Context, query HouseholdQuery, offset, limit int) (HouseholdList, error) {
	return ask(ctx, s, func(r reader) (HouseholdList, error) { return r.list(query, offset, min(limit, 500)) })
}

// Search finds people, households and members by name, full pinyin, initials,
// door number or end of a phone number, as one types.
func (s *Service) Search(ctx context.Context, text string, limit int) ([]Hit, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Search(text, min(limit, 200)), nil
}

// Household returns the page of a household.
func (s *Service) Household(ctx context.Context, id string) (HouseholdPage, error) {
	_, k, err := keyFor("household", id)
	if err != nil {
		return HouseholdPage{}, err
	}
	page := func(r reader) (HouseholdPage, error) { return r.page(k.ID) }
	out, err := ask(ctx, s, page)
	if b, open := s.book(); syncproto.CodeOf(err) == syncproto.CodeNotFound && open == nil && b.isLoading() {
		b.Loaded() // it may say where the household went
		return ask(ctx, s, page)
	}
	return out, err
}

// VisitsOf returns the contact log of a household, newest first, from a
// cursor that an earlier page gave; "" is the beginning.
func (s *Service) VisitsOf(ctx context.Context, household, cursor string, limit int) (VisitPage, error) {
	id, err := parseID(household)
	if err != nil {
		return VisitPage{}, err
	}
	return ask(ctx, s, func(r reader) (VisitPage, error) { return r.visitsOf(id, cursor, limit) })
}

// Visits returns the contact logs of a village ("": all), newest first.
func (s *Service) Visits(ctx context.Context, village, cursor string, limit int) (VisitPage, error) {
	return ask(ctx, s, func(r reader) (VisitPage, error) { return r.visits(village, cursor, limit) })
}

// LinkSuggestions proposes members who could look after a household: by
// kinship, nearness, convenience. The secretary decides.
func (s *Service) LinkSuggestions(ctx context.Context, household string) ([]LinkSuggestion, error) {
	id, err := parseID(household)
	if err != nil {
		return nil, err
	}
	return ask(ctx, s, func(r reader) ([]LinkSuggestion, error) {
		h, ok := r.roster.Households[id]
		if !ok {
			return nil, notFound("找不到这一户")
		}
		return r.suggest(h), nil
	})
}

// suggestions is how many members are proposed.
const suggestions = 8

// suggest proposes members who are not exempt, the best founded first; those
// who look after fewer households come before the others.
func (r reader) suggest(h *roster.Household) []LinkSuggestion {
	type candidate struct {
		LinkSuggestion
		weight int
	}
	var list []candidate
	for _, m := range r.membersOf(h.Village) {
		if m.Exempt || m.Mobile || m.Status == "exempt" || m.Status == "out_mobile" || m.Name == h.Head {
			continue
		}
		c := candidate{LinkSuggestion: LinkSuggestion{Member: m.ID.String(), Name: m.Name, Phone: m.Phone, Households: r.linkCount(m.ID, r.today())}}
		because := func(yes bool, weight int, basis, reason string) {
			if yes {
				c.weight += weight
				c.Basis = firstOf(c.Basis, basis)
				c.Reasons = append(c.Reasons, reason)
			}
		}
		because(familyName(m.Name) == familyName(h.Head), 2, "kin", "同姓")
		because(h.Hamlet != "" && contains(m.Address, h.Hamlet), 3, "near", "同自然村（组）")
		because(!m.Grid.IsZero() && m.Grid == h.Grid, 3, "handy", "同一网格")
		because(c.Households < linkMin, 1, "", "联系户数还不多")
		if c.Basis != "" && c.Households < linkMax {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.Households, b.Households))
	})
	var out []LinkSuggestion
	for _, c := range list[:min(len(list), suggestions)] {
		out = append(out, c.LinkSuggestion)
	}
	return out
}

// Link lets a member look after a household from a date on; "" is today.
func (s *Service) Link(ctx context.Context, household, member, basis, from string) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	return s.SaveRecord(ctx, "link", "", map[string]any{
		"household": household, "member": member, "link_basis": basis, "from": firstOf(from, dateText(b.today())),
	})
}

// EndLink ends that on a date; "" is today.
func (s *Service) EndLink(ctx context.Context, id, to string) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	return s.SaveRecord(ctx, "link", id, map[string]any{"to": firstOf(to, dateText(b.today()))})
}

// VisitForm returns a visit as a draft, to change it.
func (s *Service) VisitForm(ctx context.Context, id string) (VisitDraft, error) {
	_, k, err := keyFor("visit", id)
	if err != nil {
		return VisitDraft{}, err
	}
	return ask(ctx, s, func(r reader) (VisitDraft, error) {
		rec, err := r.get(k)
		if err != nil {
			return VisitDraft{}, err
		}
		f := fieldsOf(rec)
		return VisitDraft{
			ID: id, Date: f.words("date"), Mode: f.text("mode"), Visitor: idText(f.ref("visitor")), VisitorName: f.text("visitor_name"),
			Companions: f.text("companions"), Household: idText(r.roster.Resolve(f.ref("household"))), Situation: f.text("situation"),
			Request: f.text("request"), Livelihood: f.text("livelihood"), DoneOnSpot: f.text("done_on_spot"),
			NextDate: f.words("next_date"), Note: f.text("note"), Head: r.nameOf("household", f.ref("household")),
			Seen: visitSeen(rec), Key: id,
		}, nil
	})
}

// SaveVisit saves a visit and drops its draft, no other. With MakeMatter it also makes
// a matter of the request, in the same transaction.
func (s *Service) SaveVisit(ctx context.Context, visit VisitDraft) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	edits, err := ask(ctx, s, func(r reader) ([]edit.Edit, error) { return r.draftEdits(visit) })
	if err != nil {
		return Saved{}, err
	}
	w, err := b.write(func(w *writing) error {
		if err := w.edits(edits); err != nil {
			return err
		}
		return changeDrafts(w.tx, visit.draftKey(), nil)
	})
	if err != nil {
		return Saved{}, err
	}
	return s.saved(w), nil
}

// Due lists the visits due up to a date ("": today), most overdue first.
func (s *Service) Due(ctx context.Context, until string) ([]DueVisit, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Due(until)
}

// Due lists the visits due up to a date ("": today), most overdue first.
func (b *Book) Due(until string) ([]DueVisit, error) {
	to := b.today()
	if until != "" {
		day, ok := dayOfText(until)
		if !ok {
			return nil, badDate(until)
		}
		to = day
	}
	b.Loaded()
	var out []DueVisit
	err := b.read(func(r reader) error {
		out = r.dueList(-1<<30, to, "")
		return nil
	})
	return out, err
}
