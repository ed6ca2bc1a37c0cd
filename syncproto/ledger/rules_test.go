package ledger

import (
	"testing"

	"gridbook/syncproto"
)

const (
	shaxi  = "330702009204"
	xiapei = "330702009209"
	town   = "330702009"
)

func TestMayReadAndWrite(t *testing.T) {
	for _, tc := range []struct {
		role        Role
		scope       string
		c           syncproto.Collection
		home        string
		read, write bool
	}{
		{RoleTownship, town, Notice, town, true, true},
		{RoleTownship, town, Resident, shaxi, true, true},
		{RoleTownship, town, Visit, xiapei, true, true},
		{RoleTownship, town, ResidentPrivate, shaxi, false, false},
		{RoleTownship, town, Visit, "330702010201", false, false},
		{RoleTownship, shaxi, Visit, shaxi, false, false},
		{RoleVillage, shaxi, Notice, town, true, false},
		{RoleVillage, shaxi, Village, xiapei, true, false},
		{RoleVillage, shaxi, Resident, shaxi, true, true},
		{RoleVillage, shaxi, ResidentPrivate, shaxi, true, true},
		{RoleVillage, shaxi, ResidentPrivate, xiapei, false, false},
		{RoleVillage, shaxi, Visit, xiapei, false, false},
		{RoleVillage, shaxi, Grid, shaxi, true, true},
		{RoleVillage, shaxi, Resource, town, false, false},
		{RoleGrid, shaxi + "001", Visit, shaxi, true, true},
		{RoleGrid, shaxi + "001", Household, shaxi, true, true},
		{RoleGrid, shaxi + "001", Grid, shaxi, true, false},
		{RoleGrid, shaxi + "001", Link, shaxi, true, false},
		{RoleGrid, shaxi + "001", ResidentPrivate, shaxi, false, false},
		{RoleGrid, shaxi, Visit, xiapei, false, false},
		{RoleInspector, town, Visit, shaxi, true, false},
		{RoleInspector, town, AccessLog, shaxi, true, true},
		{RoleInspector, shaxi, Visit, xiapei, false, false},
		{RoleVillage, shaxi, 799, shaxi, true, true},   // a log of a newer peer
		{RoleGrid, shaxi, 399, shaxi, true, false},     // a roster of a newer peer
		{RoleTownship, town, 999, shaxi, false, false}, // a private one
		{RoleVillage, shaxi, Visit, "", false, false},  // no home, nobody's
		{"mayor", shaxi, Visit, shaxi, false, false},   // no such role
		{RoleVillage, "3307", Visit, "3307", false, false},
	} {
		read, write := MayRead(tc.role, tc.scope, tc.c, tc.home), MayWrite(tc.role, tc.scope, tc.c, tc.home)
		if read != tc.read || write != tc.write {
			t.Errorf("%s of %s, collection %d at %q: read %v write %v, want %v %v", tc.role, tc.scope, tc.c, tc.home, read, write, tc.read, tc.write)
		}
	}
}

// record makes a record of the fields, written at its id.
func record(t testing.TB, c syncproto.Collection, n uint64, fields map[string]any) *syncproto.Record {
	t.Helper()
	id := syncproto.ID{Time: syncproto.Time(n), Replica: 1}
	rec := syncproto.NewRecord(c, id)
	for key, in := range fields {
		f, ok := Must(c).FieldByKey(key)
		if !ok {
			t.Fatalf("%s has no field %s", Must(c).Key, key)
		}
		v, ok := in.(syncproto.Value)
		if !ok {
			var err error
			if v, err = f.Parse(in); err != nil {
				t.Fatal(err)
			}
		}
		rec.Write(f.Tag, id, v)
	}
	return rec
}

