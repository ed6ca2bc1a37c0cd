package roster

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// made returns a record as it would come from the store.
func made(c syncproto.Collection, at ID, values map[string]any) *syncproto.Record {
	rec := syncproto.NewRecord(c, at)
	for key, v := range values {
		f, ok := ledger.Must(c).FieldByKey(key)
		if !ok {
			panic("no field " + key)
		}
		if ref, ok := v.(ID); ok {
			v = ref.String()
		}
		value, err := f.Parse(v)
		if err != nil {
			panic(err)
		}
		rec.Write(f.Tag, at, value)
	}
	return rec
}

func merged(at, keep, drop ID) *syncproto.Record {
	return made(ledger.Merge, at, map[string]any{"collection": "household", "keep": keep, "drop": drop, "decision": "same"})
}

// twoHouses has a household and its double, each with a person, a link and a
// care mark.
func twoHouses() (r *Roster, keep, drop ID) {
	r = New()
	for i, n := range []int{1, 2} {
		r.Put(made(ledger.Household, id(n), map[string]any{"head_name": "张三", "address": "12号"}))
		r.Put(made(ledger.Resident, id(10+n), map[string]any{"household": id(n), "name": []string{"张三", "李秀英"}[i]}))
		r.Put(made(ledger.Link, id(20+n), map[string]any{"household": id(n), "member": id(50)}))
		r.Put(made(ledger.Care, id(30+n), map[string]any{"resident": id(10 + n), "care": "alone", "review": "2025-01-01"}))
	}
	r.Settle()
	return r, id(1), id(2)
}

func TestMergeLeadsEverythingToTheOneThatIsKept(t *testing.T) {
	r, keep, drop := twoHouses()
	r.Put(merged(id(90), keep, drop))
	r.Settle()
	if r.Households[drop] != nil || r.Households[keep] == nil || len(r.Sorted()) != 1 {
		t.Fatal("the dropped household is still shown")
	}
	if n := len(r.PeopleOf(keep)); n != 2 {
		t.Errorf("%d people, want those of both", n)
	}
	if n := len(r.LinksTo(keep)); n != 2 {
		t.Errorf("%d links, want those of both", n)
	}
	if n := len(r.CaresOf(keep)); n != 2 {
		t.Errorf("%d care marks, want those of both", n)
	}
	if got := r.Residents[id(12)].Household; got != keep {
		t.Errorf("the person of the dropped household lives in %v", got)
	}
	if hits := r.Search("12号", 0, nil); len(hits) != 1 || hits[0].ID != keep {
		t.Errorf("search finds %v", hits)
	}
	// A record that names the dropped one arrives later.
	r.Put(made(ledger.Resident, id(99), map[string]any{"household": drop, "name": "张小明"}))
	r.Settle()
	if n := len(r.PeopleOf(keep)); n != 3 || r.Residents[id(99)].Household != keep {
		t.Errorf("a late person is not with the others: %d", n)
	}
}

func TestUnmergeTakesApart(t *testing.T) {
	for name, undo := range map[string]func(*Roster){
		"undone": func(r *Roster) {
			rec := merged(id(90), id(1), id(2))
			rec.Write(ledger.Must(ledger.Merge).Tag("undone"), id(91), syncproto.BoolOf(true))
			r.Put(rec)
		},
		"deleted": func(r *Roster) {
			rec := merged(id(90), id(1), id(2))
			rec.Write(ledger.TagDeleted, id(91), syncproto.BoolOf(true))
			r.Put(rec)
		},
		"gone": func(r *Roster) { r.Remove(syncproto.Key{Collection: ledger.Merge, ID: id(90)}) },
	} {
		r, keep, drop := twoHouses()
		r.Put(merged(id(90), keep, drop))
		r.Settle()
		undo(r)
		r.Settle()
		if r.Households[drop] == nil || len(r.PeopleOf(keep)) != 1 || len(r.PeopleOf(drop)) != 1 || len(r.LinksTo(drop)) != 1 ||
			len(r.CaresOf(keep)) != 1 || len(r.CaresOf(drop)) != 1 || r.Residents[id(12)].Household != drop {
			t.Errorf("%s: the two are not as they were", name)
		}
	}
}

