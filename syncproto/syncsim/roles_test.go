package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// Someone gets another village while they have unsent work: it goes to the
// inbox, once, and the laptop keeps nothing of the old village.
func TestRoleChangesWithUnsentWork(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b, s.town)
	s.set(s.b, h, 7, "改")
	v := s.create(s.b, visitKind, h, "", "来访")
	n := s.create(s.b, householdKind, syncproto.Key{}, village(0), "新家")
	nv := s.create(s.b, visitKind, n, "", "新访")
	p := s.create(s.b, privateKind, n, "", "证件")
	s.reassign(s.b, roleVillage, village(1))
	s.ok(s.b)
	for _, k := range []syncproto.Key{h, v, n, nv, p} {
		if s.b.read(k) != nil {
			t.Errorf("keeps %v", k)
		}
	}
	items := s.inbox()
	if len(items) != 5 {
		t.Fatalf("%d items, want 5", len(items))
	}
	for _, i := range items {
		if i.Closed != (i.Of.Collection == privateKind) || i.Home != village(0) {
			t.Errorf("%v closed=%v home=%s", i.Of, i.Closed, i.Home)
		}
	}
	s.ok(s.town)
	for i, k := range s.town.know(inboxKind) {
		if i%2 == 0 {
			s.decide(s.town, k, "dismiss")
		}
	}
	s.ok(s.town)
	for _, k := range s.town.know(inboxKind) {
		s.decide(s.town, k, take)
	}
	s.ok(s.town, s.a, s.town)
	s.want(s.a, h, 7, "改")
	s.want(s.a, nv, tagFirst, "新访")
	s.want(s.a, p, tagFirst, "证件")
	s.finish()
}

// A person leaves: their unsent work goes up, and nothing stays.
func TestRoleEnds(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleEnded, village(0))
	if p := s.ok(s.b); !p.Complete || p.Sent != 1 || len(s.b.store.agreed) != 1 || len(s.b.store.deltas) > 0 {
		t.Errorf("keeps %d and %d records: %+v", len(s.b.store.agreed), len(s.b.store.deltas), p)
	}
	if keys := s.b.know(depositKind); len(keys) != 1 {
		t.Errorf("%d deposits of what is held", len(keys))
	}
	s.set(s.a, h, 8, "又")
	s.ok(s.a)
	if p := s.ok(s.b); p.Received > 0 || len(s.inbox()) != 1 {
		t.Errorf("reads %d, %d items", p.Received, len(s.inbox()))
	}
	s.finish()
}

// What is held is known to the hub alone, but for its author's deposit: from
// that it comes back after a restore.
func TestHeldOutlivesRestore(t *testing.T) {
	for name, ended := range map[string]bool{"from before the work went up": true, "from before the role ended": false} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			s.ok(s.a, s.b)
			s.set(s.b, h, 7, "改")
			backup := s.store.Copy()
			s.reassign(s.b, roleEnded, village(0))
			if ended {
				backup = s.store.Copy()
			}
			s.ok(s.b)
			s.now += hour
			s.restore(backup)
			if n := len(s.inbox()); n != 0 {
				t.Fatalf("the backup has %d items", n)
			}
			s.ok(s.b)
			if n := len(s.inbox()); n != 1 {
				t.Fatalf("%d items came back", n)
			}
			s.finish()
		})
	}
}

// An item that grew in the time that a restore has lost, and again after it,
// holds all of it, whoever brings the lost part back; and what people have
// decided about is not made more behind their backs.
func TestHeldGrowsApart(t *testing.T) {
	for _, tt := range []struct {
		name     string
		sees     bool // the township has seen the lost part, and brings it back first
		decision string
		items    int
	}{
		{"the author brings it", false, "", 1},
		{"the township brings it", true, "", 1},
		{"the rest was dismissed", false, "dismiss", 2},
		{"the rest was taken", false, take, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			c := s.join(roleVillage, village(0))
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			s.ok(s.a, s.b, c)
			for _, l := range []*laptop{s.a, s.b, c} {
				s.reassign(l, roleEnded, village(0))
			}
			s.set(s.a, h, 7, "先")
			s.ok(s.a, s.town)
			backup := s.store.Copy()
			s.set(s.b, h, 8, "丢")
			s.ok(s.b)
			if tt.sees {
				s.ok(s.town)
			}
			s.now += hour
			s.restore(backup)
			s.set(c, h, 9, "后")
			s.ok(c)
			if s.ok(s.town); tt.decision != "" {
				s.decide(s.town, s.town.know(inboxKind)[0], tt.decision)
				s.ok(s.town)
			}
			s.ok(s.b, s.a, c, s.town)
			if got := s.inbox(); len(got) != tt.items {
				t.Errorf("%d items, not %d", len(got), tt.items)
			}
			undecided := 0
			for _, i := range s.inbox() {
				if !i.Decided {
					undecided++
				}
			}
			if undecided != 1 {
				t.Errorf("%d items wait, not 1", undecided)
			}
			s.finish()
		})
	}
}

