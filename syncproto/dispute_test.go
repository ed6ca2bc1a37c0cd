package syncproto_test

import (
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
)

func TestDispute(t *testing.T) {
	const tag = syncproto.Tag(9)
	k := syncproto.Key{Collection: 110, ID: syncproto.Stamp{Time: 1 << 20, Replica: 2}}
	text := syncproto.TextOf
	theirs := syncproto.NewRecord(k.Collection, k.ID)
	theirs.Write(tag, syncproto.Stamp{Time: 2 << 20, Replica: 2}, text("一"))
	other := syncproto.NewRecord(k.Collection, k.ID)
	other.Write(tag, syncproto.Stamp{Time: 3 << 20, Replica: 4}, text("二"))
	theirs.Join(other)

	var decided, again *syncproto.Record
	err := syncsim.NewReplicaStore().Update(func(tx syncproto.ReplicaTx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Replica = 7
		if err := tx.SetMeta(meta); err != nil {
			return err
		}
		if err := tx.PutAgreed(k, theirs, 0); err != nil {
			return err
		}
		w, err := syncproto.NewWriter(tx, 1_700_000_000_000)
		if err != nil {
			return err
		}
		if err := w.Put(k, []syncproto.FieldValue{{Tag: tag, Value: text("一")}}); err != nil {
			return err
		}
		if decided, err = syncproto.Current(tx, k); err != nil {
			return err
		}
		stamps, err := w.Dispute(k, tag, []syncproto.Value{text("一"), text("二")})
		if err != nil {
			return err
		}
		if len(stamps) != 2 || stamps[0].Compare(stamps[1]) >= 0 {
			t.Errorf("stamps %v", stamps)
		}
		again, err = syncproto.Current(tx, k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if reg, _ := decided.Field(tag); reg.Conflicted() {
		t.Fatal("deciding left a conflict")
	}
	reg, _ := again.Field(tag)
	if len(reg.Heads) != 2 || !reg.Conflicted() || reg.Shown().Value != text("二") {
		t.Fatalf("brought up again: %+v", reg.Heads)
	}
	// Whoever knew the decision, or only what was before, sees both values;
	// whoever decides anew supersedes both, whatever arrives late.
	for name, before := range map[string]*syncproto.Record{"decided": decided, "undecided": theirs} {
		late, early := before.Clone(), again.Clone()
		late.Join(again)
		early.Join(before)
		if !late.Equal(again) || !early.Equal(again) {
			t.Errorf("%s: joined it is not what was brought up", name)
		}
		settled := again.Clone()
		settled.Write(tag, syncproto.Stamp{Time: 9 << 60, Replica: 2}, text("三"))
		settled.Join(before)
		settled.Join(again)
		if reg, _ := settled.Field(tag); len(reg.Heads) != 1 {
			t.Errorf("%s: decided anew it has %d heads", name, len(reg.Heads))
		}
	}
	// It crosses the wire as it is.
	read, err := syncproto.DecodeRecord(syncproto.AppendRecord(nil, again))
	if err != nil || !read.Equal(again) {
		t.Errorf("decoded %v (%v)", read, err)
	}
}
