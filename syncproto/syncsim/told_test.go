package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// told syncs a laptop and adds up what its steps took from it.
func (s *scene) told(l *laptop) (replaced []syncproto.Replaced, handed int) {
	s.t.Helper()
	session := s.session(l)
	for range maxExchanges {
		var q *syncproto.Request
		must(l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
			q, err = session.Next(tx, l.wall(s.world))
			return err
		}))
		if q == nil {
			return replaced, handed
		}
		must(s.exchange(l, session, q, fate{}))
		p := session.Progress()
		replaced, handed = append(replaced, p.Replaced...), handed+p.Handed
	}
	s.t.Fatal("not quiet")
	return nil, 0
}

// What others wrote over a value that stood alone is told once, with the
// value; what stood beside another was seen here, and is not.
func TestReplacedValuesAreTold(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.set(s.a, h, 7, "甲")
	s.ok(s.a, s.b, s.town)
	s.set(s.b, h, 7, "乙")
	s.set(s.town, h, 7, "丙")
	s.ok(s.b, s.town)
	was, _ := s.a.read(h).Field(7)
	s.set(s.town, h, 7, "丁")
	s.ok(s.town)
	replaced, _ := s.told(s.a)
	if len(replaced) != 1 || replaced[0].Key != h || replaced[0].Tag != 7 || replaced[0].Lost != was.Shown() {
		t.Errorf("told %+v", replaced)
	}
	if again, _ := s.told(s.a); len(again) > 0 {
		t.Errorf("told again %+v", again)
	}
	s.set(s.a, h, 7, "戊")
	s.set(s.b, h, 7, "己")
	s.ok(s.a, s.b, s.a, s.town)
	if reg, _ := s.a.read(h).Field(7); !reg.Conflicted() {
		t.Fatal("no conflict")
	}
	s.set(s.town, h, 7, "庚")
	s.ok(s.town)
	if seen, _ := s.told(s.a); len(seen) > 0 {
		t.Errorf("told of what was seen: %+v", seen)
	}
	s.finish()
}

// How much of what a laptop sent went to the township is told in the step in
// which it leaves.
func TestHandedOverWorkIsCounted(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "改")
	s.create(s.b, visitKind, h, "", "来访")
	if _, handed := s.told(s.a); handed != 0 {
		t.Errorf("%d handed by who has nothing to send", handed)
	}
	s.reassign(s.b, roleEnded, village(0))
	if _, handed := s.told(s.b); handed != 2 {
		t.Errorf("%d handed, want 2", handed)
	}
	if n := len(s.inbox()); n != 2 {
		t.Errorf("%d in the inbox", n)
	}
	s.finish()
}
