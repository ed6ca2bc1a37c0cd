package ledger

import (
	"slices"
	"testing"

	"gridbook/syncproto"
)

// TestDeletionAgainstEdits: whoever deletes decides about what they know, and
// about nothing else, whichever stamp is the later.
func TestDeletionAgainstEdits(t *testing.T) {
	phone, note := Must(Household).Tag("phone"), TagNote
	at := func(ms uint64, r syncproto.ReplicaID) syncproto.Stamp {
		return syncproto.Stamp{Time: syncproto.Time(ms), Replica: r}
	}
	edit := func(rec *syncproto.Record, tag syncproto.Tag, s syncproto.Stamp) *syncproto.Record {
		out := rec.Clone()
		out.Write(tag, s, syncproto.TextOf(s.String()))
		return out
	}
	remove := func(rec *syncproto.Record, s syncproto.Stamp) *syncproto.Record {
		out := rec.Clone()
		for _, set := range Deletion(rec, rec, s.Replica) {
			out.Write(set.Tag, s, set.Value)
		}
		return out
	}
	both := func(a, b *syncproto.Record) *syncproto.Record {
		out := a.Clone()
		out.Join(b)
		return out
	}
	born := record(t, Household, 1, map[string]any{"head_name": "甲"})
	known := edit(born, phone, at(50, 3))
	for _, c := range []struct {
		name    string
		rec     *syncproto.Record
		deleted bool
	}{
		{"nobody deletes", known, false},
		{"all is known", remove(known, at(60, 2)), true},
		{"an edit that is not known, before", both(remove(known, at(60, 2)), edit(known, note, at(55, 4))), false},
		{"one after", both(remove(known, at(60, 2)), edit(known, note, at(70, 4))), false},
		{"one in a field that had a value", both(remove(known, at(60, 2)), edit(known, phone, at(55, 3))), false},
		{"the hub's own marks", both(remove(known, at(60, 2)), edit(known, note, at(70, syncproto.HubReplica))), true},
		{"what goes with the deletion", edit(remove(known, at(60, 2)), note, at(60, 2)), true},
		{"two delete alike", both(remove(known, at(60, 2)), remove(known, at(61, 4))), true},
		{"another knew the edit", both(remove(born, at(60, 2)), remove(known, at(61, 4))), true},
		{"deleted once more, knowing", remove(both(remove(known, at(60, 2)), edit(known, note, at(70, 4))), at(80, 2)), true},
		{"an old deletion", both(edit(known, note, at(70, 4)), func() *syncproto.Record {
			out := known.Clone()
			out.Write(TagDeleted, at(60, 2), syncproto.BoolOf(true))
			return out
		}()), true},
		{"brought back", func() *syncproto.Record {
			out := remove(known, at(60, 2))
			out.Write(TagDeleted, at(90, 4), syncproto.BoolOf(false))
			return out
		}(), false},
	} {
		if Deleted(c.rec) != c.deleted {
			t.Errorf("%s: deleted %v", c.name, !c.deleted)
		}
		disputed := slices.Contains(Conflicts(c.rec), TagDeleted)
		if want := !c.deleted && c.rec.Value(TagDeleted).Bool(); disputed != want {
			t.Errorf("%s: disputed %v", c.name, disputed)
		}
		if slices.Contains(Conflicts(c.rec), TagKnew) {
			t.Errorf("%s: people are asked what somebody knew", c.name)
		}
		if mark := Mark(c.rec); disputed && (len(mark.Heads) != 2 || mark.Heads[0].Stamp.Compare(mark.Heads[1].Stamp) >= 0 || mark.Heads[0].Value == mark.Heads[1].Value) {
			t.Errorf("%s: the mark stands at %+v", c.name, mark)
		}
	}
	for _, c := range All() {
		if _, used := c.Field(TagKnew); used {
			t.Errorf("%s has a field with the tag of TagKnew", c.Key)
		}
	}
}
