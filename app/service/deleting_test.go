package service

import (
	"slices"
	"strings"
	"testing"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// apart are two laptops that hold the same village and write apart.
func apart(t *testing.T) (a, b *Laptop, v village) {
	t.Helper()
	a, _ = joinedLaptop(t, secretary())
	b, _ = joinedLaptop(t, &office{role: ledger.RoleVillage, scope: shaxi, replica: 4})
	v = settle(t, a.Book)
	meet(t, a, b)
	return a, b, v
}

func change(t *testing.T, l *Laptop, collection, id string, values map[string]any) {
	t.Helper()
	c, _ := ledger.ByKey(collection)
	edits, err := saveEdits(c, mustID(t, id), values)
	check(t, err)
	_, err = l.Book.Write(edits)
	check(t, err)
}

func remove(t *testing.T, l *Laptop, collection, id string) Written {
	t.Helper()
	c, _ := ledger.ByKey(collection)
	w, err := l.Book.Write([]edit.Edit{{Collection: c.Number, ID: mustID(t, id), Delete: true}})
	check(t, err)
	return w
}

func mustConflicts(t *testing.T, l *Laptop) []ConflictRow {
	t.Helper()
	out, err := l.Book.Conflicts()
	check(t, err)
	return out
}

func idNoOf(t *testing.T, l *Laptop, household, resident string) string {
	t.Helper()
	people := mustPage(t, l.Book, household).People
	i := slices.IndexFunc(people, func(p ResidentRow) bool { return p.ID == resident })
	if i < 0 {
		return "gone"
	}
	return people[i].IDNo
}

// TestDeletedWithItsPart: the private part stands and falls with its person,
// whichever of the two was edited.
func TestDeletedWithItsPart(t *testing.T) {
	phone, number := map[string]any{"phone": "13900001111"}, map[string]any{"id_no": "33070219620815002X"}
	for name, values := range map[string][]map[string]any{"the person": {phone}, "the part": {number}, "both": {phone, number}} {
		for _, deleted := range []bool{true, false} {
			a, b, v := apart(t)
			was := idNoOf(t, b, v.first, v.head)
			remove(t, a, "resident", v.head)
			for _, one := range values {
				change(t, b, "resident", v.head, one)
			}
			meet(t, a, b)
			if len(mustConflicts(t, b)) == 0 {
				t.Fatalf("%s: nobody is asked", name)
			}
			if idNoOf(t, b, v.first, v.head) == "" {
				t.Errorf("%s: the number went before anyone decided", name)
			}
			w, err := b.Book.ResolveValue(mustID(t, v.head), "deleted", deleted)
			check(t, err)
			meet(t, a, b)
			for _, l := range []*Laptop{a, b} {
				if rows := mustConflicts(t, l); len(rows) != 0 {
					t.Errorf("%s, %v: still to be decided: %+v", name, deleted, rows)
				}
				switch got := idNoOf(t, l, v.first, v.head); {
				case deleted && got != "gone":
					t.Errorf("%s: deleted, and there: %q", name, got)
				case !deleted && (got == "" || got == "gone" || name == "the person" && got != was):
					t.Errorf("%s: kept, and the number is %q", name, got)
				}
			}
			_, err = b.Book.Write(w.Undo)
			check(t, err)
			if len(mustConflicts(t, b)) == 0 {
				t.Errorf("%s, %v: taken back, and nobody is asked again", name, deleted)
			}
		}
	}
}

// TestDeletedBothUndone: the undo of a deletion brings both back.
func TestDeletedBothUndone(t *testing.T) {
	a, _, v := apart(t)
	was := idNoOf(t, a, v.first, v.head)
	w := remove(t, a, "resident", v.head)
	if got := idNoOf(t, a, v.first, v.head); got != "gone" {
		t.Fatalf("deleted: %q", got)
	}
	_, err := a.Book.Write(w.Undo)
	check(t, err)
	if got := idNoOf(t, a, v.first, v.head); got != was || was == "" {
		t.Errorf("%q, was %q", got, was)
	}
}

// TestDeletionDecidedTwice: two people who decide otherwise at once are asked.
func TestDeletionDecidedTwice(t *testing.T) {
	a, b, v := apart(t)
	remove(t, a, "household", v.second)
	change(t, b, "household", v.second, map[string]any{"phone": "13900001111"})
	meet(t, a, b)
	for l, deleted := range map[*Laptop]bool{a: true, b: false} {
		_, err := l.Book.ResolveValue(mustID(t, v.second), "deleted", deleted)
		check(t, err)
	}
	meet(t, a, b)
	if n := len(mustConflicts(t, a)); n != 1 {
		t.Errorf("%d to be decided", n)
	}
}

// TestDeletionDecidedTells: every author whose edit goes is told, and nobody of
// their own decision.
func TestDeletionDecidedTells(t *testing.T) {
	a, b, v := apart(t)
	c, _ := joinedLaptop(t, &office{role: ledger.RoleVillage, scope: shaxi, replica: 5})
	meet(t, a, c)
	remove(t, a, "household", v.second)
	change(t, b, "household", v.second, map[string]any{"phone": "13900001111"})
	change(t, c, "household", v.second, map[string]any{"note": "听力不好"})
	meet(t, a, b)
	meet(t, a, c)
	meet(t, a, b)
	_, err := a.Book.ResolveValue(mustID(t, v.second), "deleted", true)
	check(t, err)
	meet(t, a, b)
	meet(t, a, c)
	for l, want := range map[*Laptop]int{a: 0, b: 1, c: 1} {
		list, err := l.Book.LostValues()
		check(t, err)
		if len(list) != want {
			t.Errorf("told %d times, want %d: %+v", len(list), want, list)
		}
	}
}

// TestDeletionOverOwnEdit: who decides against their own edit needs no telling.
func TestDeletionOverOwnEdit(t *testing.T) {
	a, b, v := apart(t)
	remove(t, a, "household", v.second)
	change(t, b, "household", v.second, map[string]any{"phone": "13900001111"})
	meet(t, a, b)
	_, err := b.Book.ResolveValue(mustID(t, v.second), "deleted", true)
	check(t, err)
	check(t, b.Book.noteLost([]syncproto.Key{{Collection: ledger.Household, ID: mustID(t, v.second)}}))
	list, err := b.Book.LostValues()
	check(t, err)
	if len(list) != 0 {
		t.Errorf("told of its own decision: %+v", list)
	}
}

// TestDeletionInDump: what people have to decide is a conflict in the dump too.
func TestDeletionInDump(t *testing.T) {
	a, b, v := apart(t)
	remove(t, a, "household", v.second)
	change(t, b, "household", v.second, map[string]any{"phone": "13900001111"})
	meet(t, a, b)
	d := ledger.Dump{Author: func(syncproto.ReplicaID) string { return "x" }, Parent: func(syncproto.Key) (*syncproto.Record, bool) { return nil, false }}
	line, err := d.Line(recordOf(t, a, syncproto.Key{Collection: ledger.Household, ID: mustID(t, v.second)}))
	check(t, err)
	if !strings.Contains(string(line), `"deleted":{"heads"`) || strings.Contains(string(line), "tag63") {
		t.Errorf("%s", line)
	}
}
