package service

import (
	"context"
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Merge decides that drop is the same household, resident or member as keep. What
// keep leaves empty is filled in from drop, and the fields named in take are
// taken from it. Of two households the people in both are merged too. drop is
// kept, hidden; whatever refers to it is shown with keep. It fails with
// CodeNotFound, CodeNotAllowed, CodePlace if they are of two villages, and
// CodeUsage if they are one already or not of one kind.
func (b *Book) Merge(keep, drop syncproto.ID, take []string) (Written, error) {
	var edits []edit.Edit
	err := b.read(func(r reader) error {
		m, err := r.merging(keep, drop)
		if err != nil {
			return err
		}
		for _, key := range take {
			if _, _, ok := findField(ledger.Must(m.keep.Collection), key); !ok {
				return notFound(labelOf(m.keep.Collection) + "没有“" + clip(key, 30) + "”这一项")
			}
		}
		if edits, err = r.mergeEdits(edits, m, take); err != nil {
			return err
		}
		if m.keep.Collection != ledger.Household {
			return nil
		}
		people, err := r.peopleInBoth(m.keep.ID, m.drop.ID)
		if err != nil {
			return err
		}
		for _, p := range people {
			one, err := r.merging(p.keep, p.drop)
			if err != nil {
				return err
			}
			if edits, err = r.mergeEdits(edits, one, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Written{}, err
	}
	return b.Write(edits)
}

// merging is two records that somebody decides about.
type merging struct {
	keep, drop *syncproto.Record
	village    string
}

// merging finds two records, each as what stands for it.
func (r reader) merging(keep, drop syncproto.ID) (merging, error) {
	var m merging
	keep, drop = r.roster.Resolve(keep), r.roster.Resolve(drop)
	if keep == drop {
		return m, &syncproto.Error{Code: syncproto.CodeUsage, Message: "这两条已经是同一条", Hint: "请刷新列表后再看。"}
	}
	var err error
	if m.keep, err = r.mergeable(keep); err != nil {
		return m, err
	}
	if m.drop, err = r.mergeable(drop); err != nil {
		return m, err
	}
	if m.keep.Collection != m.drop.Collection {
		return m, &syncproto.Error{Code: syncproto.CodeUsage, Message: "一条是" + labelOf(m.keep.Collection) + "，一条是" + labelOf(m.drop.Collection) + "，不能合并", Hint: "请选两户、两个居民，或两名党员。"}
	}
	m.village = r.home(m.keep)
	if r.home(m.drop) != m.village {
		return m, &syncproto.Error{Code: syncproto.CodePlace, Message: "这两条不在同一个村", Hint: "请先把其中一条迁到同一个村，再合并。"}
	}
	return m, nil
}

// mergeable returns a household, resident or member that is here.
func (r reader) mergeable(id syncproto.ID) (*syncproto.Record, error) {
	for _, c := range [...]syncproto.Collection{ledger.Household, ledger.Resident, ledger.Member} {
		rec, err := r.tx.Get(syncproto.Key{Collection: c, ID: id})
		if err != nil {
			return nil, err
		}
		if rec != nil && !ledger.Deleted(rec) {
			return rec, nil
		}
	}
	return nil, notFound("找不到编号为 " + id.String() + " 的户、居民或党员")
}

// mergeEdits adds the decision and what keep takes from drop.
func (r reader) mergeEdits(edits []edit.Edit, m merging, take []string) ([]edit.Edit, error) {
	own, taken := r.taken(ledger.Must(m.keep.Collection), m.keep, m.drop, take)
	if len(own) > 0 {
		edits = append(edits, edit.Edit{Collection: m.keep.Collection, ID: m.keep.ID, Set: own})
	}
	for _, c := range companionsOf(m.keep.Collection) {
		x, y, err := r.companions(c.Number, m.keep.ID, m.drop.ID)
		if err != nil {
			return nil, err
		}
		sets, more := r.taken(c, x, y, take)
		if len(sets) > 0 {
			edits = append(edits, edit.Edit{Collection: c.Number, CompanionOf: m.keep.ID, Set: sets})
			taken = append(taken, more...)
		}
	}
	for _, d := range r.roster.Merges { // who decided otherwise before is overruled
		if !d.Same && (d.Keep == m.keep.ID && d.Drop == m.drop.ID || d.Keep == m.drop.ID && d.Drop == m.keep.ID) {
			edits = append(edits, takeBack(d.ID))
		}
	}
	return append(edits, r.decision(m, edit.Handle(len(edits)+1), "same", taken)), nil
}

// taken works out what a record takes from another: what it has not itself,
// and what take names. Where somebody lives is no gap to be filled, nor is
// that somebody left.
func (r reader) taken(c *ledger.Collection, keep, drop *syncproto.Record, take []string) (sets []edit.Set, keys []string) {
	for i := range c.Fields {
		f := &c.Fields[i]
		v, mine := drop.Value(f.Tag), keep.Value(f.Tag)
		wanted := mine.IsNull() || slices.Contains(take, f.Key)
		if f.Tag == ledger.TagVillage || f.Key == "to" || f.Tag == ledger.TagDeleted || v.IsNull() || v == mine || !wanted {
			continue
		}
		sets = append(sets, edit.Set{Tag: f.Tag, Value: v})
		keys = append(keys, f.Key)
	}
	return sets, keys
}

// decision is the record of what was decided.
func (r reader) decision(m merging, as edit.Handle, what string, taken []string) edit.Edit {
	set := func(key string, v syncproto.Value) edit.Set { return edit.Set{Tag: tagOf(ledger.Merge, key), Value: v} }
	out := edit.Edit{Collection: ledger.Merge, New: as, Set: []edit.Set{
		{Tag: ledger.TagVillage, Value: syncproto.TextOf(m.village)},
		set("collection", syncproto.TextOf(keyOf(m.keep.Collection))),
		set("keep", syncproto.RefOf(m.keep.ID)), set("drop", syncproto.RefOf(m.drop.ID)),
		set("decision", syncproto.TextOf(what)), set("by", syncproto.TextOf(r.me.Person)),
	}}
	if len(taken) > 0 {
		out.Set = append(out.Set, set("taken", syncproto.ListOf(taken...)))
	}
	return out
}

func takeBack(id syncproto.ID) edit.Edit {
	return edit.Edit{Collection: ledger.Merge, ID: id, Set: []edit.Set{{Tag: tagOf(ledger.Merge, "undone"), Value: syncproto.BoolOf(true)}}}
}

// NotSame decides that two records are not the same: they are not proposed
// again.
func (b *Book) NotSame(one, other syncproto.ID) (Written, error) {
	var e edit.Edit
	err := b.read(func(r reader) error {
		m, err := r.merging(one, other)
		if err == nil {
			e = r.decision(m, 1, "different", nil)
		}
		return err
	})
	if err != nil {
		return Written{}, err
	}
	return b.Write([]edit.Edit{e})
}

// Unmerge takes back a decision: id is its own, or that of the record that was
// merged into another. With two households the people who were in both are
// taken apart too. What keep took from drop stays with it; both can be changed.
func (b *Book) Unmerge(id syncproto.ID) (Written, error) {
	var edits []edit.Edit
	err := b.read(func(r reader) error {
		for _, m := range r.roster.Merges {
			if m.ID != id && (!m.Same || m.Drop != id) {
				continue
			}
			edits = append(edits, takeBack(m.ID))
			if !m.Same {
				continue
			}
			for _, p := range r.roster.Merges {
				keep, drop := r.namedHome(p.Keep), r.namedHome(p.Drop)
				if p.Same && keep == m.Keep && drop == m.Drop {
					edits = append(edits, takeBack(p.ID))
				}
			}
		}
		if len(edits) == 0 {
			return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有找到这次合并", Hint: "可能已经撤销了，请刷新后再看。"}
		}
		return nil
	})
	if err != nil {
		return Written{}, err
	}
	return b.Write(edits)
}

// namedHome is the household that a resident's own record names, zero if it is
// none.
func (r reader) namedHome(id syncproto.ID) syncproto.ID {
	rec, err := r.tx.Get(syncproto.Key{Collection: ledger.Resident, ID: id})
	if err != nil || rec == nil {
		return syncproto.ID{}
	}
	return fieldsOf(rec).ref("household")
}

// Merge decides that drop is the same household, or resident, as keep: see
// Book.Merge.
func (s *Service) Merge(ctx context.Context, keep, drop string, take []string) (Saved, error) {
	return s.decide(keep, drop, func(b *Book, keep, drop syncproto.ID) (Written, error) { return b.Merge(keep, drop, take) })
}

// NotSame decides that two records are not the same.
func (s *Service) NotSame(ctx context.Context, one, other string) (Saved, error) {
	return s.decide(one, other, (*Book).NotSame)
}

// Unmerge takes back a decision about two records.
func (s *Service) Unmerge(ctx context.Context, id string) (Saved, error) {
	return s.decide(id, id, func(b *Book, id, _ syncproto.ID) (Written, error) { return b.Unmerge(id) })
}

func (s *Service) decide(one, other string, f func(b *Book, one, other syncproto.ID) (Written, error)) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	x, err := parseID(one)
	if err != nil {
		return Saved{}, err
	}
	y, err := parseID(other)
	if err != nil {
		return Saved{}, err
	}
	w, err := f(b, x, y)
	if err != nil {
		return Saved{}, err
	}
	return s.saved(w), nil
}
