package syncsim

import (
	"errors"
	"testing"

	"gridbook/syncproto"
)

// scene is a world for one table test: two laptops of village 0 and the
// township's.
type scene struct {
	*world
	t          *testing.T
	a, b, town *laptop
}

func newScene(t *testing.T) *scene {
	w := newWorld(1)
	return &scene{world: w, t: t, a: w.join(roleVillage, village(0)), b: w.join(roleVillage, village(0)), town: w.join(roleTownship, township)}
}

// ok syncs laptops without faults.
func (s *scene) ok(laptops ...*laptop) (last syncproto.Progress) {
	s.t.Helper()
	for _, l := range laptops {
		p, err := s.sync(l, nil)
		if err != nil {
			s.t.Fatalf("%s: %v", l.name, err)
		}
		last = p
		s.now += minute
	}
	return last
}

// finish brings the world to rest and reports what the oracle found.
func (s *scene) finish() {
	s.t.Helper()
	s.rest()
	for _, c := range s.oracle.complain {
		s.t.Error(c)
	}
}

func (s *scene) want(l *laptop, k syncproto.Key, tag syncproto.Tag, text string) {
	s.t.Helper()
	if got := l.shown(k, tag); got != text {
		s.t.Errorf("%s shows %q in %v field %d, want %q", l.name, got, k, tag, text)
	}
}

// once gives the first exchange a fate and the others none.
func once(f fate) func(int) fate {
	return func(n int) fate {
		if n == 0 {
			return f
		}
		return fate{}
	}
}

func TestCreateAndEdit(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	v := s.create(s.a, visitKind, h, "", "来访")
	s.ok(s.a, s.b)
	s.want(s.b, h, tagFirst, "张家")
	s.set(s.b, v, tagFirst, "走访")
	if p := s.ok(s.b); p.Exchanges != 1 {
		t.Errorf("a usual sync took %d exchanges, want 1", p.Exchanges)
	}
	s.ok(s.a, s.town)
	s.want(s.a, v, tagFirst, "走访")
	s.want(s.town, v, tagFirst, "走访")
	s.finish()
}

func TestConflict(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.a, h, 7, "甲")
	s.set(s.b, h, 8, "乙")
	s.set(s.a, h, 9, "甲")
	s.now += minute
	s.set(s.b, h, 9, "乙")
	s.ok(s.a, s.b, s.a, s.town)
	for _, l := range s.laptops {
		s.want(l, h, 7, "甲")
		s.want(l, h, 8, "乙")
		s.want(l, h, 9, "乙")
		if c := l.read(h).Conflicts(); len(c) != 1 || c[0] != 9 {
			t.Errorf("%s has conflicts %v, want field 9", l.name, c)
		}
	}
	s.set(s.a, h, 9, "定")
	s.ok(s.a, s.b, s.town)
	for _, l := range s.laptops {
		if c := l.read(h).Conflicts(); len(c) != 0 {
			t.Errorf("%s still has conflicts %v", l.name, c)
		}
	}
	s.finish()
}

func TestLostMessages(t *testing.T) {
	for name, f := range map[string]fate{
		"request": {loseRequest: true}, "reply": {loseReply: true}, "torn request": {tearRequest: 40},
		"torn reply": {tearReply: 30}, "twice": {repeat: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			if _, err := s.sync(s.a, once(f)); err != nil {
				t.Fatal(err)
			}
			s.set(s.a, h, tagFirst, "李家")
			if p := s.ok(s.a, s.b); p.Renumbered {
				t.Error("a lost message made a new laptop of it")
			}
			s.want(s.b, h, tagFirst, "李家")
			if s.store.state.NextReplica != syncproto.HubReplica+4 {
				t.Errorf("%d numbers were given out", s.store.state.NextReplica-2)
			}
			s.finish()
		})
	}
}

// A reply that is lost twice makes the session cut its upload anew. The hub
// has the first; it must not take the second for another laptop's.
func TestReplyLostTwice(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	twice := func(n int) fate {
		return fate{loseReply: n < 3, during: func() {
			if n == 0 {
				s.set(s.a, h, tagFirst, "李家")
			}
		}}
	}
	if _, err := s.sync(s.a, twice); err != nil {
		t.Fatal(err)
	}
	if s.store.state.NextReplica != syncproto.HubReplica+4 {
		t.Errorf("%d numbers were given out, want 3", s.store.state.NextReplica-2)
	}
	s.finish()
}

func TestEditDuringUpload(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	_, err := s.sync(s.a, once(fate{during: func() { s.set(s.a, h, tagFirst, "李家") }}))
	if err != nil {
		t.Fatal(err)
	}
	s.ok(s.b)
	s.want(s.b, h, tagFirst, "李家")
	s.finish()
}

