package office_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/syncsim"
)

// copyOf is a laptop with the real step machine.
type copyOf struct {
	h     *town
	store *syncsim.ReplicaStore
}

func (h *town) settle(role, scope, person string) *copyOf {
	h.t.Helper()
	rep := h.join(h.joinRequest(h.invite(role, scope, person).Invitation))
	if rep.Error != nil {
		h.t.Fatal(rep.Error)
	}
	l := &copyOf{h, syncsim.NewReplicaStore()}
	l.update(func(tx syncproto.ReplicaTx) error {
		_, err := syncproto.Adopt(tx, rep, h.now)
		return err
	})
	return l
}

func (l *copyOf) update(f func(syncproto.ReplicaTx) error) {
	l.h.t.Helper()
	if err := l.store.Update(f); err != nil {
		l.h.t.Fatal(err)
	}
}

// sync runs a whole sync.
func (l *copyOf) sync() syncproto.Progress {
	l.h.t.Helper()
	return l.syncUp(syncproto.DefaultUp)
}

// syncUp is sync with so many bytes of work in an exchange.
func (l *copyOf) syncUp(budget int) syncproto.Progress {
	l.h.t.Helper()
	s := syncproto.NewSession(syncproto.SessionOptions{Rand: rand.Reader, Codec: l.h.codec, UpBudget: budget})
	for range 50 {
		var q *syncproto.Request
		l.update(func(tx syncproto.ReplicaTx) (err error) {
			q, err = s.Next(tx, l.h.now)
			return err
		})
		if q == nil {
			return s.Progress()
		}
		l.h.tick(time.Second)
		served, err := l.h.Exchange(q)
		if err != nil {
			l.h.t.Fatal(err)
		}
		l.update(func(tx syncproto.ReplicaTx) error {
			_, err := s.Receive(tx, served.Reply, l.h.now)
			return err
		})
	}
	l.h.t.Fatal("not quiet")
	return syncproto.Progress{}
}

func (l *copyOf) create(c syncproto.Collection, fields map[string]syncproto.Value) syncproto.Key {
	l.h.t.Helper()
	var sets []syncproto.FieldValue
	for key, v := range fields {
		sets = append(sets, syncproto.FieldValue{Tag: ledger.Must(c).Tag(key), Value: v})
	}
	k := syncproto.Key{Collection: c}
	l.update(func(tx syncproto.ReplicaTx) (err error) {
		k.ID, err = syncproto.Create(tx, l.h.now, c, sets)
		return err
	})
	return k
}

func (l *copyOf) put(k syncproto.Key, key string, v syncproto.Value) {
	l.h.t.Helper()
	l.update(func(tx syncproto.ReplicaTx) error {
		return syncproto.Put(tx, l.h.now, k, []syncproto.FieldValue{{Tag: ledger.Must(k.Collection).Tag(key), Value: v}})
	})
}

func (l *copyOf) house(place, head string) syncproto.Key {
	l.h.t.Helper()
	return l.create(ledger.Household, map[string]syncproto.Value{"village": syncproto.TextOf(place), "head_name": syncproto.TextOf(head)})
}

// shown is what a person sees, nil if it is not there.
func (l *copyOf) shown(k syncproto.Key) (r *syncproto.Record) {
	l.h.t.Helper()
	l.update(func(tx syncproto.ReplicaTx) (err error) {
		r, err = syncproto.Current(tx, k)
		return err
	})
	return r
}

// held is what a laptop has of a collection.
func (l *copyOf) held(c syncproto.Collection) (out []*syncproto.Record) {
	l.h.t.Helper()
	l.update(func(tx syncproto.ReplicaTx) error {
		for d, err := range tx.Days() {
			if err != nil {
				return err
			}
			for h, err := range tx.OfDay(d.Day) {
				if err != nil {
					return err
				}
				if h.Key.Collection == c {
					r, err := tx.Agreed(h.Key)
					if err != nil {
						return err
					}
					out = append(out, r)
				}
			}
		}
		return nil
	})
	return out
}

