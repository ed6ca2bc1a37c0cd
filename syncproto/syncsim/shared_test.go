package syncsim

import (
	"testing"

	"gridbook/syncproto"
)

// TestSharedRecords: a hub that changes a record which its store holds is
// found out, at the next reading.
func TestSharedRecords(t *testing.T) {
	s := NewHubStore(syncproto.HubState{})
	id := syncproto.Stamp{Time: 1, Replica: 2}
	r := syncproto.NewRecord(100, id)
	err := s.Update(func(tx syncproto.HubTx) error { return tx.PutRecord(nil, &syncproto.Stored{Record: r}) })
	if err != nil {
		t.Fatal(err)
	}
	read := func(tx syncproto.HubTx) error { _, err := tx.Record(r.Key); return err }
	if err := s.View(read); err != nil {
		t.Fatal(err)
	}
	r.Write(1, id, syncproto.TextOf("改了"))
	if err := s.View(read); err == nil {
		t.Error("nobody noticed")
	}
}