func TestHome(t *testing.T) {
	ref := func(n uint64) syncproto.Value {
		return syncproto.RefOf(syncproto.ID{Time: syncproto.Time(n), Replica: 1})
	}
	grid := record(t, Grid, 1, map[string]any{"village": shaxi, "grid_name": "第一网格"})
	house := record(t, Household, 2, map[string]any{"village": xiapei, "head_name": "甲", "grid": ref(1)})
	person := record(t, Resident, 3, map[string]any{"village": shaxi, "household": ref(2)})
	secret := record(t, ResidentPrivate, 3, map[string]any{"village": shaxi})
	visit := record(t, Visit, 4, map[string]any{"village": shaxi, "household": ref(2)})
	photo := record(t, Attachment, 5, map[string]any{"visit": ref(4)})
	lost := record(t, Visit, 6, map[string]any{"village": shaxi, "household": ref(99)})
	matter := record(t, Matter, 7, map[string]any{"grid": ref(1)})
	all := map[syncproto.Key]*syncproto.Record{}
	for _, r := range []*syncproto.Record{grid, house, person, secret, visit, photo, lost, matter} {
		all[r.Key] = r
	}
	parent := func(k syncproto.Key) (*syncproto.Record, bool) { r, ok := all[k]; return r, ok }
	for _, tc := range []struct {
		name string
		rec  *syncproto.Record
		want string
	}{
		{"a household stands by itself", house, xiapei},
		{"a resident moves with the household", person, xiapei},
		{"and so does the private part", secret, xiapei},
		{"and a visit", visit, xiapei},
		{"and its photo, which names no village", photo, xiapei},
		{"without the household the own field counts", lost, shaxi},
		{"a matter without a household is the grid's", matter, shaxi},
	} {
		if got := Home(tc.rec, parent); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := Home(person, nil); got != shaxi {
		t.Errorf("without parents: %q", got)
	}
	if id, ok := GridOf(photo, parent); !ok || id != grid.ID {
		t.Errorf("grid of the photo: %v %v", id, ok)
	}
	if _, ok := GridOf(lost, parent); ok {
		t.Error("a visit to an unknown household has no grid")
	}
}

func TestHomeEndsInACycle(t *testing.T) {
	ref := func(n uint64) syncproto.Value {
		return syncproto.RefOf(syncproto.ID{Time: syncproto.Time(n), Replica: 1})
	}
	matter := record(t, Matter, 1, map[string]any{"visit": ref(2)})
	photo := record(t, Attachment, 2, map[string]any{"matter": ref(1)})
	if got := Home(photo, func(k syncproto.Key) (*syncproto.Record, bool) {
		return photo, k.Collection == Visit || k.Collection == Matter
	}); got != "" {
		t.Errorf("home %q", got)
	}
	_ = matter
}

func TestCheck(t *testing.T) {
	ref := syncproto.RefOf(syncproto.ID{Time: 9, Replica: 1})
	whole := func() map[string]any {
		return map[string]any{"date": "2024-03-05", "mode": "door", "visitor_name": "甲", "household": ref}
	}
	without := func(key string) *syncproto.Record {
		m := whole()
		delete(m, key)
		return record(t, Visit, 1, m)
	}
	if err := Check(record(t, Visit, 1, whole())); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"date", "mode", "visitor_name", "household"} {
		if err := Check(without(key)); CauseOf(err) != CauseRequired {
			t.Errorf("without %s: %v", key, err)
		}
		if err := CheckFields(without(key)); err != nil {
			t.Errorf("a delta may lack %s: %v", key, err)
		}
	}
	gone := without("date")
	gone.Write(TagDeleted, syncproto.ID{Time: 2, Replica: 1}, syncproto.BoolOf(true))
	if err := Check(gone); err != nil {
		t.Errorf("a deleted record may lack fields: %v", err)
	}
	wrong := record(t, Visit, 1, whole())
	wrong.Write(Must(Visit).Tag("date"), syncproto.ID{Time: 2, Replica: 1}, syncproto.TextOf("2024"))
	if err := Check(wrong); CauseOf(err) != CauseKind {
		t.Errorf("text in a date: %v", err)
	}
	newer := record(t, Visit, 1, whole())
	newer.Write(9999, syncproto.ID{Time: 2, Replica: 1}, syncproto.TextOf("?"))
	newer.Write(Must(Visit).Tag("mode"), syncproto.ID{Time: 2, Replica: 1}, syncproto.TextOf("drone"))
	if err := Check(newer); err != nil {
		t.Errorf("unknown tags and codes of a newer peer pass: %v", err)
	}
	if err := Check(syncproto.NewRecord(777, syncproto.ID{Time: 1})); err != nil {
		t.Errorf("unknown collections pass: %v", err)
	}
}

// Every head is checked, not only the one shown.
func TestCheckLooksAtAllHeads(t *testing.T) {
	rec := record(t, Household, 1, map[string]any{"head_name": "甲"})
	tag := Must(Household).Tag("people")
	one, two := rec.Clone(), rec.Clone()
	one.Write(tag, syncproto.Stamp{Time: 5, Replica: 1}, syncproto.TextOf("many"))
	two.Write(tag, syncproto.Stamp{Time: 6, Replica: 2}, syncproto.IntOf(4))
	one.Join(two)
	if err := Check(one); CauseOf(err) != CauseKind {
		t.Errorf("the hidden head is of the wrong kind: %v", err)
	}
}

func TestDeleted(t *testing.T) {
	rec := record(t, Household, 1, map[string]any{"head_name": "甲"})
	gone, back := rec.Clone(), rec.Clone()
	gone.Write(TagDeleted, syncproto.Stamp{Time: 6, Replica: 1}, syncproto.BoolOf(true))
	back.Write(TagDeleted, syncproto.Stamp{Time: 5, Replica: 2}, syncproto.BoolOf(false))
	if Deleted(rec) || !Deleted(gone) || Deleted(back) {
		t.Error("the mark alone decides")
	}
	gone.Join(back)
	if Deleted(gone) {
		t.Error("a disputed deletion stays visible")
	}
}
