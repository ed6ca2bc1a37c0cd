package syncsim

import (
	"errors"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func TestHubRestored(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b, s.town)
	backup := s.store.Copy()
	s.now += day
	s.set(s.a, h, 7, "丢")
	n := s.create(s.a, householdKind, syncproto.Key{}, village(0), "新")
	s.ok(s.a, s.b, s.town)
	s.set(s.b, h, 7, "后")
	s.now += hour
	s.restore(backup)
	s.set(s.town, n, 8, "镇")
	s.ok(s.a, s.b, s.town)
	s.finish()
	s.want(s.town, n, tagFirst, "新")
	if g, _ := s.town.read(h).Field(7); len(g.Heads) != 1 {
		t.Errorf("heads %v, want only 后", g.Heads)
	}
	for _, l := range s.laptops {
		if len(l.store.deltas) > 0 {
			t.Errorf("%s keeps %d deltas", l.name, len(l.store.deltas))
		}
	}
}

// The hub's backup is so old that a record stands in another village.
func TestHubRestoredBeforeMove(t *testing.T) {
	s := newScene(t)
	other := s.join(roleVillage, village(1))
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	backup := s.store.Copy()
	s.set(s.a, h, tagVillage, village(1))
	s.ok(s.a, other, s.b)
	s.set(other, h, 7, "新家")
	s.ok(other)
	s.now += hour
	s.restore(backup)
	s.ok(s.b, other)
	s.finish()
	s.want(other, h, 7, "新家")
}

// The device was enrolled after the backup: it is enrolled again and keeps
// its work.
func TestHubForgotDevice(t *testing.T) {
	s := newScene(t)
	backup := s.store.Copy()
	late := s.join(roleVillage, village(0))
	h := s.create(late, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(late)
	s.set(late, h, 7, "未报")
	s.now += hour
	s.restore(backup)
	if _, err := s.sync(late, nil); syncproto.CodeOf(err) != syncproto.CodeToken {
		t.Fatalf("got %v, want %v", err, syncproto.CodeToken)
	}
	s.enrol(late, roleVillage, village(0))
	s.ok(late, s.a)
	s.want(s.a, h, 7, "未报")
	s.want(s.a, h, tagFirst, "张家")
	s.finish()
}

func TestClocks(t *testing.T) {
	for name, skew := range map[string]int64{"3 years ahead": 3 * year, "12 hours ahead": 12 * hour, "30 hours ahead": 30 * hour, "3 years behind": -3 * year} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			h := s.create(s.b, householdKind, syncproto.Key{}, village(0), "张家")
			s.ok(s.a, s.b, s.a)
			s.a.skew = skew
			n := s.create(s.a, householdKind, syncproto.Key{}, village(0), "新")
			v := s.create(s.a, visitKind, n, "", "来访")
			c := s.create(s.a, privateKind, n, "", "证件")
			s.set(s.a, h, 7, "一")
			s.set(s.a, h, 7, "二")
			s.ok(s.a, s.b)
			s.set(s.b, h, 7, "三")
			s.ok(s.b)
			s.set(s.a, h, 7, "四") // not seen: a conflict
			s.ok(s.a, s.b)
			if g, _ := s.b.read(h).Field(7); len(g.Heads) != 2 {
				t.Errorf("heads %v, want 三 and 四", g.Heads)
			}
			s.a.skew = 0
			s.set(s.a, h, 8, "五")
			s.create(s.a, householdKind, syncproto.Key{}, village(0), "再新")
			s.ok(s.a, s.b)
			s.want(s.b, h, 8, "五")
			_, _ = v, c
			s.finish()
		})
	}
}

// The clock is set back between an upload whose reply was lost and the next.
func TestClockSetBackAfterLostReply(t *testing.T) {
	s := newScene(t)
	s.ok(s.a)
	s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	_, err := s.sync(s.a, func(int) fate { return fate{loseReply: true} })
	if !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	s.a.skew = -3 * year
	s.ok(s.a, s.b)
	s.finish()
}