// What grew apart from an item that was decided becomes an item of its own. Each
// is deposited with all who held the one, so that after another restore any of
// them brings back both.
func TestApartIsDepositedWithAll(t *testing.T) {
	for _, last := range []string{"the author", "another", "a third"} {
		t.Run(last, func(t *testing.T) {
			s := newScene(t)
			c := s.join(roleVillage, village(0))
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			s.ok(s.a, s.b, c)
			backup := s.store.Copy()
			for _, l := range []*laptop{s.a, s.b, c} {
				s.reassign(l, roleEnded, village(0))
			}
			s.set(s.a, h, 7, "先")
			s.ok(s.a, s.town)
			middle := s.store.Copy()
			s.set(s.b, h, 8, "丢")
			s.ok(s.b)
			s.now += hour
			s.restore(middle)
			s.set(c, h, 9, "后")
			s.ok(c, s.town)
			s.decide(s.town, s.town.know(inboxKind)[0], "dismiss")
			s.ok(s.town)
			s.ok(s.b) // what was lost comes back: apart, for the rest was decided
			if got := s.inbox(); len(got) != 2 {
				t.Fatalf("%d items, not 2", len(got))
			}
			s.ok(s.a, c, s.town)
			for _, l := range []*laptop{s.a, s.b, c} {
				if n := len(l.know(depositKind)); n != 2 {
					t.Errorf("%s holds %d deposits, not 2", l.name, n)
				}
			}
			// Only one of them is left, and the township is not.
			only := map[string]*laptop{"the author": s.a, "another": s.b, "a third": c}[last]
			s.laptops = []*laptop{only}
			s.now += hour
			s.restore(backup)
			s.finish()
			all := heads{}
			for _, st := range s.store.records {
				all.addItem(st.Record)
			}
			if items := s.inbox(); len(items) != 2 || len(all) != 3 {
				t.Errorf("%d items with %d edits came back", len(items), len(all))
			}
		})
	}
}

// The author hears what was decided. The deposit brings the decision back too,
// from a laptop that had to enrol anew, and an erasure takes both.
func TestDepositTellsTheDecision(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleEnded, village(0))
	backup := s.store.Copy()
	s.ok(s.b, s.town)
	deposit := s.b.know(depositKind)[0]
	s.want(s.b, deposit, tagDecision, "")
	s.decide(s.town, s.town.know(inboxKind)[0], "dismiss")
	s.ok(s.town, s.b)
	s.want(s.b, deposit, tagDecision, "dismiss")
	s.enrol(s.b, roleEnded, village(0))
	s.ok(s.b)
	s.now += hour
	s.restore(backup)
	s.enrol(s.b, roleEnded, village(0))
	s.ok(s.b)
	if i := s.inbox(); len(i) != 1 || !i[0].Decided || i[0].Taken {
		t.Errorf("%+v came back", i)
	}
	s.purge(h)
	s.ok(s.b)
	if s.b.read(deposit) != nil || len(s.inbox()) > 0 {
		t.Error("the deposit of an erased record stays")
	}
	s.finish()
}

// A deposit that a laptop has made up is refused, and none that is another's
// goes to it.
func TestForgedDeposit(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	at := syncproto.Stamp{Time: syncproto.TimeAt(s.now), Replica: s.a.store.meta.Replica}
	forged := (policy{}).Deposit(at, (policy{}).Inbox(at, syncproto.Item{Of: h, Kind: syncproto.ItemHeld}), make([]byte, 99))
	forged.Write(tagSeal, at, syncproto.BytesOf(make([]byte, 32)))
	must(s.a.store.Update(func(tx syncproto.ReplicaTx) error {
		return tx.PutDelta(forged.Key, &syncproto.Delta{Record: forged, Gen: 1 << 40, Order: 1 << 40})
	}))
	s.ok(s.a)
	if d := s.a.store.deltas[forged.Key]; d == nil || d.Rejected == nil || d.Rejected.Code != syncproto.CodeNotAllowed {
		t.Errorf("%+v", d)
	}
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleVillage, village(1))
	s.ok(s.b, s.a, s.town)
	if n := len(s.a.know(depositKind)) + len(s.town.know(depositKind)); n != 1 { // the forged one
		t.Errorf("%d deposits with others", n)
	}
}

