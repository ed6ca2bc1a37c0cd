package service

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// TestVisitMarks puts and removes visits, also ones that go to another
// household, and compares with a sort of all that there are.
func TestVisitMarks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.Custom(func(rt *rapid.T) syncproto.ID {
			return syncproto.ID{Time: syncproto.Time(rapid.IntRange(1, 6).Draw(rt, "time")), Replica: syncproto.ReplicaID(rapid.IntRange(1, 2).Draw(rt, "replica"))}
		})
		v := newVisitMarks()
		type visit struct {
			household syncproto.ID
			mark      visitMark
		}
		all := map[syncproto.ID]visit{}
		for range rapid.IntRange(0, 60).Draw(rt, "steps") {
			key := id.Draw(rt, "visit")
			v.remove(key)
			delete(all, key)
			if rapid.Bool().Draw(rt, "put") {
				one := visit{id.Draw(rt, "household"), visitMark{time: key.Time, replica: key.Replica, day: rapid.Int32Range(0, 3).Draw(rt, "day"),
					next: rapid.Int32Range(0, 9).Draw(rt, "next"), away: rapid.Bool().Draw(rt, "away")}}
				v.put(one.household, one.mark)
				all[key] = one
			}
		}
		want := map[syncproto.ID][]visitMark{}
		for key, one := range all {
			want[one.household] = append(want[one.household], one.mark)
			if h, ok := v.household(key); h != one.household || !ok || one.mark.id() != key {
				rt.Errorf("visit %v is of %v, %v, want %v", key, h, ok, one.household)
			}
		}
		for time := range syncproto.Time(7) {
			for replica := range syncproto.ReplicaID(3) {
				h := syncproto.ID{Time: time, Replica: replica}
				slices.SortFunc(want[h], newerFirst)
				if got := v.of(h); !slices.Equal(got, want[h]) {
					rt.Errorf("of %v: %+v, want %+v", h, got, want[h])
				}
				if _, ok := v.household(h); ok != (all[h] != visit{}) {
					rt.Errorf("visit %v is there: %v", h, ok)
				}
			}
		}
		for _, marks := range want {
			for i := range len(marks) - 1 {
				if marks[i].day < marks[i+1].day {
					rt.Errorf("older first: %+v", marks)
				}
			}
		}
	})
}
