package service

import (
	"slices"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// following counts what belongs to households, directly or through something
// that does, by collection: all that changes its place with them.
func (r reader) following(households []syncproto.ID) ([]Counted, error) {
	keys, err := r.belongings(households)
	if err != nil {
		return nil, err
	}
	counts := map[syncproto.Collection]int{}
	for _, k := range keys {
		counts[k.Collection]++
	}
	var out []Counted
	for _, c := range ledger.All() {
		if n := counts[c.Number]; n > 0 && c.Companion == "" {
			out = append(out, Counted{c.Key, c.Label, n})
		}
	}
	return out, nil
}

// belongings lists the records that belong to households, without those.
func (r reader) belongings(households []syncproto.ID) ([]syncproto.Key, error) {
	f := &follower{reader: r, seen: map[syncproto.Key]bool{}}
	var next []syncproto.Key
	for _, id := range households {
		next = append(next, syncproto.Key{Collection: ledger.Household, ID: id})
	}
	for len(next) > 0 {
		k := next[0]
		next = next[1:]
		more, err := f.children(k)
		if err != nil {
			return nil, err
		}
		next = append(next, more...)
	}
	return f.found, nil
}

type follower struct {
	reader
	seen  map[syncproto.Key]bool
	found []syncproto.Key
}

// children lists the records that have k as their parent.
func (f *follower) children(k syncproto.Key) ([]syncproto.Key, error) {
	var out []syncproto.Key
	take := func(rec *syncproto.Record) {
		up, ok := ledger.Parent(rec)
		if ok && up == k && !f.seen[rec.Key] && !ledger.Deleted(rec) {
			f.seen[rec.Key] = true
			out = append(out, rec.Key)
		}
	}
	parent := keyOf(k.Collection)
	for _, c := range ledger.All() {
		switch {
		case c.Companion == parent:
			rec, err := f.tx.Get(syncproto.Key{Collection: c.Number, ID: k.ID})
			if err != nil {
				return nil, err
			}
			if rec != nil {
				take(rec)
			}
		case !hasParent(c, parent):
		case isDatedLog(c):
			if err := f.dated(k, c.Number, take); err != nil {
				return nil, err
			}
		default:
			if err := f.listed(k, c.Number, take); err != nil {
				return nil, err
			}
		}
	}
	f.found = append(f.found, out...)
	return out, nil
}

func hasParent(c *ledger.Collection, parent string) bool {
	return slices.ContainsFunc(c.Parents, func(key string) bool {
		f, ok := c.FieldByKey(key)
		return ok && f.Ref == parent
	})
}

// isDatedLog reports whether the store lists the collection by parent.
func isDatedLog(c *ledger.Collection) bool {
	_, dated := c.FieldByKey("date")
	return dated && c.Class == ledger.Log
}

// dated goes through what the store lists under a record.
func (f *follower) dated(k syncproto.Key, c syncproto.Collection, take func(*syncproto.Record)) error {
	var after boltstore.Place
	for {
		list, err := f.tx.Children(k, c, after, loadedAtOnce)
		if err != nil {
			return err
		}
		for _, e := range list {
			take(e.Record)
			after = e.Place
		}
		if len(list) < loadedAtOnce {
			return nil
		}
	}
}

// listed goes through a roster: the lists in memory, where there is one.
func (f *follower) listed(k syncproto.Key, c syncproto.Collection, take func(*syncproto.Record)) error {
	var candidates []syncproto.ID
	switch c {
	case ledger.Resident:
		for _, p := range f.roster.NamedPeople(k.ID) {
			candidates = append(candidates, p.ID)
		}
	case ledger.Link:
		for _, l := range f.roster.LinksTo(k.ID) {
			candidates = append(candidates, l.ID)
		}
	case ledger.Care:
		for _, mark := range f.roster.CaresAbout(k.ID) {
			candidates = append(candidates, mark.ID)
		}
	default:
		for rec, err := range f.tx.Scan(c) {
			if err != nil {
				return err
			}
			take(rec)
		}
		return nil
	}
	for _, id := range candidates {
		rec, err := f.tx.Get(syncproto.Key{Collection: c, ID: id})
		if err != nil {
			return err
		}
		if rec != nil {
			take(rec)
		}
	}
	return nil
}
