package ledger

import (
	"cmp"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// TagKnew goes with TagDeleted and says what whoever deleted the record knew of
// it: the newest stamp of each number that had written in it. It is in no
// schema, for it is not for people.
const TagKnew syncproto.Tag = 63

// maxKnew bounds how many numbers are named. A record of more of them stays to
// be decided, which is the safe side.
const maxKnew = 64

// Deletion is what to write to delete a record as it stands here; agreed is what
// the hub is known to hold of it, nil for nothing, and own is the number under
// which it will be written. What is unsent under that number needs no naming:
// the stamp of the deletion comes after it, and both get another number
// together.
func Deletion(rec, agreed *syncproto.Record, own syncproto.ReplicaID) []syncproto.FieldValue {
	newest := map[syncproto.ReplicaID]syncproto.Time{}
	see := func(rec *syncproto.Record, ours bool) {
		for s := range people(rec) {
			if (s.Replica == own) == ours {
				newest[s.Replica] = max(newest[s.Replica], s.Time)
			}
		}
	}
	see(rec, false)
	if agreed != nil {
		see(agreed, true)
	}
	var knew []byte
	for _, r := range slices.Sorted(maps.Keys(newest))[:min(len(newest), maxKnew)] {
		knew = syncproto.Stamp{Time: newest[r], Replica: r}.Append(knew)
	}
	return []syncproto.FieldValue{
		{Tag: TagDeleted, Value: syncproto.BoolOf(true), Anew: true},
		{Tag: TagKnew, Value: syncproto.BytesOf(knew), Anew: true},
	}
}

// people lists the stamps of what people wrote in a record, but for its
// deletion.
func people(rec *syncproto.Record) func(yield func(syncproto.Stamp) bool) {
	return func(yield func(syncproto.Stamp) bool) {
		for _, f := range rec.Fields {
			if f.Tag == TagDeleted || f.Tag == TagKnew {
				continue
			}
			for _, h := range f.Heads {
				if h.Stamp.Replica != syncproto.HubReplica && !yield(h.Stamp) {
					return
				}
			}
		}
	}
}

// Mark is the register of the mark of deletion as people have to decide about
// it. If somebody edited the record while another deleted it, neither knowing
// of the other, it stands between both: the deletion, and for each number with
// such an edit "keep", with the stamp of the newest. All replicas that hold the
// same see the same; nothing is written. Deletions of before TagKnew stand as
// they are.
func Mark(rec *syncproto.Record) syncproto.Register {
	mark, _ := rec.Field(TagDeleted)
	if mark.Conflicted() || !mark.Shown().Value.Bool() {
		return mark
	}
	known, ok := knownTo(rec, mark)
	if !ok {
		return mark
	}
	unknown := map[syncproto.ReplicaID]syncproto.Time{}
	for s := range people(rec) {
		if s.Time > known[s.Replica] {
			unknown[s.Replica] = max(unknown[s.Replica], s.Time)
		}
	}
	if len(unknown) == 0 {
		return mark
	}
	heads := []syncproto.Head{mark.Shown()}
	for r, t := range unknown {
		heads = append(heads, syncproto.Head{Stamp: syncproto.Stamp{Time: t, Replica: r}, Value: syncproto.BoolOf(false)})
	}
	slices.SortFunc(heads, func(a, b syncproto.Head) int { return a.Stamp.Compare(b.Stamp) })
	return syncproto.Register{Heads: heads, Seen: mark.Seen}
}

// knownTo returns up to when those who set the mark knew each number's writes;
// false if none of them says so.
func knownTo(rec *syncproto.Record, mark syncproto.Register) (known map[syncproto.ReplicaID]syncproto.Time, ok bool) {
	knew, _ := rec.Field(TagKnew)
	known = map[syncproto.ReplicaID]syncproto.Time{}
	for _, h := range knew.Heads {
		if !mark.Has(h.Stamp) {
			continue // of a deletion that was taken back
		}
		ok = true
		see := func(s syncproto.Stamp) { known[s.Replica] = max(known[s.Replica], s.Time) }
		see(h.Stamp) // its own writes, and those of the same step
		for part := range slices.Chunk(h.Value.Bytes(), syncproto.StampSize) {
			if s, err := syncproto.StampOf(part); err == nil {
				see(s)
			}
		}
	}
	return known, ok
}

// Deleted reports whether rec was deleted and nobody disputes it: until someone
// decides, the record stays visible. See Mark.
func Deleted(rec *syncproto.Record) bool {
	mark := Mark(rec)
	return len(mark.Heads) > 0 && !mark.Conflicted() && mark.Shown().Value.Bool()
}

// Register is a field as people have to decide about it: see Mark.
func Register(rec *syncproto.Record, t syncproto.Tag) syncproto.Register {
	if t == TagDeleted {
		return Mark(rec)
	}
	reg, _ := rec.Field(t)
	return reg
}

// Conflicts returns the tags that people have to decide: see Mark.
func Conflicts(rec *syncproto.Record) []syncproto.Tag {
	out := slices.DeleteFunc(rec.Conflicts(), func(t syncproto.Tag) bool { return t == TagKnew || t == TagDeleted })
	if Mark(rec).Conflicted() {
		out = append(out, TagDeleted)
		slices.SortFunc(out, cmp.Compare[syncproto.Tag])
	}
	return out
}

// Completes reports whether part, which shares the id of main, is shown with it.
// What was deleted with main is, as long as that is disputed.
func Completes(main, part *syncproto.Record) bool {
	return !Deleted(part) || Mark(main).Conflicted()
}
