package service

import (
	"cmp"
	"context"
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// MovePlan says what Move would do.
func (b *Book) MovePlan(to MoveTo) (Plan, error) {
	var out Plan
	_, err := b.move(to, func(m *moving) (err error) {
		out, err = m.plan()
		return err
	})
	return out, err
}

// Move takes a household to another grid or village. All that belongs to it
// goes along by itself; links of members of the old grid, or with another
// village all links, end today and stay as history. It fails as moving says.
func (b *Book) Move(to MoveTo) (Written, error) {
	edits, err := b.move(to, func(*moving) error { return nil })
	if err != nil {
		return Written{}, err
	}
	return b.Write(edits)
}

func (b *Book) move(to MoveTo, look func(*moving) error) ([]edit.Edit, error) {
	b.Loaded() // what is open must be known
	var edits []edit.Edit
	err := b.read(func(r reader) error {
		m, err := r.moving(to)
		if err != nil {
			return err
		}
		if err := m.pack(); err != nil {
			return err
		}
		edits = m.edits
		return look(m)
	})
	return edits, err
}

// leaving reports whether a household was given to another village here and
// the office does not know of it yet.
func (r reader) leaving(id syncproto.ID) bool {
	k := syncproto.Key{Collection: ledger.Household, ID: id}
	agreed, err := r.tx.Agreed(k)
	if err != nil || agreed == nil {
		return false
	}
	now, err := r.tx.Get(k)
	return err == nil && now != nil && now.Value(ledger.TagVillage) != agreed.Value(ledger.TagVillage)
}

// MoveBack undoes a move to another village that the office does not know of
// yet: what the move wrote stands again as the office has it. It fails with
// CodeNotFound if there is no such move.
func (b *Book) MoveBack(id syncproto.ID) (Written, error) {
	b.Loaded()
	var c changes
	err := b.read(func(r reader) error {
		id = r.roster.Resolve(id)
		if !r.leaving(id) {
			return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有可以撤销的转户", Hint: "已经上报的转户，请联系乡镇(街道)转回来。"}
		}
		return r.goBack(&c, id)
	})
	if err != nil {
		return Written{}, err
	}
	return b.Write(c.edits)
}

// movedFields are what a move to another village writes.
func movedFields() map[syncproto.Collection][]string {
	return map[syncproto.Collection][]string{
		ledger.Household: {"village", "grid", "microgrid"}, ledger.Link: {"to", "handover"},
		ledger.Care: {"grid", "red_name"}, ledger.Visit: {"visitor_name"}, ledger.Merge: {"village"},
		ledger.Matter: {"grid"}, ledger.Dispute: {"grid"}, ledger.Hazard: {"grid"},
	}
}

func (r reader) goBack(c *changes, id syncproto.ID) error {
	group := r.together(id)
	keys, err := r.belongings(group)
	if err != nil {
		return err
	}
	for _, one := range group {
		keys = append(keys, syncproto.Key{Collection: ledger.Household, ID: one})
	}
	for _, d := range sortedMerges(r.roster.Merges) {
		keys = append(keys, syncproto.Key{Collection: ledger.Merge, ID: d.ID})
	}
	for _, k := range keys {
		if err := r.restore(c, k); err != nil {
			return err
		}
	}
	for _, m := range r.derived.moved {
		if m.household == id && r.state(m.key) != StateSent {
			c.edits = append(c.edits, edit.Edit{Collection: m.key.Collection, ID: m.key.ID, Delete: true})
		}
	}
	return nil
}

// restore puts what a move wrote back to what the office has.
func (r reader) restore(c *changes, k syncproto.Key) error {
	keys := movedFields()[k.Collection]
	if len(keys) == 0 {
		return nil
	}
	agreed, err := r.tx.Agreed(k)
	if err != nil || agreed == nil {
		return err
	}
	delta, err := r.tx.Delta(k)
	if err != nil || delta == nil {
		return err
	}
	var sets []edit.Set
	for _, key := range keys {
		tag := tagOf(k.Collection, key)
		was, _ := agreed.Field(tag)
		if mine, ok := delta.Field(tag); ok && mine.Shown().Value != was.Shown().Value {
			sets = append(sets, edit.Set{Tag: tag, Value: was.Shown().Value})
		}
	}
	c.set(k.Collection, k.ID, sets...)
	return nil
}

// MovedAway lists the households that went to another village and are, or
// after the next sync will be, no longer here; the newest first.
func (b *Book) MovedAway() ([]Moved, error) {
	b.Loaded()
	var out []Moved
	err := b.read(func(r reader) error {
		for _, n := range r.derived.moved {
			if r.isAway(n) {
				out = append(out, r.movedRow(n))
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Moved) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Household, b.Household)) })
	return out, err
}

// isAway reports whether a household that left has not come back since, and
// whether it was of this laptop.
func (r reader) isAway(n movedNote) bool {
	if newest, _ := r.derived.whereTo(n.household); newest.key != n.key {
		return false
	}
	h, here := r.roster.Households[n.household]
	return !here || !ledger.MayRead(r.me.Role, r.me.Scope, ledger.Household, h.Village)
}

func (r reader) movedRow(n movedNote) Moved {
	return Moved{Household: n.household.String(), Text: n.text, By: n.by, At: n.at, Unsent: r.leaving(n.household)}
}

// MovePlan says what Move would do.
func (s *Service) MovePlan(ctx context.Context, to MoveTo) (Plan, error) {
	b, err := s.book()
	if err != nil {
		return Plan{}, err
	}
	return b.MovePlan(to)
}

// Move takes a household to another grid or village: see Book.Move.
func (s *Service) Move(ctx context.Context, to MoveTo) (Saved, error) {
	return s.act(func(b *Book) (Written, error) { return b.Move(to) })
}

// MoveBack undoes a move to another village that was not sent yet.
func (s *Service) MoveBack(ctx context.Context, household string) (Saved, error) {
	id, err := parseID(household)
	if err != nil {
		return Saved{}, err
	}
	return s.act(func(b *Book) (Written, error) { return b.MoveBack(id) })
}

// MovedAway lists the households that went to another village.
func (s *Service) MovedAway(ctx context.Context) ([]Moved, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.MovedAway()
}

// act runs an action on the unlocked book and keeps its undo.
func (s *Service) act(f func(*Book) (Written, error)) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	w, err := f(b)
	if err != nil {
		return Saved{}, err
	}
	return s.saved(w), nil
}
