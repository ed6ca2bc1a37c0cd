package service

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// lostNote remembers that a value written on this laptop stands against
// another, so that its author is told what became of it.
type lostNote struct {
	Collection syncproto.Collection `json:"c"`
	ID         string               `json:"id"`
	Tag        syncproto.Tag        `json:"t"`
	Mine       string               `json:"mine,omitempty"` // in words, masked as on screen
	// Was holds the value instead, as a record of this one field, if it is not
	// among those that stand: somebody decided, and this laptop saw nothing of
	// it. By and At say who and when, At in ms since 1970.
	Was []byte `json:"was,omitempty"`
	By  string `json:"by,omitempty"`
	At  int64  `json:"at,omitempty"`
	// Shown says that it always was the one shown: that is no news until
	// somebody decides against it.
	Shown bool `json:"shown,omitempty"`
}

func (n lostNote) same(o lostNote) bool {
	return n.Collection == o.Collection && n.ID == o.ID && n.Tag == o.Tag
}

const lostSetting = "lost-values"

// maxLost bounds what is remembered; the oldest go first.
const maxLost = 500

// noteLost looks at changed records for values of this laptop that are not
// shown, and forgets those about which this laptop itself has decided.
func (b *Book) noteLost(keys []syncproto.Key) error {
	if err := b.noteRuled(); err != nil {
		return err
	}
	var fresh, settled []lostNote
	err := b.read(func(r reader) error {
		var known []lostNote
		if _, err := setting(r.tx, lostSetting, &known); err != nil {
			return err
		}
		noted := map[string]bool{}
		for _, n := range known {
			noted[n.ID] = true
		}
		for _, k := range keys {
			if r.derived.conflicts[k] == 0 && !(len(noted) > 0 && noted[k.ID.String()]) {
				continue
			}
			rec, err := r.tx.Get(k)
			if err != nil {
				return err
			}
			for _, n := range r.lostIn(rec) {
				i := slices.IndexFunc(known, n.same)
				if i >= 0 && known[i].Shown && !n.Shown { // another has come before it
					settled = append(settled, known[i])
				} else if i >= 0 {
					continue
				}
				fresh = append(fresh, n)
			}
			for _, n := range known {
				if n.Collection == k.Collection && n.ID == k.ID.String() && r.settled(rec, n) {
					settled = append(settled, n)
				}
			}
		}
		return nil
	})
	if err != nil || len(fresh)+len(settled) == 0 {
		return err
	}
	return b.changeLost(func(all []lostNote) []lostNote {
		all = slices.DeleteFunc(all, func(n lostNote) bool { return slices.ContainsFunc(settled, n.same) })
		for _, n := range fresh {
			if !slices.ContainsFunc(all, n.same) {
				all = append(all, n)
			}
		}
		return all[max(0, len(all)-maxLost):]
	})
}

func (b *Book) changeLost(f func([]lostNote) []lostNote) error {
	return b.update(func(tx updater) error { return changeLostIn(tx, f) })
}

func changeLostIn(tx updater, f func([]lostNote) []lostNote) error {
	var all []lostNote
	if _, err := setting(tx, lostSetting, &all); err != nil {
		return err
	}
	return putSetting(tx, lostSetting, f(all))
}

// lostIn lists a record's fields in which a value of this laptop stands
// against another.
func (r reader) lostIn(rec *syncproto.Record) []lostNote {
	if rec == nil {
		return nil
	}
	var out []lostNote
	for _, c := range r.conflicts(rec) {
		f, _ := ledger.Must(rec.Collection).FieldByKey(c.Key)
		n := lostNote{Collection: rec.Collection, ID: rec.ID.String(), Tag: f.Tag, Shown: !c.LostOwn}
		own := false
		for _, h := range c.Heads {
			if h.Own {
				own, n.Mine = true, h.Text
			}
		}
		if own {
			out = append(out, n)
		}
	}
	return out
}