func TestOppositeMergesAgreeOnTheOlder(t *testing.T) {
	for _, order := range [][]int{{90, 91}, {91, 90}} {
		r, a, b := twoHouses()
		for _, n := range order {
			keep, drop := a, b
			if n == 91 {
				keep, drop = b, a
			}
			r.Put(merged(id(n), keep, drop))
			r.Settle()
		}
		if r.Resolve(b) != a || r.Resolve(a) != a || len(r.PeopleOf(a)) != 2 {
			t.Errorf("order %v: %v stands for both", order, r.Resolve(b))
		}
	}
}

func TestMergeNeverHidesTheLast(t *testing.T) {
	r, keep, drop := twoHouses()
	r.Put(merged(id(90), keep, drop))
	r.Settle()
	r.Remove(syncproto.Key{Collection: ledger.Household, ID: keep})
	r.Settle()
	if r.Households[drop] == nil || len(r.PeopleOf(drop)) != 2 {
		t.Error("with the kept household gone the other does not show")
	}
}

func TestMergesOfOtherThingsDoNothing(t *testing.T) {
	r, keep, drop := twoHouses()
	rec := merged(id(90), keep, drop)
	rec.Write(ledger.Must(ledger.Merge).Tag("collection"), id(90), syncproto.TextOf("visit"))
	r.Put(rec)
	r.Put(merged(id(91), keep, id(12))) // a household and a person
	r.Put(merged(id(92), keep, keep))
	r.Settle()
	if len(r.Households) != 2 || len(r.Residents) != 2 {
		t.Error("something was folded")
	}
}

// Whatever the order in which records and decisions arrive, the same is shown,
// nothing is lost from view, and references end somewhere.
func TestMergesDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const houses = 6
		var all []*syncproto.Record
		for n := 1; n <= houses; n++ {
			all = append(all, made(ledger.Household, id(n), map[string]any{"head_name": "张三"}),
				made(ledger.Resident, id(10+n), map[string]any{"household": id(n), "name": "张三"}))
		}
		for n := range rapid.IntRange(0, 8).Draw(t, "merges") {
			keep, drop := rapid.IntRange(1, houses+1).Draw(t, "keep"), rapid.IntRange(1, houses+1).Draw(t, "drop")
			rec := merged(id(100+n), id(keep), id(drop))
			if rapid.IntRange(0, 4).Draw(t, "undone") == 0 {
				rec.Write(ledger.Must(ledger.Merge).Tag("undone"), id(200+n), syncproto.BoolOf(true))
			}
			all = append(all, rec)
		}
		build := func(list []*syncproto.Record, settle bool) *Roster {
			r := New()
			for _, rec := range list {
				r.Put(rec)
				if settle {
					r.Settle()
				}
			}
			r.Settle()
			return r
		}
		one := build(all, false)
		two := build(rapid.Permutation(all).Draw(t, "order"), true)
		keys := func(r *Roster) []ID { return slices.SortedFunc(maps.Keys(r.Households), ID.Compare) }
		if !slices.Equal(keys(one), keys(two)) {
			t.Fatalf("shown %v and %v", keys(one), keys(two))
		}
		people := 0
		for h := range two.Households {
			people += len(two.PeopleOf(h))
			if len(one.PeopleOf(h)) != len(two.PeopleOf(h)) {
				t.Fatalf("household %v has other people", h)
			}
		}
		if people != houses {
			t.Fatalf("%d of %d people are shown", people, houses)
		}
		for _, p := range two.Residents {
			if two.Households[p.Household] == nil {
				t.Fatalf("person %v lives in a household that is not shown", p.ID)
			}
		}
	})
}
