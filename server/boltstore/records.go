package boltstore

import (
	"bytes"
	"fmt"

	"gridbook/syncproto"
)

// Record returns nil if there is none.
func (t *tx) Record(k syncproto.Key) (*syncproto.Stored, error) {
	if st, ok := t.recent[k]; ok {
		return st, nil
	}
	v, err := t.get(bucketRecord, recordKey(k))
	if err != nil || v == nil {
		return nil, err
	}
	st, canonical, err := unpackStored(k, v, syncproto.DecodeStored)
	if err == nil && t.bolt.Writable() {
		st.SetCanonical(bytes.Clone(canonical)) // the map's are good until the next write
		t.remember(st)
	}
	return st, err
}

// Head reads where a record stands, and not its fields.
func (t *tx) Head(k syncproto.Key) (*syncproto.Stored, error) {
	if st, ok := t.recent[k]; ok {
		return st, nil
	}
	v, err := t.get(bucketRecord, recordKey(k))
	if err != nil || v == nil {
		return nil, err
	}
	st, _, err := splitStored(k, v)
	if err != nil {
		return nil, err
	}
	st.Record = syncproto.NewRecord(k.Collection, k.ID)
	return st, nil
}

// maxRecent bounds the records that a write transaction keeps decoded.
const maxRecent = 1024

// remember keeps a record at hand in a write transaction: a batch asks for the
// same few households over and over, and for what it has just written.
func (t *tx) remember(st *syncproto.Stored) {
	if t.recent == nil || len(t.recent) >= maxRecent {
		t.recent = make(map[syncproto.Key]*syncproto.Stored)
	}
	t.recent[st.Key] = st
}

// PutRecord replaces a record and its places in the feeds.
func (t *tx) PutRecord(old, st *syncproto.Stored) error {
	for _, p := range st.Places {
		if err := checkScope(p.Scope); err != nil {
			return err
		}
	}
	canonical := st.Canonical()
	if old != nil {
		if err := t.takeBack(old, st); err != nil {
			return err
		}
	}
	if err := t.place(old, st); err != nil {
		return err
	}
	if st.Parent != (syncproto.Key{}) && (old == nil || old.Parent != st.Parent) {
		if err := t.addChild(st.Parent, st.Key); err != nil {
			return err
		}
	}
	t.remember(st)
	if old == nil {
		return t.swap(bucketRecord, recordKey(st.Key), nil, packStored(st, canonical))
	}
	return t.put(bucketRecord, recordKey(st.Key), packStored(st, canonical))
}

// takeBack removes old from among the members and children where st does not
// stand. Its places stay in the feeds, see runs.go.
func (t *tx) takeBack(old, st *syncproto.Stored) error {
	for _, p := range old.Places {
		if stands(old, p) && !hasPlace(st.Places, func(q syncproto.Place) bool { return q.Scope == p.Scope && stands(st, q) }) {
			t.setMember(p.Scope, st.Key, false)
		}
	}
	if old.Parent != (syncproto.Key{}) && old.Parent != st.Parent {
		return t.dropChild(old.Parent, st.Key)
	}
	return nil
}

func hasPlace(places []syncproto.Place, match func(syncproto.Place) bool) bool {
	for _, p := range places {
		if match(p) {
			return true
		}
	}
	return false
}

// stands reports whether a device that reads the place's scope holds st.
func stands(st *syncproto.Stored, p syncproto.Place) bool { return !p.Gone && !st.Purged }

// place enters st where old does not stand already. What old, if it was read
// from this store, does not say to be there, is not.
func (t *tx) place(old, st *syncproto.Stored) error {
	var before []syncproto.Place
	if old != nil {
		before = old.Places
	}
	for _, p := range st.Places {
		if !hasPlace(before, func(q syncproto.Place) bool { return q.Scope == p.Scope && q.Seq == p.Seq }) {
			t.addToFeed(p.Scope, syncproto.FeedEntry{Seq: p.Seq, Key: st.Key, Gone: p.Gone})
		}
		if !stands(st, p) || hasPlace(before, func(q syncproto.Place) bool { return q.Scope == p.Scope && stands(old, q) }) {
			continue
		}
		t.setMember(p.Scope, st.Key, true)
	}
	return nil
}

func checkScope(s syncproto.Scope) error {
	if len(s) == 0 || len(s) > 255 {
		return fmt.Errorf("a scope of %d bytes", len(s))
	}
	return nil
}
