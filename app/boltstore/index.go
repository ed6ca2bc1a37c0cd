package boltstore

import (
	"errors"

	"gridbook/syncproto"
)

// Index says where a record stands in the lists of Children and Dates: under
// which parent, and on which day (days since 1970-01-01). A record without a
// parent stands in Dates only; one that is not ok in neither. The index is
// asked for what is shown, agreed and unsent together.
type Index func(*syncproto.Record) (parent syncproto.Key, day int64, ok bool)

// reindex moves a record in the indexes from where its old state stands to
// where its new one does.
func (tx *Tx) reindex(k syncproto.Key, old, now *syncproto.Record) error {
	from, to := tx.entries(old), tx.entries(now)
	if from == to {
		return nil
	}
	return errors.Join(
		tx.move(childrenBucket, from.child, to.child),
		tx.move(datesBucket, from.date, to.date))
}

func (tx *Tx) move(b bucket, from, to string) error {
	if from == to {
		return nil
	}
	if from != "" {
		if err := tx.remove(b, []byte(from)); err != nil {
			return err
		}
	}
	if to == "" {
		return nil
	}
	return tx.put(b, []byte(to), nil)
}

// indexed is a record's keys in the indexes; "" if it has none there.
type indexed struct{ child, date string }

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

// rebuildIndexes makes the lists of Children and Dates anew.
func (tx *Tx) rebuildIndexes(version int) error {
	st, err := tx.state()
	if err != nil {
		return err
	}
	for _, b := range []bucket{childrenBucket, datesBucket} {
		w, err := tx.up(b, nil)
		for ; err == nil && w.key != nil; w.next() {
			err = tx.remove(b, w.key)
		}
		if err != nil {
			return err
		}
	}
	for r, err := range tx.scan(nil) {
		if err != nil {
			return err
		}
		if err := tx.reindex(r.Key, nil, r); err != nil {
			return err
		}
	}
	st.Index, tx.stDirty = version, true
	return nil
}