func TestTinyBudgets(t *testing.T) {
	s := newScene(t)
	s.world.up, s.world.down = syncproto.MinBudget, syncproto.MinBudget
	long := make([]byte, 900)
	for i := range long {
		long[i] = 'a' + byte(i%23)
	}
	var keys []syncproto.Key
	for range 12 {
		h := s.create(s.a, householdKind, syncproto.Key{}, village(0), string(long))
		keys = append(keys, h, s.create(s.a, visitKind, h, "", string(long)), s.create(s.a, privateKind, h, "", string(long)))
		s.now += hour
	}
	s.ok(s.a)
	n := 0
	_, err := s.sync(s.b, func(int) fate {
		n++
		if n%3 != 0 {
			return fate{}
		}
		// While the copy is under way, records change and move.
		return fate{during: func() {
			s.set(s.a, keys[n%len(keys)], 7, "改")
			s.create(s.a, householdKind, syncproto.Key{}, village(0), "新")
			if n == 9 {
				s.set(s.a, keys[0], tagVillage, village(1))
			}
			s.ok(s.a)
		}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 6 {
		t.Errorf("only %d exchanges: not paged", n)
	}
	s.finish()
}

// A device gets another village: it keeps nothing of the old one.
func TestRescope(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.create(s.town, householdKind, syncproto.Key{}, village(1), "李家")
	s.ok(s.a, s.town, s.b)
	s.rescope(s.b, village(1))
	s.ok(s.b)
	if s.b.read(h) != nil {
		t.Error("keeps what is not its own any more")
	}
	s.finish()
}

// A laptop that was enrolled anew takes nothing from the answer to a stick of
// its former self: the lease in it is that one's.
func TestEnrolledAnewBetweenStickAndAnswer(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	p, err := s.out(s.a, 0, false)
	must(err)
	answer, ok := s.take(p, nil)
	if !ok {
		t.Fatal("not taken")
	}
	s.enrol(s.a, roleVillage, village(0))
	s.oracle.restored = true // it compares
	if _, err := s.in(s.a, answer, 0, false); err != nil {
		t.Fatal(err)
	}
	if p := s.ok(s.a); p.Renumbered {
		t.Error("is taken for a copy")
	}
	s.ok(s.b)
	s.want(s.b, h, tagFirst, "张家")
	s.finish()
}

// More work than one bundle may have uploads goes up with several, though
// there is never a network.
func TestMoreThanOneBundle(t *testing.T) {
	s := newScene(t)
	s.world.up, s.a.sticksOnly = syncproto.MinBudget, true
	for range syncproto.MaxSticks + 9 {
		s.create(s.a, householdKind, syncproto.Key{}, village(0), strings.Repeat("长", 700))
	}
	for n := 0; len(s.a.unsent()) > 0; n++ {
		if n == 4 {
			t.Fatalf("%d records are unsent after %d journeys", len(s.a.unsent()), n)
		}
		if _, err := s.journey(s.a, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.finish()
}

// The hub fails in the midst of a bundle: what it answered before stands.
func TestHubFailsWithinBundle(t *testing.T) {
	s := newScene(t)
	s.world.up = syncproto.MinBudget
	s.ok(s.a)
	for range 6 {
		s.create(s.a, householdKind, syncproto.Key{}, village(0), strings.Repeat("长", 700))
	}
	p, err := s.out(s.a, 0, false)
	must(err)
	answer, _ := s.take(p, nil)
	b, err := syncproto.DecodeBundle(answer.bytes)
	must(err)
	if len(b.Answers) < 3 {
		t.Fatalf("%d answers: nothing to cut", len(b.Answers))
	}
	b.Answers[2].Reply = &syncproto.Reply{Version: syncproto.Version, Now: s.now, Error: &syncproto.Error{Code: syncproto.CodeInternal}}
	answer.bytes = syncproto.AppendBundle(nil, &syncproto.Bundle{Answers: b.Answers[:3]})
	if _, err := s.in(s.a, answer, 0, false); err != nil {
		t.Fatal(err)
	}
	if n := len(s.a.unsent()); n == 0 || n == 6 {
		t.Errorf("%d of 6 records are unsent", n)
	}
	s.finish()
}
