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

// Deletion is what to write to delete a record as it stands here.
func Deletion(rec *syncproto.Record) []syncproto.FieldValue {
	newest := map[syncproto.ReplicaID]syncproto.Time{}
	for s := range people(rec) {
		newest[s.Replica] = max(newest[s.Replica], s.Time)
	}
	var knew []byte
	for _, r := range slices.Sorted(maps.Keys(newest))[:min(len(newest), maxKnew)] {
		knew = syncproto.Stamp{Time: newest[r], Replica: r}.Append(knew)
	}
	return []syncproto.FieldValue{
		{Tag: TagDeleted, Value: syncproto.BoolOf(true)},
		{Tag: TagKnew, Value: syncproto.BytesOf(knew)},
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
// of the other, it stands between both: false, with the stamp of the newest
// such edit, and the deletion. All replicas that hold the same see the same;
// nothing is written. Deletions of before TagKnew stand as they are.
func Mark(rec *syncproto.Record) syncproto.Register {
	mark, _ := rec.Field(TagDeleted)
	if mark.Conflicted() || !mark.Shown().Value.Bool() {
		return mark
	}
	knew, ok := rec.Field(TagKnew)
	if !ok || len(knew.Heads) == 0 {
		return mark
	}
	known := map[syncproto.ReplicaID]syncproto.Time{}
	see := func(s syncproto.Stamp) { known[s.Replica] = max(known[s.Replica], s.Time) }
	for _, h := range knew.Heads {
		see(h.Stamp) // its own writes, and those of the same step
		for part := range slices.Chunk(h.Value.Bytes(), syncproto.StampSize) {
			if s, err := syncproto.StampOf(part); err == nil {
				see(s)
			}
		}
	}
	var unknown syncproto.Stamp
	for s := range people(rec) {
		if s.Time > known[s.Replica] && s.Compare(unknown) > 0 {
			unknown = s
		}
	}
	if unknown.IsZero() {
		return mark
	}
	heads := []syncproto.Head{mark.Shown(), {Stamp: unknown, Value: syncproto.BoolOf(false)}}
	slices.SortFunc(heads, func(a, b syncproto.Head) int { return a.Stamp.Compare(b.Stamp) })
	return syncproto.Register{Heads: heads, Seen: mark.Seen}
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