// An answer from before a restore is read after it: what it says is held, the
// hub does not hold any more.
func TestOldAnswerOfHeldWork(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleVillage, village(1))
	backup := s.store.Copy()
	file, err := s.out(s.b, 0, false)
	must(err)
	answer, ok := s.take(file, nil)
	s.now += hour
	s.restore(backup)
	if _, err := s.in(s.b, answer, 0, false); err != nil || !ok {
		t.Fatal(err, ok)
	}
	s.ok(s.b, s.b)
	if n := len(s.inbox()); n != 1 {
		t.Errorf("%d items", n)
	}
	s.finish()
}

// A purge outlives a restore of a backup from before it, and a laptop that
// was away all the while cannot bring the content back.
func TestPurgeOutlivesRestore(t *testing.T) {
	for name, order := range map[string]func(*scene) []*laptop{
		"the trace first":   func(s *scene) []*laptop { return []*laptop{s.a, s.b} },
		"the content first": func(s *scene) []*laptop { return []*laptop{s.b, s.a} },
	} {
		for backed, before := range map[string]bool{"": false, ", in the backup": true} {
			t.Run(name+backed, func(t *testing.T) {
				s := newScene(t)
				s.ok(s.a, s.b)
				backup := s.store.Copy()
				h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
				s.ok(s.a, s.b)
				if before {
					backup = s.store.Copy()
				}
				s.purge(h)
				s.ok(s.a)
				s.now += hour
				s.restore(backup)
				s.set(s.b, h, 7, "改")
				s.ok(order(s)...)
				s.ok(order(s)...)
				for _, l := range []*laptop{s.a, s.b} {
					if l.read(h) != nil {
						t.Errorf("%s has it", l.name)
					}
				}
				s.finish()
			})
		}
	}
}

// A trace that a laptop has made up is refused.
func TestForgedErasure(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a)
	forged := (policy{}).Erased(syncproto.Stamp{Time: syncproto.TimeAt(s.now), Replica: s.a.store.meta.Replica}, syncproto.Erasure{Of: h, Home: village(0)})
	forged.Write(tagSeal, forged.ID, syncproto.BytesOf(make([]byte, 32)))
	must(s.a.store.Update(func(tx syncproto.ReplicaTx) error {
		return tx.PutDelta(forged.Key, &syncproto.Delta{Record: forged, Gen: 1 << 40, Order: 1 << 40})
	}))
	s.ok(s.a)
	d := s.a.store.deltas[forged.Key]
	if d == nil || d.Rejected == nil || d.Rejected.Code != syncproto.CodeNotAllowed || s.store.records[h].Purged {
		t.Errorf("%+v", d)
	}
}

// A laptop that is handed on begins with an empty store and shows the deposits
// that it had: they bring back what a restore has lost, also by stick.
func TestDepositsOfALaptopThatIsHandedOn(t *testing.T) {
	for name, sticks := range map[string]bool{"by network": false, "by stick": true} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			s.ok(s.a, s.b)
			backup := s.store.Copy()
			s.set(s.b, h, 7, "改")
			s.reassign(s.b, roleEnded, village(0))
			s.ok(s.b)
			s.now += hour
			s.restore(backup)
			s.b.sticksOnly = sticks
			s.anew(s.b, roleVillage, village(1))
			if _, err := s.quiet(s.b); err != nil {
				t.Fatal(err)
			}
			if i := s.inbox(); len(i) != 1 {
				t.Errorf("%d items came back", len(i))
			}
			s.finish()
			if n := len(s.b.know(depositKind)); n != 1 {
				t.Errorf("the laptop has %d deposits", n)
			}
			s.ok(s.town)
			s.decide(s.town, s.town.know(inboxKind)[0], take)
			s.ok(s.town, s.a)
			s.want(s.a, h, 7, "改")
		})
	}
}

// Deposits have a bounded number of holders: who comes after the last shows
// that of the first, which lets go. Nobody goes on asking for it.
func TestManyHoldersOfADeposit(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	backup := s.store.Copy()
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleEnded, village(0))
	s.ok(s.b)
	deposit := s.b.know(depositKind)[0]
	holders := []*laptop{s.b}
	for range 19 {
		l := s.join(roleEnded, village(0))
		must(l.store.Update(func(tx syncproto.ReplicaTx) error { return syncproto.Carry(tx, s.b.read(deposit)) }))
		s.ok(l)
		holders = append(holders, l)
	}
	if n := len(syncproto.HolderScopes(s.store.records[deposit].Home)); n != 16 {
		t.Errorf("%d holders", n)
	}
	s.finish()
	for i, l := range holders {
		if has := l.read(deposit) != nil; has != (i >= 4) {
			t.Errorf("laptop %d holds it: %v", i, has)
		}
	}
	s.now += hour
	s.restore(backup)
	s.finish()
	if i := s.inbox(); len(i) != 1 {
		t.Errorf("%d items came back", len(i))
	}
}
