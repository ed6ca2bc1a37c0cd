package boltstore

import (
	"bytes"
	"iter"

	"gridbook/syncproto"
)

// millisPerDay is the length of a bucket of Time.Day.
const millisPerDay = 86_400_000

// OfDay lists the hashes of a scope's records created on one day. It looks at
// each collection of the scope once.
func (t *tx) OfDay(s syncproto.Scope, day uint32) iter.Seq2[syncproto.RecordHash, error] {
	return func(yield func(syncproto.RecordHash, error) bool) {
		if err := t.flushMembers(); err != nil {
			yield(syncproto.RecordHash{}, err)
			return
		}
		prefix := scopeKey(s, 0)
		first := syncproto.ID{Time: syncproto.TimeAt(int64(day) * millisPerDay)}
		next := prefix // where the next collection begins
		for next != nil {
			var in []byte
			for p, err := range t.walk(bucketMember, prefix, next) {
				if err != nil {
					yield(syncproto.RecordHash{}, err)
					return
				}
				in = bytes.Clone(p.key[:len(prefix)+2])
				break
			}
			if in == nil {
				return
			}
			if !t.ofDay(in, first, day, yield) {
				return
			}
			next = successor(in)
		}
	}
}

// ofDay goes through one collection's members of a day; false: stop.
func (t *tx) ofDay(in []byte, first syncproto.ID, day uint32, yield func(syncproto.RecordHash, error) bool) (goOn bool) {
	goOn = true
	t.rise(in, first, func(id syncproto.ID, err error) bool {
		if err == nil && id.Time.Day() != day {
			return false
		}
		var h syncproto.RecordHash
		if err == nil {
			h, err = t.hash(id.Append(bytes.Clone(in[len(in)-2:])))
		}
		goOn = yield(h, err) && err == nil
		return goOn
	})
	return goOn
}

// hash reads the record that a member's key names. Comparisons of a day are
// rare; a hash kept beside every member would be one page more to write for
// each scope of each edit.
func (t *tx) hash(key []byte) (h syncproto.RecordHash, err error) {
	if h.Key, err = syncproto.KeyOf(key); err != nil {
		return h, err
	}
	v, err := t.get(bucketRecord, recordKey(h.Key))
	if err != nil {
		return h, err
	}
	if v == nil {
		return h, damaged("record %s stands in a feed and nowhere else", h.Key)
	}
	_, canonical, err := splitStored(h.Key, v)
	if err == nil {
		h.Hash = syncproto.HashOf(canonical).Short()
	}
	return h, err
}

// successor returns the first key after all that begin with prefix, nil if
// there is none.
func successor(prefix []byte) []byte {
	out := bytes.Clone(prefix)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil
}
