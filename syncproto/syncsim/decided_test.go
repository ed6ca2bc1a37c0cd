package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// A decision made in the lost time is about what there was: what came after
// the restore waits for its own.
func TestDecisionOfLostTime(t *testing.T) {
	for name, heard := range map[string]bool{"the hub had heard it": true, "it was not sent yet": false} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
			c := s.join(roleVillage, village(0))
			s.ok(s.a, s.b, c)
			s.reassign(s.b, roleEnded, village(0))
			s.reassign(c, roleEnded, village(0))
			s.set(s.b, h, 7, "先")
			s.ok(s.b, s.town)
			backup := s.store.Copy()
			s.decide(s.town, s.town.know(inboxKind)[0], take)
			if heard {
				s.ok(s.town)
			}
			s.now += hour
			s.restore(backup)
			s.set(c, h, 8, "没人看过")
			s.ok(c, s.town)
			if got := s.store.records[h].Record.Value(8); got.Text() != "" {
				t.Errorf("joined, and nobody has seen it: %v", got)
			}
			s.finish()
		})
	}
}

// Without a restore: the township decides about less than there is by now. The
// item waits again, with all of it, and is taken when it has been seen.
func TestDecisionOfLess(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	c := s.join(roleVillage, village(0))
	s.ok(s.a, s.b, c, s.town)
	s.reassign(s.b, roleEnded, village(0))
	s.reassign(c, roleEnded, village(0))
	s.set(s.b, h, 7, "先")
	s.ok(s.b, s.town)
	s.set(c, h, 8, "后")
	s.ok(c)
	s.decide(s.town, s.town.know(inboxKind)[0], take) // has seen the first only, though it decides later
	s.ok(s.town)
	i := s.inbox()
	if len(i) != 1 || i[0].Decided || s.store.records[h].Record.Value(7).Text() != "" {
		t.Fatalf("%+v", i)
	}
	s.want(s.town, s.town.know(inboxKind)[0], tagDecision, "")
	s.decide(s.town, s.town.know(inboxKind)[0], take)
	s.ok(s.town)
	for tag, want := range map[syncproto.Tag]string{7: "先", 8: "后"} {
		if got := plain(s.store.records[h].Record.Value(tag)); got != want {
			t.Errorf("field %d is %q, not %q", tag, got, want)
		}
	}
	s.finish()
}

// A deposit that hides a value under the hub's stamp is refused, like any that
// the hub did not write.
func TestCraftedDeposit(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	s.set(s.b, h, 7, "改")
	s.reassign(s.b, roleEnded, village(0))
	s.ok(s.b)
	k := s.b.know(depositKind)[0]
	seal, _ := s.b.read(k).Field(tagSeal)
	at := seal.Shown().Stamp
	d := syncproto.NewRecord(k.Collection, k.ID)
	d.Fields = []syncproto.Field{{Tag: 40, Register: syncproto.Register{Heads: []syncproto.Head{
		{Stamp: at, Value: syncproto.TextOf("x")},
		{Stamp: syncproto.Stamp{Time: at.Time + 1<<16, Replica: s.b.store.meta.Replica}},
	}}}}
	must(s.b.store.Update(func(tx syncproto.ReplicaTx) error {
		return tx.PutDelta(k, &syncproto.Delta{Record: d, Gen: 1 << 40, Order: 1 << 40})
	}))
	if p := s.ok(s.b); p.Rejected != 1 {
		t.Errorf("%d refused", p.Rejected)
	}
}

// Nobody can say that the writes of a number to come are superseded.
func TestNumbersToCome(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b)
	again := s.clone(s.b)
	next := s.store.state.NextReplica
	s.set(s.a, h, 6, "毒")
	s.forged = true
	s.bug = &bug{onRequest: rewriteUpload(func(g *syncproto.Register) {
		g.Seen = nil
		for i := range syncproto.ReplicaID(8) {
			g.Seen = append(g.Seen, syncproto.Stamp{Time: syncproto.TimeAt(s.now + 20*hour), Replica: next + i})
		}
	})}
	if p := s.ok(s.a); p.Rejected != 1 {
		t.Errorf("%d refused", p.Rejected)
	}
	s.bug = nil
	s.create(s.b, householdKind, syncproto.Key{}, village(0), "李家")
	s.ok(s.b)
	s.set(again, h, 6, "真的修改")
	if p := s.ok(again); !p.Renumbered {
		t.Fatal("the copy is not renumbered")
	}
	if got := plain(s.store.records[h].Record.Value(6)); got != "真的修改" {
		t.Errorf("the hub shows %q", got)
	}
}
