package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// The places of a feed stand in runs, in the order of their sequence: what one
// update adds is one row for each scope and maxRun places, not one for each
// place. A record's new place leaves the old one where it stands, for to take
// it out would cost a page; who reads the feed asks the record whether it still
// stands there. So a feed grows by 17 bytes with each edit.
//
// A run is a list of: what the sequence is more than the one before (the first:
// than that in the key), collection with the lowest bit for "gone", id. Numbers
// are uvarints.
const maxRun = 128

// feedKey is the key of a run.
func feedKey(s syncproto.Scope, seq syncproto.Seq) []byte {
	return binary.BigEndian.AppendUint64(scopeKey(s, 8), uint64(seq))
}

// addToFeed enters a place at the end of its feed, when the transaction ends or
// somebody reads the feed.
func (t *tx) addToFeed(s syncproto.Scope, e syncproto.FeedEntry) {
	if t.runs == nil {
		t.runs = make(map[syncproto.Scope][]syncproto.FeedEntry)
	}
	t.runs[s] = append(t.runs[s], e)
}

// flushRuns writes the new places.
func (t *tx) flushRuns() error {
	for _, s := range slices.Sorted(maps.Keys(t.runs)) {
		for run := range slices.Chunk(t.runs[s], maxRun) {
			if err := t.swap(bucketRun, feedKey(s, run[0].Seq), nil, packRun(run)); err != nil {
				return err
			}
		}
	}
	t.runs = nil
	return nil
}

func packRun(run []syncproto.FeedEntry) []byte {
	b := make([]byte, 0, len(run)*(4+syncproto.StampSize))
	last := run[0].Seq
	for _, e := range run {
		b = binary.AppendUvarint(b, uint64(e.Seq-last))
		b = binary.AppendUvarint(b, uint64(e.Key.Collection)<<1|uint64(flagOf(e.Gone)))
		b = e.Key.ID.Append(b)
		last = e.Seq
	}
	return b
}

func unpackRun(first syncproto.Seq, b []byte) ([]syncproto.FeedEntry, error) {
	r, last := reader{b: b}, first
	out := make([]syncproto.FeedEntry, 0, len(b)/(2+syncproto.StampSize))
	for len(r.b) > 0 && !r.bad {
		step, kind := syncproto.Seq(r.uint()), r.uint()
		id, err := syncproto.StampOf(r.take(syncproto.StampSize))
		if err != nil || r.bad || kind >= 1<<17 || len(out) > 0 && last+step <= last {
			return nil, damaged("a run of places is cut short or torn")
		}
		last += step
		out = append(out, syncproto.FeedEntry{Seq: last, Key: syncproto.Key{Collection: syncproto.Collection(kind >> 1), ID: id}, Gone: kind&1 != 0})
	}
	if r.bad {
		return nil, damaged("a run of places is cut short")
	}
	return out, nil
}

// Feed lists a scope's places after seq, in order.
func (t *tx) Feed(s syncproto.Scope, after syncproto.Seq) iter.Seq2[syncproto.FeedEntry, error] {
	return func(yield func(syncproto.FeedEntry, error) bool) {
		if after == ^syncproto.Seq(0) {
			return
		}
		if err := t.flushRuns(); err != nil {
			yield(syncproto.FeedEntry{}, err)
			return
		}
		for e, err := range t.everPlaced(s, after) {
			if err == nil {
				var stands bool
				if stands, err = t.standsAt(s, &e); err == nil && !stands {
					continue
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// everPlaced lists a scope's places after seq with those that records have
// left for later ones.
func (t *tx) everPlaced(s syncproto.Scope, after syncproto.Seq) iter.Seq2[syncproto.FeedEntry, error] {
	return func(yield func(syncproto.FeedEntry, error) bool) {
		prefix := scopeKey(s, 0)
		from, err := t.floor(bucketRun, prefix, feedKey(s, after+1))
		if err != nil {
			yield(syncproto.FeedEntry{}, err)
			return
		}
		for row, err := range t.walk(bucketRun, prefix, from) {
			var run []syncproto.FeedEntry
			if err == nil && len(row.key) != len(prefix)+8 {
				err = damaged("a run's key of %d bytes", len(row.key))
			}
			if err == nil {
				run, err = unpackRun(syncproto.Seq(binary.BigEndian.Uint64(row.key[len(prefix):])), row.value)
			}
			if err != nil {
				yield(syncproto.FeedEntry{}, err)
				return
			}
			for _, e := range run {
				if e.Seq > after && !yield(e, nil) {
					return
				}
			}
		}
	}
}

// floor returns the last key with a prefix that is not beyond another, and that
// other if there is none.
func (t *tx) floor(bucket, prefix, key []byte) ([]byte, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return nil, err
	}
	c := b.Cursor()
	if k, _ := c.Seek(key); bytes.Equal(k, key) {
		return key, nil
	}
	if k, _ := before(c, key); bytes.HasPrefix(k, prefix) {
		return bytes.Clone(k), nil
	}
	return key, nil
}

// standsAt reports whether a record still has a place, and brings the entry up
// to date.
func (t *tx) standsAt(s syncproto.Scope, e *syncproto.FeedEntry) (bool, error) {
	if st := t.recent[e.Key]; st != nil {
		for _, p := range st.Places {
			if p.Scope == s && p.Seq == e.Seq {
				e.Gone = p.Gone
				return true, nil
			}
		}
		return false, nil
	}
	v, err := t.get(bucketRecord, recordKey(e.Key))
	if err != nil {
		return false, err
	}
	if v == nil {
		return false, damaged("record %s stands in a feed and nowhere else", e.Key)
	}
	stands, gone, err := placedAt(e.Key, v, s, e.Seq)
	e.Gone = gone
	return stands, err
}