// A delta that was taken back and made anew during an upload is another one.
func TestDiscardDuringUpload(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a)
	s.set(s.a, h, 7, "一")
	_, err := s.sync(s.a, once(fate{during: func() {
		must(s.a.store.Update(func(tx syncproto.ReplicaTx) error { return tx.PutDelta(h, nil) }))
		s.set(s.a, h, 8, "二")
	}}))
	if err != nil {
		t.Fatal(err)
	}
	s.ok(s.b)
	s.want(s.b, h, 8, "二")
	s.finish()
}

func TestRejected(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), badText)
	g := s.create(s.a, householdKind, syncproto.Key{}, village(0), "好")
	p := s.ok(s.a)
	if p.Rejected != 1 || p.Sent != 1 {
		t.Errorf("rejected %d, sent %d; want 1 and 1", p.Rejected, p.Sent)
	}
	s.ok(s.b)
	s.want(s.b, g, tagFirst, "好")
	s.want(s.b, h, tagFirst, "")
	s.want(s.a, h, tagFirst, badText)
	s.set(s.a, h, tagFirst, "改好")
	s.ok(s.a, s.b)
	s.want(s.b, h, tagFirst, "改好")
	s.finish()
}

func TestPurge(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "晚到")
	s.purge(h)
	s.ok(s.a, s.b, s.town)
	for _, l := range s.laptops {
		if l.read(h) != nil {
			t.Errorf("%s still has it", l.name)
		}
	}
	s.finish()
}

// A household moves: its dependants go along, who made the move too must
// drop them all, and late work still arrives.
func TestMove(t *testing.T) {
	for name, by := range map[string]int{"by its village": 0, "by the township": 2} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			other := s.join(roleVillage, village(1))
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			v := s.create(s.a, visitKind, h, "", "来访")
			ph := s.create(s.a, photoKind, v, "", "照片")
			c := s.create(s.a, privateKind, h, "", "证件")
			all := []syncproto.Key{h, v, ph, c}
			s.ok(s.laptops...)
			late := s.create(s.b, visitKind, h, "", "晚到")
			s.set(s.b, v, tagFirst, "晚改")
			s.set(s.laptops[by], h, tagVillage, village(1))
			if p := s.ok(s.laptops[by]); p.Healed > 0 {
				t.Error("a move needed healing")
			}
			s.ok(s.a)
			for _, k := range all {
				if s.a.read(k) != nil {
					t.Errorf("%s still has %v", s.a.name, k)
				}
			}
			s.ok(s.b, other, s.town)
			for _, k := range append(all, late) {
				if s.b.read(k) != nil {
					t.Errorf("%s still has %v", s.b.name, k)
				}
				if other.read(k) == nil {
					t.Errorf("%s lacks %v", other.name, k)
				}
			}
			s.want(other, v, tagFirst, "晚改")
			s.finish()
		})
	}
}

// A visit and the move of its household come in one batch.
func TestMoveInOneBatch(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	v := s.create(s.a, visitKind, h, "", "来访")
	s.ok(s.a)
	s.set(s.a, v, tagFirst, "走访")
	n := s.create(s.a, visitKind, h, "", "又访")
	s.set(s.a, h, tagVillage, village(1))
	if p := s.ok(s.a); p.Healed > 0 {
		t.Error("a move needed healing")
	}
	for _, k := range []syncproto.Key{h, v, n} {
		if s.a.read(k) != nil {
			t.Errorf("still has %v", k)
		}
	}
	s.finish()
}

func TestClone(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a)
	unsent := s.create(s.a, householdKind, syncproto.Key{}, village(0), "未报")
	c := s.clone(s.a)
	// Both copies write several times, in the same milliseconds.
	for _, text := range []string{"一", "二", "三"} {
		s.set(s.a, h, 7, "原"+text)
		s.set(c, h, 7, "复"+text)
	}
	n := s.create(s.a, householdKind, syncproto.Key{}, village(0), "原新")
	m := s.create(c, householdKind, syncproto.Key{}, village(0), "复新")
	if n == m {
		t.Error("two copies gave the same id")
	}
	s.ok(s.a, c, s.a, s.b)
	s.want(s.b, unsent, tagFirst, "未报")
	if g, _ := s.b.read(h).Field(7); len(g.Heads) != 2 {
		t.Errorf("heads %v, want both copies'", g.Heads)
	}
	s.finish()
}

func TestRollback(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a)
	saved := s.a.store.Copy()
	s.set(s.a, h, 7, "一")
	s.set(s.a, h, 7, "二")
	s.ok(s.a, s.b)
	s.now += hour
	s.rollBack(s.a, saved)
	s.set(s.a, h, 7, "三")
	s.set(s.a, h, 7, "四")
	p := s.ok(s.a)
	if !p.Renumbered {
		t.Error("not noticed")
	}
	s.ok(s.b)
	if g, _ := s.b.read(h).Field(7); len(g.Heads) != 2 {
		t.Errorf("heads %v, want 二 and 四", g.Heads)
	}
	s.finish()
}

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
