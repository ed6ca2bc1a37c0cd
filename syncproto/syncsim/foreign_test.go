package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// A laptop cannot write, change or supersede anything under the number of
// another one, but under numbers that it may have got from elsewhere it can.
func TestForeignNumbers(t *testing.T) {
	type register = syncproto.Register
	later := func(r syncproto.ReplicaID, s *scene) syncproto.Stamp {
		return syncproto.Stamp{Time: syncproto.TimeAt(s.now), Replica: r}
	}
	forge := map[string]func(*scene, syncproto.ReplicaID, register) register{
		"a value": func(s *scene, r syncproto.ReplicaID, g register) register {
			g.Heads = []syncproto.Head{{Stamp: later(r, s), Value: syncproto.TextOf("假")}}
			return g
		},
		"another value of a stamp": func(_ *scene, r syncproto.ReplicaID, _ register) register {
			return register{Heads: []syncproto.Head{{Stamp: syncproto.Stamp{Time: syncproto.TimeAt(start), Replica: r}, Value: syncproto.TextOf("龥")}}}
		},
		"what is yet to come superseded": func(s *scene, r syncproto.ReplicaID, g register) register {
			g.Seen = []syncproto.Stamp{later(r, s)}
			return g
		},
	}
	whose := map[string]struct {
		number  func(*scene) syncproto.ReplicaID
		refused bool
	}{
		"another laptop's": {func(s *scene) syncproto.ReplicaID { return s.b.store.meta.Replica }, true},
		"its own":          {func(s *scene) syncproto.ReplicaID { return s.a.store.meta.Replica }, false},
		"its copy's": {func(s *scene) syncproto.ReplicaID {
			c := s.clone(s.a)
			s.create(s.a, householdKind, syncproto.Key{}, village(0), "原")
			s.create(c, householdKind, syncproto.Key{}, village(0), "复")
			s.ok(s.a, c)
			return c.store.meta.Replica
		}, false},
		"one of before the restore": {func(s *scene) syncproto.ReplicaID {
			r := s.b.store.meta.Replica
			s.now += hour
			s.restore(s.store.Copy())
			s.ok(s.a, s.b)
			return r
		}, false},
	}
	for what, change := range forge {
		for name, c := range whose {
			t.Run(what+" under "+name, func(t *testing.T) {
				s := newScene(t)
				h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
				s.ok(s.a, s.b)
				number := c.number(s)
				s.set(s.a, h, 7, "真")
				s.forged = true
				s.bug = &bug{onRequest: rewriteUpload(func(g *register) { *g = change(s, number, *g) })}
				p := s.ok(s.a)
				s.bug = nil
				if got := len(s.foreign) > 0 && s.foreign[0] == number; got != c.refused || c.refused && p.Rejected != 1 {
					t.Errorf("found %v, %d rejected", s.foreign, p.Rejected)
				}
			})
		}
	}
}

// TestForeignInSharedField: that another laptop has written in a field, which
// the hub knows, is no leave to say what it will write there.
func TestForeignInSharedField(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "乙")
	s.ok(s.b, s.a)
	number := s.b.store.meta.Replica
	s.set(s.a, h, 7, "甲")
	s.now += hour
	s.forged = true
	s.bug = &bug{onRequest: rewriteUpload(func(g *syncproto.Register) {
		g.Seen = []syncproto.Stamp{{Time: syncproto.TimeAt(s.now), Replica: number}}
	})}
	p := s.ok(s.a)
	s.bug = nil
	if len(s.foreign) == 0 || s.foreign[0] != number || p.Rejected != 1 {
		t.Errorf("found %v, %d rejected", s.foreign, p.Rejected)
	}
}
