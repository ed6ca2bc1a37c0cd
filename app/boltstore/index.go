package boltstore

import (
	"fmt"
	"iter"

	"gridbook/syncproto"
)

// Index says where a record stands in the lists of Children and Dates: under
// which parent, and on which day (days since 1970-01-01). A record without a
// parent stands in Dates only; one that is not ok in neither. Its answer must
// depend on nothing but the record.
type Index func(*syncproto.Record) (parent syncproto.Key, day int64, ok bool)

// reindex moves an agreed record in the indexes from where its old state
// stands to where its new one does.
func (tx *Tx) reindex(old, now *syncproto.Record) error {
	from, to := tx.entries(old), tx.entries(now)
	if from == to {
		return nil
	}
	for b, key := range from.each() {
		if err := tx.leave(b, []byte(key)); err != nil {
			return err
		}
	}
	for b, key := range to.each() {
		if err := tx.enter(b, []byte(key)); err != nil {
			return err
		}
	}
	return nil
}

// indexed is a record's keys in the indexes; "" if it has none there.
type indexed struct{ child, date string }

// each lists the keys that there are.
func (e indexed) each() iter.Seq2[bucket, string] {
	return func(yield func(bucket, string) bool) {
		if e.child != "" && !yield(childrenBucket, e.child) {
			return
		}
		if e.date != "" {
			yield(datesBucket, e.date)
		}
	}
}

func (tx *Tx) entries(r *syncproto.Record) (e indexed) {
	if r == nil || tx.index == nil {
		return e
	}
	parent, day, ok := tx.index(r)
	if !ok {
		return e
	}
	if parent != (syncproto.Key{}) {
		e.child = string(childKey(parent, r.Key, day))
	}
	e.date = string(dateKey(r.Key, day))
	return e
}

// rebuildIndexes makes the indexes anew, as the present Format has them.
func (tx *Tx) rebuildIndexes(version int) error {
	st, err := tx.state()
	if err != nil {
		return err
	}
	for _, b := range []bucket{childrenBucket, datesBucket} {
		if err := tx.empty(b); err != nil {
			return err
		}
	}
	for r, err := range tx.eachAgreed() {
		if err != nil {
			return err
		}
		if err := tx.reindex(nil, r); err != nil {
			return err
		}
	}
	st.Index, tx.stDirty = version, true
	return tx.write(metaBucket, formatKey, encodeFormat(Format))
}

// empty removes all that a bucket has.
func (tx *Tx) empty(b bucket) error {
	w, err := tx.up(b, nil)
	for ; err == nil && w.key != nil; w.next() {
		err = tx.note(b, func(d *digest) { d.remove(b, w.key, w.value) })
	}
	if err != nil {
		return err
	}
	name := []byte(b.String())
	if err := tx.bolt.DeleteBucket(name); err != nil {
		return fmt.Errorf("boltstore: empty %v: %w", b, err)
	}
	if _, err := tx.bolt.CreateBucket(name); err != nil {
		return fmt.Errorf("boltstore: empty %v: %w", b, err)
	}
	tx.opened[b], tx.seekers[b], tx.looked[b] = nil, nil, look{}
	return nil
}

// eachAgreed lists all agreed records by key.
func (tx *Tx) eachAgreed() iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		w, err := tx.up(agreedBucket, nil)
		if err != nil {
			yield(nil, err)
			return
		}
		for ; w.key != nil; w.next() {
			k, err := syncproto.KeyOf(w.key)
			if err != nil {
				yield(nil, damaged(err))
				return
			}
			r, err := tx.Agreed(k)
			if err == nil && r == nil {
				continue // removed since
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}
