package ledger

import (
	"reflect"
	"slices"
	"testing"

	"gridbook/syncproto"
)

func TestHubRecordsReadBack(t *testing.T) {
	at := syncproto.Stamp{Time: syncproto.TimeAt(1_700_000_000_000), Replica: syncproto.HubReplica}
	of := syncproto.Key{Collection: Household, ID: syncproto.Stamp{Time: 5, Replica: 7}}
	item := syncproto.Item{Of: of, Kind: syncproto.ItemHeld, Home: shaxi, Device: 3, Person: "李四", Reason: "换了村", Content: []byte{1, 2}, Closed: true, Received: 17}
	r := Policy{}.Inbox(at, item)
	if got, ok := (Policy{}).ReadInbox(r); !ok || !reflect.DeepEqual(got, item) {
		t.Errorf("%+v", got)
	}
	r.Write(Must(Inbox).Tag("decision"), at, syncproto.TextOf(DecisionDismiss))
	if got, _ := (Policy{}).ReadInbox(r); !got.Decided || got.Taken {
		t.Errorf("dismissed: %+v", got)
	}
	r.Write(Must(Inbox).Tag("decision"), at, syncproto.TextOf(DecisionTake))
	if got, _ := (Policy{}).ReadInbox(r); !got.Decided || !got.Taken {
		t.Errorf("taken: %+v", got)
	}
	newer := syncproto.Erasure{Of: syncproto.Key{Collection: 777, ID: of.ID}, Home: town, At: 9, Reason: "依法"}
	e := Policy{}.Erased(at, newer)
	if got, ok := (Policy{}).ReadErased(e); !ok || got != newer || (Policy{}).Parent(e) != newer.Of {
		t.Errorf("%+v", got)
	}
	if _, ok := (Policy{}).ReadInbox(e); ok {
		t.Error("an erasure is read as an item")
	}
}

// A deposit has of its item what its author may know, and the rest closed.
func TestDeposit(t *testing.T) {
	at := syncproto.Stamp{Time: 5 << 16, Replica: syncproto.HubReplica}
	of := syncproto.Key{Collection: Visit, ID: syncproto.Stamp{Time: 3 << 16, Replica: 7}}
	item := Policy{}.Inbox(at, syncproto.Item{Of: of, Kind: syncproto.ItemHeld, Home: shaxi, Person: "刘秀", Reason: "已离任", Content: []byte{1, 2}, Received: 99})
	item.Write(Must(Inbox).Tag("decision"), at, syncproto.TextOf(DecisionTake))
	d := Policy{}.Deposit(at, item, []byte("closed"))
	c := Must(Deposit)
	for key, want := range map[string]syncproto.Value{
		"collection": syncproto.TextOf("visit"), "record": syncproto.RefOf(of.ID),
		"reason": syncproto.TextOf("已离任"), "received": syncproto.IntOf(99), "decision": syncproto.TextOf(DecisionTake),
	} {
		if got := d.Value(c.Tag(key)); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if d.ID != item.ID || (Policy{}).Parent(d) != of || (Policy{}).Home(d) != "" || string(Policy{}.ReadDeposit(d)) != "closed" {
		t.Errorf("%+v", d)
	}
	if got := (Policy{}).Scopes(town, Deposit, "5,9"); !slices.Equal(got, []syncproto.Scope{"d5", "d9"}) {
		t.Errorf("stands in %v", got)
	}
	if got := (Policy{}).Scopes(town, Deposit, ""); len(got) > 0 {
		t.Errorf("without a holder it stands in %v", got)
	}
	if err := Check(d); err == nil {
		t.Error("a deposit without a seal passes")
	}
	d.Write(c.Tag("seal"), at, syncproto.BytesOf(make([]byte, 32)))
	if err := Check(d); err != nil {
		t.Error(err)
	}
}

// The fields that the seal does not cover are those that the township writes.
func TestSealsCoverWhatTheHubWrites(t *testing.T) {
	for _, c := range All() {
		seal, open, ok := (Policy{}).Seal(c.Number)
		if want := c.Number == Device || c.Number == Erased || c.Number == Inbox || c.Number == Deposit; ok != want {
			t.Errorf("%s: sealed %v", c.Key, ok)
		}
		if !ok {
			continue
		}
		if f, there := c.Field(seal); !there || f.Type != Hash {
			t.Errorf("%s: the seal is %v", c.Key, f)
		}
		for _, tag := range open {
			if f, _ := c.Field(tag); c.Number != Inbox || f.Required {
				t.Errorf("%s.%s is open", c.Key, f.Key)
			}
		}
	}
}

func TestOtherGrid(t *testing.T) {
	id := func(n int) syncproto.ID { return syncproto.Stamp{Time: syncproto.Time(n), Replica: 2} }
	records := map[syncproto.Key]*syncproto.Record{}
	add := func(c syncproto.Collection, n int, key string, v syncproto.Value) *syncproto.Record {
		r := syncproto.NewRecord(c, id(n))
		if key != "" {
			r.Write(Must(c).Tag(key), id(n), v)
		}
		records[r.Key] = r
		return r
	}
	get := func(k syncproto.Key) *syncproto.Record { return records[k] }
	add(Grid, 1, "grid_code", syncproto.TextOf(shaxi+"001"))
	add(Grid, 2, "grid_code", syncproto.TextOf(shaxi+"002"))
	add(Grid, 3, "", syncproto.Value{})
	homes := map[string]*syncproto.Record{
		shaxi + "001": add(Household, 11, "grid", syncproto.RefOf(id(1))),
		shaxi + "002": add(Household, 12, "grid", syncproto.RefOf(id(2))),
		"":            add(Household, 13, "", syncproto.Value{}),
		"no code":     add(Household, 14, "grid", syncproto.RefOf(id(3))),
		"not here":    add(Household, 15, "grid", syncproto.RefOf(id(4))),
	}
	for name, home := range homes {
		visit := add(Visit, 100+int(home.ID.Time), "household", syncproto.RefOf(home.ID))
		step := add(Matter, 200+int(home.ID.Time), "visit", syncproto.RefOf(visit.ID))
		for _, rec := range []*syncproto.Record{home, visit, step} {
			for _, c := range []struct {
				role  Role
				scope string
				want  bool
			}{
				{RoleGrid, shaxi + "001", name == shaxi+"002"},
				{RoleGrid, shaxi + "002", name == shaxi+"001"},
				{RoleGrid, shaxi, false},
				{RoleVillage, shaxi, false},
			} {
				if code, other := OtherGrid(c.role, c.scope, rec, get); other != c.want || other && code != name {
					t.Errorf("%s %s at %v of %q: %q, %v", c.role, c.scope, rec.Key, name, code, other)
				}
			}
		}
	}
	from, to := homes[shaxi+"001"], homes[shaxi+"001"].Clone()
	to.Write(Must(Household).Tag("grid"), id(99), syncproto.RefOf(id(2)))
	if left := (Policy{}).Left(syncproto.Change{Before: from, After: to, Record: get}); len(left) != 1 || left[0] != syncproto.GridScope(shaxi+"001") {
		t.Errorf("left %v", left)
	}
	if left := (Policy{}).Left(syncproto.Change{Before: to, After: to, Record: get}); left != nil {
		t.Errorf("left %v", left)
	}
}
