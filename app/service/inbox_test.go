package service

import (
	"strings"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// arrive puts an item into the inbox, as the server writes it.
func arrive(t testing.TB, l *Laptop, kind string, of syncproto.Key, at syncproto.Stamp, fields map[string]any) string {
	t.Helper()
	c := ledger.Must(of.Collection)
	came := syncproto.NewRecord(of.Collection, of.ID)
	for key, v := range fields {
		f, _ := c.FieldByKey(key)
		parsed, err := f.Parse(v)
		if err != nil {
			t.Fatal(err)
		}
		came.Write(f.Tag, at, parsed)
	}
	rec := ledger.Policy{}.Inbox(at, syncproto.Item{
		Of: of, Kind: kind, Home: shaxi, Device: 7, Person: "刘秀", Reason: "写的人已不再负责这里", Received: 1_709_600_000_000,
		Content: syncproto.AppendRecord(nil, came),
	})
	rec.Write(ledger.Must(ledger.Inbox).Tag("seal"), at, syncproto.BytesOf(make([]byte, 32)))
	err := l.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(rec.Key, rec, 1_709_600_000_000) })
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{rec.Key}})
	return rec.ID.String()
}

func TestInbox(t *testing.T) {
	s, _, _, _ := unlockedService(t, &office{role: ledger.RoleTownship, scope: township, replica: 8})
	l := s.laptop
	home := put(t, l.Book, "household", map[string]any{"village": shaxi, "head_name": "张三", "address": "12号", "phone": "13800001234"})
	k := syncproto.Key{Collection: ledger.Household, ID: mustID(t, home)}
	at := syncproto.Stamp{Time: k.ID.Time + 1<<20, Replica: syncproto.HubReplica}
	joined := arrive(t, l, syncproto.ItemJoined, k, at, map[string]any{"phone": "13800001234"})
	at.Time++
	held := arrive(t, l, syncproto.ItemHeld, k, at, map[string]any{"phone": "13900001111", "address": "12号"})
	at.Time++
	gone := syncproto.Key{Collection: ledger.Household, ID: syncproto.ID{Time: at.Time, Replica: 9}}
	elsewhere := arrive(t, l, syncproto.ItemHeld, gone, at, map[string]any{"head_name": "赵六"})
	at.Time++
	person := syncproto.Key{Collection: ledger.Resident, ID: syncproto.ID{Time: at.Time, Replica: 9}}
	theirs := arrive(t, l, syncproto.ItemHeld, person, at, map[string]any{"name": "赵小六", "household": gone.ID.String(), "phone": nil})

	box, err := s.Inbox(t.Context(), 0)
	if err != nil || box.Open != 4 || len(box.Rows) != 4 || box.Rows[3].ID != joined || box.Rows[3].Held {
		t.Fatalf("inbox %+v %v", box, err)
	}
	for _, row := range box.Rows {
		switch row.ID {
		case held:
			if len(row.Fields) != 2 || row.Title != "张三" || row.Household != home || !row.CanWrite || row.Village != "沙溪村" && row.Village == "" {
				t.Errorf("held %+v", row)
			}
			for _, f := range row.Fields {
				if f.Differs != (f.Key == "phone") {
					t.Errorf("%s: came %q, now %q, differs %v", f.Key, f.Came, f.Now, f.Differs)
				}
			}
		case theirs:
			came := map[string]string{}
			for _, f := range row.Fields {
				came[f.Key] = f.Came
			}
			if !strings.Contains(came["household"], "赵六") || came["phone"] != "" {
				t.Errorf("what it refers to came as well, and is not here: %+v", row.Fields)
			}
		case elsewhere:
			if row.Here || row.Title != "赵六" {
				t.Errorf("of a record that is not here: %+v", row)
			}
		}
	}
	shown := map[string]string{}
	for _, row := range box.Rows {
		shown[row.ID] = row.Version
	}
	saved, err := s.DecideInbox(t.Context(), held, "take", shown[held])
	if err != nil {
		t.Fatal(err)
	}
	if home, err := s.Home(t.Context()); err != nil || home.Inbox != 3 {
		t.Errorf("the first screen counts %d (%v)", home.Inbox, err)
	}
	if box, err = s.Inbox(t.Context(), 0); err != nil || box.Open != 3 || box.Rows[3].ID != held || box.Rows[3].By != "王书记" {
		t.Errorf("after the decision %+v %v", box, err)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if box, err = s.Inbox(t.Context(), 0); err != nil || box.Open != 4 {
		t.Errorf("after the undo %d open (%v)", box.Open, err)
	}
	_, err = s.DecideInbox(t.Context(), held, "perhaps", shown[held])
	wantCode(t, "no decision", err, syncproto.CodeUsage)
}

// Nobody decides about what they did not see: more may have come, or another
// officer may have decided, between reading and clicking.
func TestInboxIsDecidedAsItWasShown(t *testing.T) {
	c := ledger.Must(ledger.Inbox)
	rejoin := func(l *Laptop, id string, change func(rec *syncproto.Record, at syncproto.Stamp)) {
		k := syncproto.Key{Collection: ledger.Inbox, ID: mustID(t, id)}
		err := l.Store.Update(func(tx *boltstore.Tx) error {
			rec, err := tx.Get(k)
			if err != nil {
				return err
			}
			at := syncproto.Stamp{Time: rec.Newest() + 1<<20, Replica: syncproto.HubReplica}
			change(rec, at)
			return tx.PutAgreed(k, rec, 1_709_600_000_000)
		})
		if err != nil {
			t.Fatal(err)
		}
		l.received(News{Keys: []syncproto.Key{k}})
	}
	for name, one := range map[string]struct {
		meanwhile func(rec *syncproto.Record, at syncproto.Stamp)
		refused   bool
	}{
		"nothing happened": {func(*syncproto.Record, syncproto.Stamp) {}, false},
		"more has come": {func(rec *syncproto.Record, at syncproto.Stamp) {
			rec.Write(c.Tag("seal"), at, syncproto.BytesOf(append(make([]byte, 31), 1)))
		}, true},
		"somebody else has decided": {func(rec *syncproto.Record, at syncproto.Stamp) {
			rec.Write(c.Tag("decision"), at, syncproto.TextOf(ledger.DecisionDismiss))
		}, true},
		"their decision was taken back": {func(rec *syncproto.Record, at syncproto.Stamp) {
			rec.Write(c.Tag("decision"), at, syncproto.TextOf(ledger.DecisionDismiss))
			at.Time++
			rec.Write(c.Tag("decision"), at, syncproto.Value{})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := unlockedService(t, &office{role: ledger.RoleTownship, scope: township, replica: 8})
			of := syncproto.Key{Collection: ledger.Household, ID: syncproto.ID{Time: 1 << 40, Replica: 9}}
			id := arrive(t, s.laptop, syncproto.ItemHeld, of, syncproto.Stamp{Time: 1 << 41, Replica: syncproto.HubReplica}, map[string]any{"head_name": "赵六"})
			read, err := s.Inbox(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			rejoin(s.laptop, id, one.meanwhile)
			_, err = s.DecideInbox(t.Context(), id, "take", read.Rows[0].Version)
			now, asked := s.Inbox(t.Context(), 0)
			if asked != nil {
				t.Fatal(asked)
			}
			if !one.refused {
				if err != nil || now.Rows[0].Decision != ledger.DecisionTake {
					t.Errorf("decision %q, %v", now.Rows[0].Decision, err)
				}
				return
			}
			wantCode(t, "decided unseen", err, syncproto.CodeNotFound)
			if now.Rows[0].Decision == ledger.DecisionTake || now.Rows[0].Version == read.Rows[0].Version {
				t.Errorf("after the refusal %+v", now.Rows[0])
			}
			if _, err := s.DecideInbox(t.Context(), id, "take", now.Rows[0].Version); err != nil {
				t.Errorf("as it is shown now: %v", err)
			}
		})
	}
	s, _, _, _ := unlockedService(t, &office{role: ledger.RoleTownship, scope: township, replica: 8})
	_, err := s.DecideInbox(t.Context(), syncproto.ID{Time: 5, Replica: 9}.String(), "take", "00.")
	wantCode(t, "no such item", err, syncproto.CodeNotFound)
}

func TestTownVillages(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	list, err := s.TownVillages(t.Context())
	if err != nil || len(list) < 10 {
		t.Fatalf("%d villages %v", len(list), err)
	}
	for _, v := range list {
		if ledger.TownshipOf(v.Code) != township || v.Label == "" {
			t.Errorf("%+v", v)
		}
	}
}

// The author of held work sees that it waits, then what was decided; nothing
// of the work itself is on his laptop.
func TestDeposits(t *testing.T) {
	s, _, _, _ := unlockedService(t, &office{role: ledger.RoleVillage, scope: shaxi, replica: 8})
	l := s.laptop
	day := int64(1_709_600_000_000)
	deposit := func(n int64, decision string) {
		at := syncproto.Stamp{Time: syncproto.TimeAt(day + n), Replica: syncproto.HubReplica}
		of := syncproto.Key{Collection: ledger.Visit, ID: syncproto.Stamp{Time: syncproto.TimeAt(day), Replica: 8}}
		item := ledger.Policy{}.Inbox(at, syncproto.Item{Of: of, Kind: syncproto.ItemHeld, Home: shaxi, Person: "刘秀", Reason: "写的人已不再负责这里", Received: day + n})
		if decision != "" {
			c := ledger.Must(ledger.Inbox)
			item.Write(c.Tag("decision"), at, syncproto.TextOf(decision))
			item.Write(c.Tag("by"), at, syncproto.TextOf("王主任"))
		}
		rec := ledger.Policy{}.Deposit(at, item, []byte("closed"))
		if err := l.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(rec.Key, rec, day) }); err != nil {
			t.Fatal(err)
		}
		l.received(News{Keys: []syncproto.Key{rec.Key}})
	}
	deposit(1, "")
	deposit(3, ledger.DecisionTake)
	deposit(2, "")
	page, err := s.Deposits(t.Context(), 0)
	got := page.Rows
	if err != nil || len(got) != 3 || page.Total != 3 {
		t.Fatalf("%+v %v", page, err)
	}
	if page, err = s.Deposits(t.Context(), 2); err != nil || len(page.Rows) != 2 || page.Total != 3 || page.Rows[1] != got[1] {
		t.Errorf("the first two are %+v (%v)", page, err)
	}
	if got[0].Received != day+2 || got[1].Received != day+1 || got[2].Decision != ledger.DecisionTake || got[2].By != "王主任" {
		t.Errorf("in the order %+v", got)
	}
	if d := got[0]; d.Label != "走访记录" || d.Written != day || d.Reason == "" {
		t.Errorf("%+v", d)
	}
	if home, err := s.Home(t.Context()); err != nil || home.Waiting != 2 {
		t.Errorf("%d wait, %v", home.Waiting, err)
	}
}