// decidedHere reports whether a field stands as this laptop wrote it.
func (r reader) decidedHere(rec *syncproto.Record, t syncproto.Tag) bool {
	if rec == nil {
		return true // gone: there is nothing left to tell
	}
	reg := ledger.Register(rec, t)
	return !reg.Conflicted() && r.derived.own[reg.Shown().Stamp.Replica]
}

// settled reports whether there is nothing more to tell about a value.
func (r reader) settled(rec *syncproto.Record, n lostNote) bool {
	if r.decidedHere(rec, n.Tag) {
		return true
	}
	c, known := ledger.Lookup(n.Collection)
	reg := ledger.Register(rec, n.Tag)
	if !known || !n.Shown || reg.Conflicted() {
		return false
	}
	f, ok := c.Field(n.Tag)
	return ok && r.words(c, f, reg.Shown().Value) == n.Mine
}

// LostValues lists what was written on this laptop and is not shown, the
// newest last, and what became of it.
func (b *Book) LostValues() ([]LostValue, error) {
	var out []LostValue
	err := b.read(func(r reader) error {
		var err error
		out, err = r.lostValues()
		return err
	})
	return out, err
}

func (r reader) lostValues() ([]LostValue, error) {
	var notes []lostNote
	if _, err := setting(r.tx, lostSetting, &notes); err != nil {
		return nil, err
	}
	var out []LostValue
	for _, n := range notes {
		id, err := parseID(n.ID)
		if err != nil {
			continue
		}
		rec, err := r.tx.Get(syncproto.Key{Collection: n.Collection, ID: id})
		if err != nil {
			return nil, err
		}
		if v, ok := r.lostValue(rec, n); ok {
			out = append(out, v)
		}
	}
	return out, nil
}

func (r reader) lostValue(rec *syncproto.Record, n lostNote) (LostValue, bool) {
	c, ok := ledger.Lookup(n.Collection)
	if rec == nil || !ok {
		return LostValue{}, false
	}
	f, ok := c.Field(n.Tag)
	if !ok || r.decidedHere(rec, n.Tag) {
		return LostValue{}, false
	}
	reg := ledger.Register(rec, n.Tag)
	decided := !reg.Conflicted()
	if !decided && !slices.ContainsFunc(r.lostIn(rec), func(o lostNote) bool { return n.same(o) && !o.Shown }) {
		return LostValue{}, false // it is the one that is shown by now
	}
	at := r.written(reg.Shown().Stamp)
	who := r.authorOf(at.Replica)
	out := LostValue{
		Collection: c.Key, ID: n.ID, Title: r.title(rec), Household: idText(r.householdOfKey(rec.Key)), Field: f.Key, Label: f.Label,
		Mine: r.mine(n, c, f), Shown: r.words(c, f, reg.Shown().Value), By: who.Person, Device: who.Device, At: at.Time.Milli(), Decided: decided,
	}
	if n.At != 0 && decided {
		out.By, out.Device, out.At = n.By, "", n.At
	}
	out.Taken = decided && out.Mine == out.Shown
	return out, !out.Taken || !n.Shown // what was shown all along and still is
}

// SeenOutcomes puts away the outcomes that LostValues tells; what is still
// undecided stays.
func (b *Book) SeenOutcomes() error {
	list, err := b.LostValues()
	if err != nil {
		return err
	}
	return b.changeLost(func(all []lostNote) []lostNote {
		return slices.DeleteFunc(all, func(n lostNote) bool {
			return slices.ContainsFunc(list, func(v LostValue) bool {
				return v.Decided && v.ID == n.ID && v.Field == fieldKey(n)
			})
		})
	})
}

func fieldKey(n lostNote) string {
	if c, ok := ledger.Lookup(n.Collection); ok {
		if f, ok := c.Field(n.Tag); ok {
			return f.Key
		}
	}
	return ""
}
