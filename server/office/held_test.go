package office_test

import (
	"bytes"
	"strings"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Much work that compresses well, of someone who has left, fills neither the
// inbox nor the reply with its deposits; what is beyond stays with its author.
func TestHeldIsBounded(t *testing.T) {
	h := newTown(t)
	b := h.settle("village", village, "李四")
	b.sync()
	if _, err := h.SetRole(office.RoleChange{Device: 1, End: true, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	b.sync()
	c, many := ledger.Must(ledger.Household), 500
	var batch syncproto.Batch
	var q *syncproto.Request
	b.update(func(tx syncproto.ReplicaTx) error {
		m, err := tx.Meta()
		for i := range many {
			at := syncproto.Stamp{Time: syncproto.TimeAt(h.now) + syncproto.Time(i), Replica: m.Replica}
			r := syncproto.NewRecord(ledger.Household, at)
			r.Write(c.Tag("village"), at, syncproto.TextOf(village))
			r.Write(c.Tag("head_name"), at, syncproto.TextOf("甲"))
			r.Write(1000, at, syncproto.TextOf(strings.Repeat("a", 60_000)))
			batch.Records, batch.Received = append(batch.Records, r), append(batch.Received, 0)
		}
		q = &syncproto.Request{Version: syncproto.Version, Token: m.Token, Lease: m.Lease, Cursor: m.Cursor, Now: h.now, Nonce: []byte("87654321"), Budget: 64 << 10}
		return err
	})
	q.Batch = h.codec.Encode(&batch, syncproto.Fast, syncproto.Version)
	served, err := h.Exchange(q)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := syncproto.DecodeReply(syncproto.AppendReply(nil, served.Reply))
	if err != nil {
		t.Fatal(err)
	}
	if kept, refused := len(reply.Gone), len(reply.Rejections); kept == 0 || refused == 0 || kept+refused != many {
		t.Errorf("%d held and %d refused of %d", kept, refused, many)
	}
	for _, r := range reply.Rejections {
		if r.Code != syncproto.CodeTooLarge {
			t.Fatalf("refused as %s: %s", r.Code, r.Message)
		}
	}
}

// A decision about an item that the restored server lacks brings the item
// back, though what was taken does not fit into its record any more.
func TestDecidedItemComesBack(t *testing.T) {
	h := newTown(t)
	a, b := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	town := h.settle("township", township, "王工")
	house := a.house(village, "周大明")
	a.sync()
	b.sync()
	town.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	b.fill(house, 1000)
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	b.sync()
	town.sync()
	town.put(town.held(ledger.Inbox)[0].Key, "decision", syncproto.TextOf(ledger.DecisionTake))
	h = h.again(&backup)
	a.h, b.h, town.h = h, h, h
	a.fill(house, 2000)
	a.sync()
	town.sync()
	town.update(func(tx syncproto.ReplicaTx) error {
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			t.Errorf("%v stays unsent: %+v", d.Key, d.Rejected)
		}
		return nil
	})
	items := 0
	err := h.store.View(func(tx office.Tx) error {
		for k, err := range tx.Dependants(house) {
			if err != nil {
				return err
			}
			if k.Collection == ledger.Inbox {
				items++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if items != 1 {
		t.Errorf("%d items came back", items)
	}
}
