package syncproto

import "slices"

// put stores a record at the end of the feed, moves it between scopes, keeps
// the sums, and lets its dependants follow a change of home.
func (x *exchange) put(old *Stored, r *Record, changed []Tag) error {
	elsewhere := ""
	if x.device != nil {
		elsewhere = x.device.Scope
	}
	return x.putAt(old, r, changed, elsewhere)
}

// putAt is put with the home of a record that tells none.
func (x *exchange) putAt(old *Stored, r *Record, changed []Tag, elsewhere string) error {
	_, home, err := x.home(r, old)
	if err != nil {
		return err
	}
	if home == "" {
		home = elsewhere
	}
	return x.putIn(old, r, changed, home)
}

// putIn is put with the record's home.
func (x *exchange) putIn(old *Stored, r *Record, changed []Tag, home string) error {
	x.state.Seq++
	st := &Stored{Record: r, Seq: x.state.Seq, Home: home, Received: x.now, Parent: x.Policy.Parent(r)}
	if old != nil {
		if len(changed) == 0 { // it only follows another
			st.Received = old.Received
		}
		for _, f := range old.Record.Fields {
			if !slices.Contains(changed, f.Tag) {
				st.Changed = append(st.Changed, TagSeq{f.Tag, seqOf(old, f.Tag)})
			}
		}
	}
	st.Places = x.marks(old, st, x.places(old, st))
	if x.failed != nil {
		return x.failed
	}
	if err := x.sums(old, st); err != nil {
		return err
	}
	if err := x.tx.PutRecord(old, st); err != nil {
		return err
	}
	x.joined = append(x.joined, r.Key)
	if old != nil && old.Home == st.Home {
		return nil
	}
	return x.follow(r.Key)
}

// follow gives the dependants of a record its new home.
func (x *exchange) follow(k Key) error {
	var keys []Key
	for d, err := range x.tx.Dependants(k) {
		if err != nil {
			return err
		}
		keys = append(keys, d)
	}
	for _, d := range keys {
		st, err := x.tx.Record(d)
		if err != nil {
			return err
		}
		if st == nil || st.Purged {
			continue
		}
		_, home, err := x.home(st.Record, st)
		if err != nil {
			return err
		}
		if home != st.Home {
			if err := x.put(st, st.Record, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// places puts st at its sequence in every scope where it belongs and marks
// those that it left.
func (x *exchange) places(old, st *Stored) []Place {
	scopes := x.Policy.Scopes(x.state.Township, st.Collection, st.Home)
	var out []Place
	for _, s := range scopes {
		p := Place{Scope: s, Seq: st.Seq, Since: st.Seq}
		if was := placeIn(old, s); was != nil && !was.Gone {
			p.Since = was.Since
		}
		out = append(out, p)
	}
	if old != nil {
		for _, p := range old.Places {
			if slices.Contains(scopes, p.Scope) {
				continue
			}
			if !p.Gone {
				p = Place{Scope: p.Scope, Seq: st.Seq, Since: st.Seq, Gone: true}
			}
			out = append(out, p)
		}
	}
	return out
}

// marks adds to the places of st what it leaves besides: see Policy.Left.
func (x *exchange) marks(old, st *Stored, places []Place) []Place {
	if old == nil {
		return places
	}
	for _, s := range x.Policy.Left(Change{Before: old.Record, After: st.Record, Home: st.Home, Record: x.lookup}) {
		places = slices.DeleteFunc(places, func(p Place) bool { return p.Scope == s })
		places = append(places, Place{Scope: s, Seq: st.Seq, Since: st.Seq, Gone: true})
	}
	return places
}

func placeIn(st *Stored, s Scope) *Place {
	if st == nil {
		return nil
	}
	for i := range st.Places {
		if st.Places[i].Scope == s {
			return &st.Places[i]
		}
	}
	return nil
}

// sums takes the old record's hash out of its scopes and puts the new one in.
func (x *exchange) sums(old, st *Stored) error {
	day := st.ID.Time.Day()
	if old != nil && !old.Purged {
		h := old.Hash()
		for _, p := range old.Places {
			if p.Gone {
				continue
			}
			if err := x.sum(p.Scope, day, func(s Sum) Sum { return s.Remove(h) }); err != nil {
				return err
			}
		}
	}
	if st.Purged {
		return nil
	}
	h := st.Hash()
	for _, p := range st.Places {
		if p.Gone {
			continue
		}
		if err := x.sum(p.Scope, day, func(s Sum) Sum { return s.Add(h) }); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) sum(scope Scope, day uint32, change func(Sum) Sum) error {
	for _, d := range []uint32{day, AllDays} {
		s, err := x.tx.Sum(scope, d)
		if err != nil {
			return err
		}
		if err := x.tx.PutSum(scope, d, change(s)); err != nil {
			return err
		}
	}
	return nil
}
