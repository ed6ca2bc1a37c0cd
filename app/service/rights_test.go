package service

import (
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// known puts records on a laptop as the server would.
func known(t testing.TB, l *Laptop, records ...*syncproto.Record) {
	t.Helper()
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		for _, r := range records {
			if err := tx.PutAgreed(r.Key, r, 1_709_600_000_000); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		l.received(News{Keys: []syncproto.Key{r.Key}})
	}
}

func given(c syncproto.Collection, n int64, fields map[string]syncproto.Value) *syncproto.Record {
	id := syncproto.Stamp{Time: syncproto.TimeAt(1_700_000_000_000 + n), Replica: 9}
	r := syncproto.NewRecord(c, id)
	for key, v := range fields {
		r.Write(ledger.Must(c).Tag(key), id, v)
	}
	return r
}

// A grid worker's laptop says at once what the server would refuse.
func TestGridWorkersKeepToTheirGrid(t *testing.T) {
	l, _ := joinedLaptop(t, &office{role: ledger.RoleGrid, scope: shaxi + "001", replica: 5})
	place := syncproto.TextOf(shaxi)
	grid := func(n int64, code string) *syncproto.Record {
		return given(ledger.Grid, n, map[string]syncproto.Value{"village": place, "grid_name": syncproto.TextOf("网格"), "grid_code": syncproto.TextOf(shaxi + code)})
	}
	home := func(n int64, grid *syncproto.Record) *syncproto.Record {
		return given(ledger.Household, n, map[string]syncproto.Value{"village": place, "head_name": syncproto.TextOf("张三"), "grid": syncproto.RefOf(grid.ID)})
	}
	own, others := grid(1, "001"), grid(2, "002")
	mine, theirs := home(3, own), home(4, others)
	known(t, l, own, others, mine, theirs)
	set := func(home *syncproto.Record, fields map[string]any) error {
		edits, err := saveEdits(ledger.Must(ledger.Household), home.ID, fields)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Book.Write(edits)
		return err
	}
	visit := func(home *syncproto.Record) error {
		edits, err := saveEdits(ledger.Must(ledger.Visit), syncproto.ID{}, map[string]any{
			"household": home.ID.String(), "date": "2024-03-05", "mode": "door", "visitor_name": "李四"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Book.Write(edits)
		return err
	}
	wantCode(t, "an edit in the own grid", set(mine, map[string]any{"phone": "13800001234"}), "")
	wantCode(t, "a visit in the own grid", visit(mine), "")
	wantCode(t, "an edit in another grid", set(theirs, map[string]any{"phone": "13800001234"}), syncproto.CodeNotAllowed)
	wantCode(t, "a visit in another grid", visit(theirs), syncproto.CodeNotAllowed)
	wantCode(t, "taking a household", set(theirs, map[string]any{"grid": own.ID.String()}), syncproto.CodeNotAllowed)
	wantCode(t, "giving one away", set(mine, map[string]any{"grid": others.ID.String()}), "")
	wantCode(t, "writing where it went", set(mine, map[string]any{"phone": "13800004321"}), syncproto.CodeNotAllowed)
}

// The township gives a laptop another role: it heeds it when it starts again.
func TestIdentityFollowsTheList(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	known(t, l,
		given(ledger.Device, 1, map[string]syncproto.Value{"replica": syncproto.IntOf(3), "role": syncproto.TextOf("grid"), "scope": syncproto.TextOf(other + "001")}),
		given(ledger.Device, 2, map[string]syncproto.Value{"replica": syncproto.IntOf(4), "role": syncproto.TextOf("township"), "scope": syncproto.TextOf(township)}))
	err := l.Store.View(func(tx *boltstore.Tx) error {
		id, err := readIdentity(tx)
		if err != nil {
			return err
		}
		if id, err = id.current(tx); err != nil {
			return err
		}
		if id.Role != ledger.RoleGrid || id.Scope != other+"001" || id.Person != "王书记" {
			t.Errorf("%+v", id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A laptop that was copied, or restored, has several numbers and is one laptop.
func TestVillagesCountLaptops(t *testing.T) {
	l, _ := joinedLaptop(t, &office{role: ledger.RoleTownship, scope: township, replica: 5})
	device := func(replica int64, person string) *syncproto.Record {
		return given(ledger.Device, replica, map[string]syncproto.Value{"replica": syncproto.IntOf(replica), "person": syncproto.TextOf(person),
			"name": syncproto.TextOf("村部电脑"), "role": syncproto.TextOf("village"), "scope": syncproto.TextOf(shaxi)})
	}
	known(t, l, device(6, "张三"), device(7, "李四"), device(8, "张三"))
	err := l.Store.View(func(tx *boltstore.Tx) error {
		if n := (reader{Book: l.Book, tx: tx}).uploads()[shaxi].devices; n != 2 {
			t.Errorf("%d laptops, want 2", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
