package office_test

import (
	"bytes"
	"testing"
	"time"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// revokedInLostTime returns a server restored from before laptop 1 was
// revoked, which a township laptop has heard of.
func revokedInLostTime(t *testing.T) (h *town, thief, knows *copyOf) {
	h = newTown(t)
	thief, knows = h.settle("village", village, "张三"), h.settle("township", township, "王工")
	thief.sync()
	knows.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Revoke(1, "王工", "丢失"); err != nil {
		t.Fatal(err)
	}
	knows.sync()
	h.tick(time.Second)
	h = h.again(&backup)
	thief.h, knows.h = h, h
	return h, thief, knows
}

// What the office writes after a restore has not seen what it wrote in the
// time that was lost, however often it writes.
func TestRevokedThoughMovedTwice(t *testing.T) {
	h, _, knows := revokedInLostTime(t)
	for _, scope := range []string{otherVillage, thirdVillage} {
		if _, err := h.SetRole(office.RoleChange{Device: 1, Role: "village", Scope: scope, Who: "王工"}); err != nil {
			t.Fatal(err)
		}
	}
	knows.sync()
	if h.lines()[0].Revoked == 0 {
		t.Error("let in again")
	}
}

// Nor can a laptop say that the office had seen it.
func TestRevokedThoughDenied(t *testing.T) {
	h, thief, knows := revokedInLostTime(t)
	for _, r := range thief.held(ledger.Device) {
		if r.Value(ledger.Must(ledger.Device).Tag("person")).Text() != "张三" {
			continue
		}
		c := r.Clone()
		for i := range c.Fields {
			c.Fields[i].Seen = []syncproto.Stamp{{Time: syncproto.TimeAt(h.now), Replica: syncproto.HubReplica}}
		}
		thief.update(func(tx syncproto.ReplicaTx) error {
			return tx.PutDelta(r.Key, &syncproto.Delta{Record: c, Gen: 1 << 40, Order: 1 << 40})
		})
	}
	if p := thief.sync(); p.Rejected != 1 {
		t.Errorf("%d refused", p.Rejected)
	}
	knows.sync()
	if h.lines()[0].Revoked == 0 {
		t.Error("let in again")
	}
}
