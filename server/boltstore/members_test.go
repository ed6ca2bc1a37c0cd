package boltstore

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// TestMembers: whoever comes and goes in any order, also before the first row
// and in updates that fail, is listed from anywhere, both ways.
func TestMembers(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{NoSync: true})
	defer s.Close()
	random := rand.New(rand.NewPCG(3, 4))
	scopes := []syncproto.Scope{"a330702009", "v330702009201"}
	here := map[syncproto.Scope]map[syncproto.ID]bool{scopes[0]: {}, scopes[1]: {}}
	seq := syncproto.Seq(0)
	id := func() syncproto.ID {
		return syncproto.ID{Time: syncproto.TimeAt(int64(1 + random.IntN(3000))), Replica: 2}
	}
	oops := errors.New("oops")
	for round := range 60 {
		fails := round%5 == 4
		next := map[syncproto.Scope]map[syncproto.ID]bool{scopes[0]: maps.Clone(here[scopes[0]]), scopes[1]: maps.Clone(here[scopes[1]])}
		err := s.Update(func(tx office.Tx) error {
			for range 1 + random.IntN(300) {
				k := syncproto.Key{Collection: 110, ID: id()}
				old, err := tx.Record(k)
				if err != nil {
					return err
				}
				seq++
				st := &syncproto.Stored{Record: syncproto.NewRecord(k.Collection, k.ID), Seq: seq}
				for _, scope := range scopes {
					gone := random.IntN(4) == 0
					st.Places = append(st.Places, syncproto.Place{Scope: scope, Seq: seq, Since: seq, Gone: gone})
					if delete(next[scope], k.ID); !gone {
						next[scope][k.ID] = true
					}
				}
				if err := tx.PutRecord(old, st); err != nil {
					return err
				}
				if random.IntN(50) == 0 { // in the midst of it
					if err := differs(tx, scopes[0], next[scopes[0]], id()); err != nil {
						return err
					}
				}
			}
			if fails {
				return oops
			}
			return nil
		})
		if fails != errors.Is(err, oops) || !fails && err != nil {
			t.Fatal(err)
		}
		if !fails {
			here = next
		}
		err = s.View(func(tx office.Tx) error {
			for _, scope := range scopes {
				if err := errors.Join(differs(tx, scope, here[scope], syncproto.ID{}), differs(tx, scope, here[scope], id())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// differs compares both listings from an id with what is here.
func differs(tx office.Tx, scope syncproto.Scope, here map[syncproto.ID]bool, from syncproto.ID) error {
	sorted := slices.SortedFunc(maps.Keys(here), syncproto.Stamp.Compare)
	for _, backwards := range []bool{false, true} {
		var want, got []syncproto.ID
		for _, id := range sorted {
			if c := id.Compare(from); !backwards && c > 0 || backwards && (c < 0 || from.IsZero()) {
				want = append(want, id)
			}
		}
		if backwards {
			slices.Reverse(want)
		}
		for id, err := range tx.Scan(scope, 110, from, backwards) {
			if err != nil {
				return err
			}
			got = append(got, id)
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s from %s, backwards %v: %d members, want %d", scope, from, backwards, len(got), len(want))
		}
	}
	return nil
}
