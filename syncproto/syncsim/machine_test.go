package syncsim

import (
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
	w := newWorld(1, stage{})
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