const otherVillage = "330702009209"

func TestRoleChangesWithUnsentWork(t *testing.T) {
	h := newTown(t)
	a, b := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	town := h.settle("township", township, "王工")
	house := a.house(village, "周大明")
	a.sync()
	b.sync()
	b.put(house, "address", syncproto.TextOf("南街1号"))
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	if p := b.sync(); p.Rejected != 0 || b.shown(house) != nil {
		t.Errorf("%+v; keeps %v", p, b.shown(house))
	}
	b.sync() // nothing new: nothing twice
	town.sync()
	items := town.held(ledger.Inbox)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	item, _ := (ledger.Policy{}).ReadInbox(items[0])
	if item.Of != house || item.Kind != syncproto.ItemHeld || item.Person != "李四" || item.Device != 2 || item.Home != village || item.Reason == "" {
		t.Errorf("%+v", item)
	}
	content, err := syncproto.DecodeRecord(item.Content)
	if err != nil || content.Value(ledger.Must(ledger.Household).Tag("address")).Text() != "南街1号" {
		t.Errorf("%v, %v", content, err)
	}
	if s, err := h.Status(); err != nil || s.Inbox != 1 {
		t.Errorf("%d wait, %v", s.Inbox, err)
	}
	for _, decision := range []string{ledger.DecisionDismiss, ledger.DecisionTake} {
		if a.sync(); a.shown(house).Value(ledger.Must(ledger.Household).Tag("address")).Text() != "" {
			t.Error("joined before it was taken")
		}
		town.put(items[0].Key, "decision", syncproto.TextOf(decision))
		if p := town.sync(); p.Rejected != 0 {
			t.Errorf("%s: %+v", decision, p)
		}
	}
	if a.sync(); a.shown(house).Value(ledger.Must(ledger.Household).Tag("address")).Text() != "南街1号" {
		t.Error("not joined")
	}
	// Everyone sees who the device is now.
	for _, r := range a.held(ledger.Device) {
		c := ledger.Must(ledger.Device)
		if r.Value(c.Tag("person")).Text() == "李四" && r.Value(c.Tag("scope")).Text() != otherVillage {
			t.Errorf("the device's record: %v", r)
		}
	}
}

func TestRoleEnds(t *testing.T) {
	h := newTown(t)
	a, b := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	town := h.settle("township", township, "王工")
	house := a.house(village, "周大明")
	person := a.create(ledger.Resident, map[string]syncproto.Value{"household": syncproto.RefOf(house.ID), "name": syncproto.TextOf("周小明")})
	a.sync()
	b.sync()
	secret := syncproto.Key{Collection: ledger.ResidentPrivate, ID: person.ID}
	b.update(func(tx syncproto.ReplicaTx) error {
		return syncproto.CreateAs(tx, h.now, secret, []syncproto.FieldValue{{Tag: ledger.Must(ledger.ResidentPrivate).Tag("id_no"), Value: syncproto.TextOf("330702195001010016")}})
	})
	line, err := h.SetRole(office.RoleChange{Device: 2, End: true, Who: "王工"})
	if err != nil || line.Role != string(ledger.RoleEnded) {
		t.Fatalf("%+v, %v", line, err)
	}
	if p := b.sync(); !p.Complete || p.Verified.Records != 1 || b.shown(house) != nil || b.shown(secret) != nil {
		t.Errorf("%+v", p)
	}
	// All that stays is the deposit of what is held, and it tells nothing.
	if d := b.held(ledger.Deposit); len(d) != 1 || bytes.Contains(syncproto.AppendRecord(nil, d[0]), []byte("1950")) {
		t.Errorf("keeps %v", d)
	}
	a.put(house, "address", syncproto.TextOf("1号"))
	a.sync()
	if p := b.sync(); p.Received != 0 {
		t.Errorf("still reads: %+v", p)
	}
	// The township sees that there is something, and not the number itself.
	town.sync()
	items := town.held(ledger.Inbox)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	if item, _ := (ledger.Policy{}).ReadInbox(items[0]); !item.Closed || bytes.Contains(item.Content, []byte("1950")) {
		t.Errorf("%+v", item)
	}
	town.put(items[0].Key, "decision", syncproto.TextOf(ledger.DecisionTake))
	town.sync()
	a.sync()
	if r := a.shown(secret); r == nil || r.Value(ledger.Must(ledger.ResidentPrivate).Tag("id_no")).Text() != "330702195001010016" {
		t.Errorf("the number: %v", r)
	}
}

