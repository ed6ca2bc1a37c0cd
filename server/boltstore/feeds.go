package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"

	"gridbook/syncproto"
)

func feedKey(s syncproto.Scope, seq syncproto.Seq) []byte {
	return binary.BigEndian.AppendUint64(scopeKey(s, 8), uint64(seq))
}

func feedValue(k syncproto.Key, p syncproto.Place) []byte {
	return append(k.Append(make([]byte, 0, syncproto.KeySize+1)), flagOf(p.Gone))
}

func memberKey(s syncproto.Scope, k syncproto.Key) []byte {
	return k.Append(scopeKey(s, syncproto.KeySize))
}

// Feed lists a scope's places after seq, in order.
func (t *tx) Feed(s syncproto.Scope, after syncproto.Seq) iter.Seq2[syncproto.FeedEntry, error] {
	return func(yield func(syncproto.FeedEntry, error) bool) {
		if after == ^syncproto.Seq(0) {
			return
		}
		prefix := scopeKey(s, 0)
		for p, err := range t.walk(bucketFeed, prefix, feedKey(s, after+1)) {
			var e syncproto.FeedEntry
			if err == nil {
				e, err = feedEntry(p.key[len(prefix):], p.value)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func feedEntry(seq, value []byte) (e syncproto.FeedEntry, err error) {
	if len(seq) != 8 || len(value) != syncproto.KeySize+1 {
		return e, damaged("a place of %d and %d bytes", len(seq), len(value))
	}
	e.Seq = syncproto.Seq(binary.BigEndian.Uint64(seq))
	e.Key, err = syncproto.KeyOf(value[:syncproto.KeySize])
	e.Gone = value[syncproto.KeySize] != 0
	return e, err
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
