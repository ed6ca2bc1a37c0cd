package boltstore

import (
	"path/filepath"
	"slices"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// TestEmptiedPages: two updates share a commit, the first takes 900 of 3,000
// people out of their village and its households, the second works on what lies
// before them. bbolt passes over pages that were just emptied in one direction
// only.
func TestEmptiedPages(t *testing.T) {
	const n, scope = 3000, syncproto.Scope("v330702009201")
	left := func(i int) bool { return i >= 900 && i < 1800 }
	household := func(h int) syncproto.Key {
		return syncproto.Key{Collection: 100, ID: syncproto.ID{Time: syncproto.TimeAt(int64(h + 1)), Replica: 2}}
	}
	id := func(i int) syncproto.ID {
		return syncproto.ID{Time: syncproto.TimeAt(1_700_000_000_000 + int64(2*i)), Replica: 3}
	}
	between := func(i int) syncproto.ID {
		at := id(i)
		at.Time++
		return at
	}
	for name, second := range map[string]func(put func(i syncproto.ID, h int, here bool), tx office.Tx) (came, went []syncproto.ID){
		"enter": func(put func(syncproto.ID, int, bool), _ office.Tx) (came, went []syncproto.ID) {
			for i := 890; i < 900; i += 2 {
				put(between(i), 2, true)
				came = append(came, between(i))
			}
			return came, nil
		},
		"leave": func(put func(syncproto.ID, int, bool), _ office.Tx) (came, went []syncproto.ID) {
			for i := 890; i < 900; i += 2 {
				put(id(i), i/300, false)
				went = append(went, id(i))
			}
			return nil, went
		},
		"list": func(_ func(syncproto.ID, int, bool), tx office.Tx) (came, went []syncproto.ID) {
			here := map[syncproto.ID]bool{}
			for i := range n {
				if !left(i) {
					here[id(i)] = true
				}
			}
			for _, i := range []int{0, 300, 600, 899, 900, 1799, 1800, n} {
				if err := differs(tx, scope, here, id(i)); err != nil {
					t.Error(err)
				}
			}
			return nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{NoSync: true})
			defer s.Close()
			seq := syncproto.Seq(0)
			put := func(tx office.Tx, id syncproto.ID, h int, here bool) {
				t.Helper()
				k := syncproto.Key{Collection: 110, ID: id}
				old, err := tx.Record(k)
				if err != nil {
					t.Fatal(err)
				}
				seq++
				st := &syncproto.Stored{Record: syncproto.NewRecord(k.Collection, k.ID), Seq: seq, Parent: household(h),
					Places: []syncproto.Place{{Scope: scope, Seq: seq, Since: seq, Gone: !here}}}
				if err := tx.PutRecord(old, st); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Update(func(tx office.Tx) error {
				for i := range n {
					put(tx, id(i), i/300, true)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			here := map[syncproto.ID]bool{}
			for i := range n {
				here[id(i)] = !left(i)
			}
			together(t, s, func(tx office.Tx) error {
				for i := range n {
					if left(i) {
						put(tx, id(i), 9, false)
					}
				}
				return nil
			}, func(tx office.Tx) error {
				came, went := second(func(id syncproto.ID, h int, here bool) { put(tx, id, h, here) }, tx)
				for _, id := range came {
					here[id] = true
				}
				for _, id := range went {
					here[id] = false
				}
				return nil
			})
			for i, is := range here {
				if !is {
					delete(here, i)
				}
			}
			if err := s.View(func(tx office.Tx) error {
				members := differs(tx, scope, here, syncproto.ID{})
				if members != nil {
					return members
				}
				for k := range here {
					h := int(k.Time-id(0).Time) / int(id(300).Time-id(0).Time)
					children, err := tx.(interface {
						children(syncproto.Key) ([]syncproto.Key, error)
					}).children(household(h))
					if err != nil {
						return err
					}
					if !slices.Contains(children, syncproto.Key{Collection: 110, ID: k}) {
						t.Fatalf("household %d has lost a child: %d are left", h, len(children))
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// together runs updates in one commit.
func together(t *testing.T, s *Store, updates ...func(office.Tx) error) {
	t.Helper()
	hold := make(chan struct{})
	jobs := []*job{{f: func(office.Tx) error { <-hold; return nil }, ready: make(chan struct{})}}
	for _, f := range updates {
		jobs = append(jobs, &job{f: f, ready: make(chan struct{})})
	}
	for _, j := range jobs {
		s.writer.hand(j)
	}
	close(hold)
	for _, j := range jobs {
		if <-j.ready; j.err != nil {
			t.Fatal(j.err)
		}
	}
}
