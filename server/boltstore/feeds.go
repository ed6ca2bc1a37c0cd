package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"

	"gridbook/syncproto"
)

func memberKey(s syncproto.Scope, k syncproto.Key) []byte {
	return k.Append(scopeKey(s, syncproto.KeySize))
}

// Scan lists the records of a collection that stand in a scope, by id.
func (t *tx) Scan(s syncproto.Scope, c syncproto.Collection, from syncproto.ID, backwards bool) iter.Seq2[syncproto.ID, error] {
	prefix := binary.BigEndian.AppendUint16(scopeKey(s, syncproto.KeySize), uint16(c))
	start := from.Append(bytes.Clone(prefix))
	list := t.walk
	switch {
	case backwards && from.IsZero():
		// Beyond the last id of 12 bytes, before the next collection.
		start = append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, syncproto.StampSize+1)...)
		list = t.walkBack
	case backwards:
		list = t.walkBack
	}
	return func(yield func(syncproto.ID, error) bool) {
		for p, err := range list(bucketMember, prefix, start) {
			var id syncproto.ID
			if err == nil {
				id, err = syncproto.StampOf(p.key[len(prefix):])
			}
			if err == nil && id == from {
				continue
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// millisPerDay is the length of a bucket of Time.Day.
const millisPerDay = 86_400_000

// OfDay lists the hashes of a scope's records created on one day. It looks at
// each collection of the scope once.
func (t *tx) OfDay(s syncproto.Scope, day uint32) iter.Seq2[syncproto.RecordHash, error] {
	return func(yield func(syncproto.RecordHash, error) bool) {
		prefix := scopeKey(s, 0)
		first := syncproto.ID{Time: syncproto.TimeAt(int64(day) * millisPerDay)}
		next := prefix // where the next collection begins
		for next != nil {
			var region []byte
			for p, err := range t.walk(bucketMember, prefix, next) {
				if err != nil {
					yield(syncproto.RecordHash{}, err)
					return
				}
				region = bytes.Clone(p.key[:len(prefix)+2])
				break
			}
			if region == nil {
				return
			}
			if !t.ofDay(region, first.Append(bytes.Clone(region)), day, yield) {
				return
			}
			next = successor(region)
		}
	}
}

// ofDay goes through one collection's members of a day; false: stop.
func (t *tx) ofDay(region, from []byte, day uint32, yield func(syncproto.RecordHash, error) bool) bool {
	for p, err := range t.walk(bucketMember, region, from) {
		var h syncproto.RecordHash
		if err == nil {
			h, err = t.hash(p.key[len(region)-2:])
		}
		if err == nil && h.ID.Time.Day() != day {
			return true
		}
		if !yield(h, err) || err != nil {
			return false
		}
	}
	return true
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