func TestRoleChecks(t *testing.T) {
	h := newTown(t)
	h.enrol("village", village, "张三")
	for _, c := range []struct {
		q    office.RoleChange
		code syncproto.Code
	}{
		{office.RoleChange{Device: 7, End: true}, syncproto.CodeNotFound},
		{office.RoleChange{Device: 1, Role: "ended", Scope: village}, syncproto.CodeUsage},
		{office.RoleChange{Device: 1, Role: "village", Scope: township}, syncproto.CodePlace},
		{office.RoleChange{Device: 1, Role: "village", Scope: "330702008201"}, syncproto.CodeTownship},
		{office.RoleChange{Device: 1, Role: "grid", Scope: village + "001"}, ""},
		{office.RoleChange{Device: 1, Role: "grid", Scope: village + "001"}, ""},
	} {
		if _, err := h.SetRole(c.q); syncproto.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
	entries, err := h.Audit(0)
	n := 0
	for _, e := range entries {
		if e.Act == office.ActRole {
			n++
		}
	}
	if err != nil || n != 1 {
		t.Errorf("%d changes on record, %v", n, err)
	}
}

// A grid worker writes in the own grid; what came after a household was given
// away, in ignorance of it, is joined and shown.
func TestGridWorkerIsHeldToTheGrid(t *testing.T) {
	h := newTown(t)
	a := h.settle("village", village, "张三")
	one, two := h.settle("grid", village+"001", "李四"), h.settle("grid", village+"002", "赵六")
	town := h.settle("township", township, "王工")
	grid := func(code string) syncproto.Value {
		k := a.create(ledger.Grid, map[string]syncproto.Value{"village": syncproto.TextOf(village),
			"grid_code": syncproto.TextOf(code), "grid_name": syncproto.TextOf("网格" + code)})
		return syncproto.RefOf(k.ID)
	}
	first, second := grid(village+"001"), grid(village+"002")
	house := a.create(ledger.Household, map[string]syncproto.Value{"village": syncproto.TextOf(village), "head_name": syncproto.TextOf("周大明"), "grid": first})
	free := a.house(village, "未分网格")
	a.sync()
	one.sync()
	two.sync()
	visit := func(l *copyOf, of syncproto.Key) syncproto.Key {
		return l.create(ledger.Visit, map[string]syncproto.Value{"household": syncproto.RefOf(of.ID), "date": syncproto.IntOf(20000),
			"mode": syncproto.TextOf("door"), "visitor_name": syncproto.TextOf("李四")})
	}
	mine, his := visit(one, house), visit(two, house)
	visit(two, free)
	two.put(house, "phone", syncproto.TextOf("13905790001"))
	if p := one.sync(); p.Rejected != 0 || one.shown(mine) == nil {
		t.Errorf("in the own grid: %+v", p)
	}
	if p := two.sync(); p.Rejected != 2 || two.shown(his) == nil {
		t.Errorf("in another's grid: %+v", p)
	}
	one.put(house, "address", syncproto.TextOf("迟到的地址"))
	late := visit(one, house)
	a.put(house, "grid", second)
	a.sync()
	if p := one.sync(); p.Rejected != 0 || one.shown(late) == nil {
		t.Errorf("late: %+v", p)
	}
	one.put(house, "address", syncproto.TextOf("知道以后"))
	if p := one.sync(); p.Rejected != 0 || !p.Verified.Equal || one.shown(house).Value(ledger.Must(ledger.Household).Tag("address")).Text() != "迟到的地址" {
		t.Errorf("knowing: %+v, %v", p, one.shown(house))
	}
	town.sync()
	kinds := map[string]int{}
	for _, r := range town.held(ledger.Inbox) {
		item, _ := (ledger.Policy{}).ReadInbox(r)
		kinds[item.Kind]++
	}
	if kinds[syncproto.ItemJoined] != 2 || kinds[syncproto.ItemHeld] != 1 {
		t.Errorf("the inbox: %v", kinds)
	}
}

// What the server once wrote of a laptop does not bring its old role back when
// that laptop writes it anew, seal and all.
func TestOldSealIsNoRole(t *testing.T) {
	h := newTown(t)
	h.settle("village", village, "张三")
	b := h.settle("village", village, "李四")
	b.sync()
	var before *syncproto.Record
	for _, r := range b.held(ledger.Device) {
		if r.Value(ledger.Must(ledger.Device).Tag("person")).Text() == "李四" {
			before = r
		}
	}
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "grid", Scope: village, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	b.sync()
	b.update(func(tx syncproto.ReplicaTx) error {
		var sets []syncproto.FieldValue
		for _, f := range before.Fields {
			sets = append(sets, syncproto.FieldValue{Tag: f.Tag, Value: f.Shown().Value})
		}
		return syncproto.Put(tx, h.now, before.Key, sets)
	})
	if p := b.sync(); p.Rejected != 1 {
		t.Errorf("%d refused, want 1", p.Rejected)
	}
	lines, err := h.Devices()
	if err != nil || lines[1].Role != "grid" {
		t.Errorf("%+v, %v", lines[1], err)
	}
}

// fill gives a record one value more than half of what fits, in fields that a
// newer program may know.
func (l *copyOf) fill(k syncproto.Key, from int) {
	l.update(func(tx syncproto.ReplicaTx) error {
		var sets []syncproto.FieldValue
		for i := range syncproto.MaxFields/2 + 1 {
			sets = append(sets, syncproto.FieldValue{Tag: syncproto.Tag(from + i), Value: syncproto.IntOf(1)})
		}
		return syncproto.Put(tx, l.h.now, k, sets)
	})
}

// What the township takes may no longer fit into the record. The decision is
// then refused to who made it, the item waits on, and nothing is lost.
func TestTakeThatDoesNotFit(t *testing.T) {
	h := newTown(t)
	a, b := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	town := h.settle("township", township, "王工")
	house := a.house(village, "周大明")
	a.sync()
	b.sync()
	b.fill(house, 1000)
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	b.sync()
	town.sync()
	a.fill(house, 2000)
	a.sync()
	items := town.held(ledger.Inbox)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	k := items[0].Key
	before := bytes.Clone(items[0].Value(ledger.Must(ledger.Inbox).Tag("content")).Bytes())
	town.put(k, "decision", syncproto.TextOf(ledger.DecisionTake))
	if p := town.sync(); p.Rejected != 1 {
		t.Errorf("taken in silence: %+v", p)
	}
	town.update(func(tx syncproto.ReplicaTx) error {
		d, err := tx.Delta(k)
		if d == nil || d.Rejected == nil || d.Rejected.Code != syncproto.CodeTooLarge || d.Rejected.Message == "" {
			t.Errorf("the township sees %+v", d)
		}
		return err
	})
	if s, err := h.Status(); err != nil || s.Inbox != 1 {
		t.Errorf("%d wait, %v", s.Inbox, err)
	}
	town.put(k, "decision", syncproto.TextOf(ledger.DecisionDismiss))
	if p := town.sync(); p.Rejected != 0 {
		t.Errorf("dismissed: %+v", p)
	}
	if s, err := h.Status(); err != nil || s.Inbox != 0 {
		t.Errorf("%d wait, %v", s.Inbox, err)
	}
	if after := town.held(ledger.Inbox)[0].Value(ledger.Must(ledger.Inbox).Tag("content")).Bytes(); !bytes.Equal(after, before) {
		t.Error("the content was lost")
	}
	if p := a.sync(); !p.Verified.Equal {
		t.Errorf("%+v", p)
	}
}
