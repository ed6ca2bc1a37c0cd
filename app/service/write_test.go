package service

import (
	"errors"
	"strings"
	"testing"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func TestWriteIsAllOrNothing(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	good := edit.Edit{Collection: ledger.Household, New: 1, Set: []edit.Set{{Tag: tagOf(ledger.Household, "head_name"), Value: syncproto.TextOf("张三")}}}
	bad := edit.Edit{Collection: ledger.Resident, New: 2, Set: []edit.Set{{Tag: tagOf(ledger.Resident, "name"), Value: syncproto.TextOf("李四")}}}
	_, err := l.Book.Write([]edit.Edit{good, bad})
	var refused *EditError
	if !errors.As(err, &refused) || refused.Index != 1 {
		t.Fatalf("write: %v, want the second edit refused", err)
	}
	wantCode(t, "a resident without a household", err, syncproto.CodeField)
	if n := len(l.Book.roster.Households); n != 0 {
		t.Errorf("%d households after a refused list", n)
	}
	status, err := l.SyncStatus()
	if err != nil || status.ToSend != 0 {
		t.Errorf("to send %d (%v) after a refused list", status.ToSend, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	for _, c := range []struct {
		name, collection, id string
		values               map[string]any
		want                 syncproto.Code
	}{
		{"an unknown field", "household", v.first, map[string]any{"colour": "red"}, syncproto.CodeField},
		{"a wrong type", "household", v.first, map[string]any{"people": "three"}, syncproto.CodeField},
		{"a wrong check digit", "resident", v.head, map[string]any{"id_no": "330702196208150019"}, syncproto.CodeField},
		{"an emptied name", "resident", v.head, map[string]any{"name": nil}, syncproto.CodeField},
		{"a household that is not there", "resident", v.head, map[string]any{"household": "00000000000000000100"}, syncproto.CodeReference},
		{"a record that is not there", "resident", "00000000000000000100", map[string]any{"name": "张"}, syncproto.CodeNotFound},
		{"another village", "household", "", map[string]any{"head_name": "赵六", "village": other}, syncproto.CodeNotAllowed},
		{"a move to another village", "household", v.first, map[string]any{"village": other}, syncproto.CodeNotAllowed},
		{"what the township keeps", "notice", "", map[string]any{"title": "通知", "date": "2024-03-05"}, syncproto.CodeNotAllowed},
	} {
		c0, _ := ledger.ByKey(c.collection)
		id := syncproto.ID{}
		if c.id != "" {
			id = mustID(t, c.id)
		}
		edits, err := saveEdits(c0, id, c.values)
		if err == nil {
			_, err = l.Book.Write(edits)
		}
		wantCode(t, c.name, err, c.want)
		var e *syncproto.Error
		if errors.As(err, &e) && (e.Message == "" || e.Hint == "") {
			t.Errorf("%s: message %q, hint %q: both must be there", c.name, e.Message, e.Hint)
		}
	}
}

func TestReferencesBetweenEdits(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	tag := func(c syncproto.Collection, key string) syncproto.Tag { return tagOf(c, key) }
	w, err := l.Book.Write([]edit.Edit{
		{Collection: ledger.Household, New: 1, Set: []edit.Set{
			{Tag: tag(ledger.Household, "head_name"), Value: syncproto.TextOf("张三")},
			{Tag: tag(ledger.Household, "head"), To: 2}, // made by a later edit
		}},
		{Collection: ledger.Resident, New: 2, Set: []edit.Set{
			{Tag: tag(ledger.Resident, "name"), Value: syncproto.TextOf("张三")},
			{Tag: tag(ledger.Resident, "household"), To: 1},
		}},
		{Collection: ledger.ResidentPrivate, Companion: 2, Set: []edit.Set{
			{Tag: tag(ledger.ResidentPrivate, "id_no"), Value: syncproto.TextOf("330702196208150011")},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := l.Book.roster.Households[w.IDs[0]]
	if h == nil || h.HeadRef != w.IDs[1] || w.IDs[2] != w.IDs[1] {
		t.Errorf("household %+v, ids %v", h, w.IDs)
	}
	if h.Village != shaxi {
		t.Errorf("a new household belongs to %q, want the laptop's own village", h.Village)
	}
}

func TestNothingChangedIsNotWritten(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	sent(t, l)
	edits, err := saveEdits(ledger.Must(ledger.Resident), mustID(t, v.head), map[string]any{"name": "张三", "sex": "1", "note": nil})
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Book.Write(edits)
	if err != nil || len(w.Keys) != 0 || len(w.Undo) != 0 {
		t.Errorf("write of what is there: keys %v, undo %v, %v", w.Keys, w.Undo, err)
	}
	if status, _ := l.SyncStatus(); status.ToSend != 0 {
		t.Errorf("%d to send after nothing changed", status.ToSend)
	}
}

func TestUndo(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	b := l.Book
	undo := func(w Written) {
		t.Helper()
		if _, err := b.Write(w.Undo); err != nil {
			t.Fatalf("undo: %v", err)
		}
	}
	change, _ := saveEdits(ledger.Must(ledger.Resident), mustID(t, v.head), map[string]any{"phone": "13911112222", "job": "务农"})
	w, err := b.Write(change)
	if err != nil {
		t.Fatal(err)
	}
	undo(w)
	if p := b.roster.Residents[mustID(t, v.head)]; p.Phone != "13800001234" {
		t.Errorf("phone %q after undo", p.Phone)
	}
	w, err = b.Write([]edit.Edit{{Collection: ledger.Resident, ID: mustID(t, v.head), Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Keys) != 2 {
		t.Errorf("deleting a resident changed %v, want the private part too", w.Keys)
	}
	if _, there := b.roster.Residents[mustID(t, v.head)]; there {
		t.Error("a deleted resident is in the roster")
	}
	undo(w)
	if _, there := b.roster.Residents[mustID(t, v.head)]; !there {
		t.Error("undo did not bring the resident back")
	}
	made, _ := saveEdits(ledger.Must(ledger.Household), syncproto.ID{}, map[string]any{"head_name": "赵六"})
	w, err = b.Write(made)
	if err != nil {
		t.Fatal(err)
	}
	undo(w)
	if _, there := b.roster.Households[w.IDs[0]]; there {
		t.Error("undo did not take a new household away")
	}
}

func TestRolesMayWriteTheirOwn(t *testing.T) {
	household := map[string]any{"head_name": "赵六", "village": shaxi}
	for _, c := range []struct {
		role       ledger.Role
		scope      string
		collection string
		values     map[string]any
		want       syncproto.Code
	}{
		{ledger.RoleTownship, township, "household", household, ""},
		{ledger.RoleTownship, township, "household", map[string]any{"head_name": "赵六"}, syncproto.CodePlace},
		{ledger.RoleTownship, township, "notice", map[string]any{"title": "通知", "date": "2024-03-05"}, ""},
		{ledger.RoleGrid, shaxi + "001", "household", household, ""},
		{ledger.RoleGrid, shaxi + "001", "grid", map[string]any{"grid_name": "二网格"}, syncproto.CodeNotAllowed},
		{ledger.RoleInspector, shaxi, "household", household, syncproto.CodeNotAllowed},
	} {
		l, _ := joinedLaptop(t, &office{role: c.role, scope: c.scope, replica: 5})
		of, _ := ledger.ByKey(c.collection)
		edits, err := saveEdits(of, syncproto.ID{}, c.values)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Book.Write(edits)
		if err != nil && c.want == "" || syncproto.CodeOf(err) != c.want {
			t.Errorf("%s writes %s: %v, want %q", c.role, c.collection, err, c.want)
		}
	}
}

func TestConflictsAreDecided(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	sent(t, l)
	disputeField(t, l, "resident", v.head, "phone", "13600006666", 9)

	list, err := l.Book.Conflicts()
	if err != nil || len(list) != 1 {
		t.Fatalf("conflicts: %v, %v", list, err)
	}
	c := list[0].Fields[0]
	if list[0].Title != "张三" || c.Key != "phone" || len(c.Heads) != 2 {
		t.Fatalf("conflict %+v", list[0])
	}
	if first, second := c.Heads[0], c.Heads[1]; first.Text != "13800001234" || !first.Own || first.Shown || first.By != "王书记" ||
		second.Text != "13600006666" || second.Own || !second.Shown || second.Received == 0 || !c.LostOwn {
		t.Errorf("heads %+v", c)
	}
	if page, err := readPage(l.Book, v.first); err != nil || page.Household.Conflicts != 1 || len(page.People[0].Conflicts) != 1 {
		t.Errorf("the page shows %+v (%v), want the conflict", page.Household, err)
	}

	// A form that holds the shown value decides nothing.
	edits, _ := saveEdits(ledger.Must(ledger.Resident), mustID(t, v.head), map[string]any{"phone": "13600006666", "note": "去过"})
	if _, err := l.Book.Write(edits); err != nil {
		t.Fatal(err)
	}
	if n := l.Book.ConflictCount(); n != 1 {
		t.Fatalf("%d conflicts after a form was saved", n)
	}

	_, err = l.Book.ResolveTake(mustID(t, v.head), "phone", 3)
	wantCode(t, "a head that is not there", err, syncproto.CodeNotFound)
	_, err = l.Book.ResolveTake(mustID(t, v.head), "name", 1)
	wantCode(t, "an undisputed field", err, syncproto.CodeNotFound)
	if _, err := l.Book.ResolveTake(mustID(t, v.head), "phone", 1); err != nil {
		t.Fatal(err)
	}
	if n := l.Book.ConflictCount(); n != 0 || l.Book.roster.Residents[mustID(t, v.head)].Phone != "13800001234" {
		t.Errorf("after taking the first: %d conflicts, phone %s", n, l.Book.roster.Residents[mustID(t, v.head)].Phone)
	}

	sent(t, l)
	disputeField(t, l, "resident_private", v.head, "id_no", "33070219620815002X", 9)
	if _, err := l.Book.ResolveValue(mustID(t, v.head), "id_no", "330702196208150011"); err != nil {
		t.Errorf("resolve a companion's field with the value that is shown: %v", err)
	}
	if n := l.Book.ConflictCount(); n != 0 {
		t.Errorf("%d conflicts after a value was written", n)
	}
}

func readPage(b *Book, id string) (HouseholdPage, error) {
	var page HouseholdPage
	err := b.read(func(r reader) error {
		id, err := parseID(id)
		if err != nil {
			return err
		}
		page, err = r.page(id)
		return err
	})
	return page, err
}

func TestRejectionsAreKeptAndRetried(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	_, k, _ := keyFor("resident", v.wife)
	err := l.Store.Update(func(tx updater) error {
		d, err := tx.Delta(k)
		if err != nil {
			return err
		}
		d.Rejected = &syncproto.Rejection{Key: k, Code: syncproto.CodeScope, Message: "不归这台电脑管"}
		return tx.PutDelta(k, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := l.Book.Rejections()
	if err != nil || len(list) != 1 || list[0].Title != "李秀英" || list[0].Hint == "" || !strings.Contains(list[0].Fields, "姓名") {
		t.Fatalf("rejections %+v, %v", list, err)
	}
	before, _ := l.SyncStatus()
	if n, err := l.Book.RetryRejected(k); n != 1 || err != nil {
		t.Fatalf("retry: %d, %v", n, err)
	}
	after, _ := l.SyncStatus()
	if before.Rejected != 1 || after.Rejected != 0 || after.ToSend != before.ToSend+1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
