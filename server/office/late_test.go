package office_test

import (
	"fmt"
	"strings"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// remark is a long text in a field of a newer version.
func (l *copyOf) remark(k syncproto.Key, n int) {
	l.h.t.Helper()
	l.update(func(tx syncproto.ReplicaTx) error {
		return syncproto.Put(tx, l.h.now, k, []syncproto.FieldValue{{Tag: 1000, Value: syncproto.TextOf(strings.Repeat("长", n/3))}})
	})
}

// told counts the items of the inbox of a kind.
func (l *copyOf) told(kind string) (n int) {
	l.h.t.Helper()
	for _, r := range l.held(ledger.Inbox) {
		if i, ok := (ledger.Policy{}).ReadInbox(r); ok && i.Kind == kind {
			n++
		}
	}
	return n
}

// What comes for a record after it has moved away is joined, and the township
// is told of all of it: the bound of what an exchange may bring into the inbox
// is for what is held, and where that leaves no room the rest is told of all
// the same.
func TestLateWorkIsTold(t *testing.T) {
	const beyond = 80 // of 60 kB: more than an exchange may bring to be held
	for name, c := range map[string]struct{ held, late, size int }{
		"more than may be held":          {0, beyond, 60_000},
		"after more than may be held":    {beyond, 3, 60_000},
		"a text as long as texts may be": {0, 1, syncproto.MaxText},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			a, b, town := h.settle("village", otherVillage, "张三"), h.settle("village", village, "李四"), h.settle("township", township, "王工")
			if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工"}); err != nil {
				t.Fatal(err)
			}
			house := a.house(otherVillage, "周大明")
			var moved []syncproto.Key // residents go up after households
			for range c.late {
				moved = append(moved, a.create(ledger.Resident, map[string]syncproto.Value{"household": syncproto.RefOf(house.ID), "name": syncproto.TextOf("周小明")}))
			}
			a.sync()
			b.sync()
			for i := range c.held {
				b.remark(b.house(village, fmt.Sprintf("旧村的户%d", i)), c.size)
			}
			for _, k := range moved {
				b.remark(k, c.size)
			}
			a.put(house, "village", syncproto.TextOf(village))
			a.sync()
			if p := b.syncUp(16 << 20); (p.Rejected > 0) != (c.held > 0) {
				t.Errorf("%d refused", p.Rejected)
			}
			town.sync()
			if n := town.told(syncproto.ItemJoined); n != c.late {
				t.Errorf("told of %d, not %d", n, c.late)
			}
			for _, k := range moved {
				if town.shown(k).Value(1000).Text() == "" {
					t.Fatalf("%v is not joined", k)
				}
			}
		})
	}
}
