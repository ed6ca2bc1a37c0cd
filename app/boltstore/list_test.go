package boltstore

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// The records of these tests: tag 2 deleted, 4 parent, 5 day.
func visit(c syncproto.Collection, n int, parent syncproto.ID, day int64) *syncproto.Record {
	id := syncproto.ID{Time: syncproto.TimeAt(1_600_000_000_000 + int64(n)), Replica: 3}
	r := syncproto.NewRecord(c, id)
	r.Write(4, id, syncproto.RefOf(parent))
	r.Write(5, id, syncproto.IntOf(day))
	return r
}

func at(n int) syncproto.Stamp {
	return syncproto.Stamp{Time: syncproto.TimeAt(1_700_000_000_000 + int64(n)), Replica: 4}
}

func places(entries []Entry) []Place {
	var out []Place
	for _, e := range entries {
		out = append(out, e.Place)
	}
	return out
}

// TestListsAgainstModel moves, deletes and edits records in both layers, and
// compares all lists with a sort of everything that is shown.
func TestListsAgainstModel(t *testing.T) {
	parents := []syncproto.ID{{}, at(1), at(2)}
	rapid.Check(t, func(rt *rapid.T) {
		s := newStore(t, t.TempDir(), options(nil))
		agreed := make(map[syncproto.Key]*syncproto.Record)
		deltas := make(map[syncproto.Key]*syncproto.Delta)
		for i := range rapid.IntRange(1, 25).Draw(rt, "steps") {
			n := rapid.IntRange(0, 5).Draw(rt, "n")
			c := syncproto.Collection(rapid.IntRange(7, 8).Draw(rt, "c"))
			r := visit(c, n, rapid.SampledFrom(parents).Draw(rt, "parent"), rapid.Int64Range(-3, 3).Draw(rt, "day"))
			if rapid.IntRange(0, 3).Draw(rt, "deleted") == 0 {
				r.Write(2, at(i), syncproto.BoolOf(true))
			}
			check(t, s.Update(func(tx *Tx) error {
				switch rapid.IntRange(0, 4).Draw(rt, "step") {
				case 0, 1:
					agreed[r.Key] = r
					return tx.PutAgreed(r.Key, r, 0)
				case 2:
					delete(agreed, r.Key)
					return tx.PutAgreed(r.Key, nil, 0)
				case 3:
					d := &syncproto.Delta{Record: syncproto.NewRecord(r.Collection, r.ID), Gen: uint64(i), Order: uint64(i)}
					d.Write(5, at(i), syncproto.IntOf(rapid.Int64Range(-3, 3).Draw(rt, "new day")))
					deltas[r.Key] = d
					return tx.PutDelta(r.Key, d)
				}
				delete(deltas, r.Key)
				return tx.PutDelta(r.Key, nil)
			}))
		}
		all := make(map[syncproto.Key]*syncproto.Record)
		for k, r := range agreed {
			all[k] = shown(r, deltas[k])
		}
		for k, d := range deltas {
			all[k] = shown(agreed[k], d)
		}
		check(t, s.View(func(tx *Tx) error { compareLists(rt, tx, s.o.Index, all, parents); return nil }))
	})
}

func compareLists(rt *rapid.T, tx *Tx, index Index, all map[syncproto.Key]*syncproto.Record, parents []syncproto.ID) {
	for c := syncproto.Collection(6); c < 10; c++ {
		var ids []syncproto.ID
		var dated, under []Place
		for k, r := range all {
			if k.Collection != c {
				continue
			}
			ids = append(ids, k.ID)
			parent, day, ok := index(r)
			if ok && day >= -2 && day <= 2 {
				dated = append(dated, Place{day, k.ID})
			}
			if ok && parent.ID == parents[1] {
				under = append(under, Place{day, k.ID})
			}
		}
		newest := func(a, b Place) int { return cmp.Or(cmp.Compare(b.Day, a.Day), b.ID.Compare(a.ID)) }
		slices.SortFunc(dated, newest)
		slices.SortFunc(under, newest)
		slices.SortFunc(ids, syncproto.ID.Compare)

		var scanned []syncproto.ID
		for r, err := range tx.Scan(c) {
			if err != nil || !r.Equal(all[r.Key]) {
				rt.Fatalf("scanned %v, %v, want %v", r, err, all[r.Key])
			}
			scanned = append(scanned, r.ID)
		}
		var byDate []Entry
		for e, err := range tx.Dates(c, -2, 2) {
			if err != nil {
				rt.Fatal(err)
			}
			byDate = append(byDate, e)
		}
		var children []Entry
		for after := (Place{}); ; {
			page, err := tx.Children(syncproto.Key{Collection: 1, ID: parents[1]}, c, after, 2)
			if err != nil {
				rt.Fatal(err)
			}
			if children = append(children, page...); len(page) < 2 {
				break
			}
			after = page[1].Place
		}
		if !slices.Equal(scanned, ids) || !slices.Equal(places(byDate), dated) || !slices.Equal(places(children), under) {
			rt.Fatalf("collection %d\nscan %v\nwant %v\ndates %v\nwant %v\nchildren %v\nwant %v",
				c, scanned, ids, places(byDate), dated, places(children), under)
		}
	}
}

func TestCountsAndReceived(t *testing.T) {
	s := newStore(t, t.TempDir(), options(nil))
	r := visit(7, 1, at(1), 5)
	check(t, s.Update(func(tx *Tx) error {
		for n := range 3 {
			d := &syncproto.Delta{Record: visit(7, n, at(1), 5), Gen: 1, Order: uint64(n)}
			if n == 2 {
				d.Rejected = &syncproto.Rejection{Key: d.Key, Code: syncproto.CodeField}
			}
			if err := tx.PutDelta(d.Key, d); err != nil {
				return err
			}
		}
		return tx.PutAgreed(r.Key, r, 1_600_000_000_123)
	}))
	check(t, s.View(func(tx *Tx) error {
		toSend, rejected, err := tx.Counts()
		if toSend != 2 || rejected != 1 || err != nil {
			t.Errorf("counts %d, %d, %v", toSend, rejected, err)
		}
		if ms, err := tx.Received(r.Key); ms != 1_600_000_000_123 || err != nil {
			t.Errorf("received %d, %v", ms, err)
		}
		if ms, err := tx.Received(visit(7, 2, at(1), 5).Key); ms != 0 || err != nil {
			t.Errorf("received of an unsent record %d, %v", ms, err)
		}
		return nil
	}))
}

func TestNewIndexVersionRebuildsLists(t *testing.T) {
	dir, o := t.TempDir(), options(nil)
	s, err := Create(dir, password, o)
	check(t, err)
	r, d := visit(7, 1, at(1), 5), visit(7, 2, at(1), 6)
	check(t, s.Update(func(tx *Tx) error {
		if err := tx.PutAgreed(r.Key, r, 0); err != nil {
			return err
		}
		return tx.PutDelta(d.Key, &syncproto.Delta{Record: d})
	}))
	check(t, s.Close())
	old := o.Index
	o.IndexVersion, o.Index = 2, func(r *syncproto.Record) (syncproto.Key, int64, bool) {
		parent, day, ok := old(r)
		return parent, -day, ok
	}
	s = reopened(t, dir, o)
	check(t, s.View(func(tx *Tx) error {
		got, err := tx.Children(syncproto.Key{Collection: 1, ID: at(1)}, 7, Place{}, 10)
		if want := []Place{{-5, r.ID}, {-6, d.ID}}; !slices.Equal(places(got), want) || err != nil {
			t.Errorf("children %v, %v, want %v", places(got), err, want)
		}
		return nil
	}))
}
