package service

import (
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// What arrived is taken in as it is handed over, but from the store if that
// has changed since.
func TestArrivedIsNotTakenOverNewer(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	c, k, err := keyFor("household", v.first)
	if err != nil {
		t.Fatal(err)
	}
	var revision uint64
	var before *syncproto.Record
	err = l.Store.View(func(tx *boltstore.Tx) (err error) {
		revision = tx.Revision()
		before, err = tx.Get(k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	head, _ := c.FieldByKey("head_name")
	shown := func() string {
		for _, h := range l.Book.roster.Sorted() {
			if h.ID == k.ID {
				return h.Head
			}
		}
		return ""
	}
	arrived := before.Clone()
	arrived.Write(head.Tag, syncproto.Stamp{Time: before.Newest() + 1<<20, Replica: 9}, syncproto.TextOf("张新来"))
	news := News{Keys: []syncproto.Key{k}, Arrived: []syncproto.Arrived{{Record: arrived}}, Revision: revision}
	l.received(news)
	if got := shown(); got != "张新来" {
		t.Errorf("what arrived is shown as %q", got)
	}
	put(t, l.Book, "grid", map[string]any{"grid_name": "沙溪第二网格", "grid_code": shaxi + "002"})
	l.received(news)
	if got := shown(); got != "张三" {
		t.Errorf("older news stand over the store: %q", got)
	}
}
