package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// TestErasureComesBack: a laptop brings a restored hub the trace of an erasure,
// and hears in the same answer that the record is gone.
func TestErasureComesBack(t *testing.T) {
	s := newScene(t)
	h := s.create(s.a, householdKind, syncproto.Key{}, village(0), "张家")
	s.ok(s.a, s.b, s.town)
	backup := s.store.Copy()
	s.purge(h)
	s.ok(s.a)
	s.now += hour
	s.restore(backup)
	if _, err := s.sync(s.a, func(int) fate {
		erased := s.store.records[h] != nil && s.store.records[h].Purged
		if erased && s.a.read(h) != nil {
			t.Error("the hub has erased the record, and the laptop still shows it")
		}
		return fate{}
	}); err != nil {
		t.Fatal(err)
	}
	s.finish()
}
