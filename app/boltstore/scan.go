package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// Get returns a record as it is shown, agreed and unsent together; nil if
// there is none. The caller may change it.
func (tx *Tx) Get(k syncproto.Key) (*syncproto.Record, error) {
	agreed, err := tx.Agreed(k)
	if err != nil {
		return nil, err
	}
	delta, err := tx.Delta(k)
	if err != nil {
		return nil, err
	}
	return shown(agreed, delta), nil
}

// Received returns when the hub received the newest change of a record that it
// is known to hold, in its own ms since 1970; 0 if that is unknown.
func (tx *Tx) Received(k syncproto.Key) (ms int64, err error) {
	ms, _, err = tx.agreed(k)
	return ms, err
}

// Revision numbers the state that tx sees or, once it is saved, leaves.
func (tx *Tx) Revision() uint64 { return uint64(tx.txid) }

// Counts returns how many records have unsent changes that are to be sent, and
// how many have changes that the hub refused.
func (tx *Tx) Counts() (toSend, rejected int, err error) {
	st, err := tx.state()
	if err != nil {
		return 0, 0, err
	}
	return st.Deltas - st.Rejected, st.Rejected, nil
}

// walk goes through the keys of a bucket from one on, upwards or downwards,
// and stays right when the transaction writes between two steps, which bbolt's
// own cursors do not.
type walk struct {
	tx      *Tx
	in      *bolt.Bucket
	cursor  *bolt.Cursor
	down    bool
	changes int
	key     []byte // the current one, a copy; nil at the end
	value   []byte
}

// up starts at the first key ≥ from.
func (tx *Tx) up(b bucket, from []byte) (*walk, error) {
	in, err := tx.in(b)
	if err != nil {
		return nil, err
	}
	w := &walk{tx: tx, in: in, cursor: in.Cursor(), changes: tx.changes}
	w.keep(w.cursor.Seek(from))
	return w, nil
}

// down starts at the last key < below.
func (tx *Tx) down(b bucket, below []byte) (*walk, error) {
	in, err := tx.in(b)
	if err != nil {
		return nil, err
	}
	w := &walk{tx: tx, in: in, cursor: in.Cursor(), down: true, changes: tx.changes}
	w.before(below)
	return w, nil
}

func (w *walk) before(key []byte) {
	switch at, _ := w.cursor.Seek(key); {
	case at != nil:
		w.back(key, w.cursor.Prev)
	case w.begins(key):
		w.back(key, w.cursor.Last)
	default:
		w.keep(nil, nil)
	}
}

// back goes to what comes before a key. Of pages that the transaction has
// emptied, bbolt's Prev says that there is nothing before, and its Last goes
// round for ever if all are.
func (w *walk) back(below []byte, step func() (key, value []byte)) {
	key, value := step()
	for key == nil && w.begins(below) {
		key, value = w.cursor.Prev()
	}
	w.keep(key, value)
}

// begins reports whether the bucket begins before a key.
func (w *walk) begins(below []byte) bool {
	first, _ := w.in.Cursor().First()
	return first != nil && bytes.Compare(first, below) < 0
}

func (w *walk) keep(key, value []byte) { w.key, w.value = bytes.Clone(key), value }

func (w *walk) next() {
	moved := w.changes != w.tx.changes
	if moved {
		w.changes, w.cursor = w.tx.changes, w.in.Cursor()
	}
	switch {
	case w.down && moved:
		w.before(w.key)
	case w.down:
		w.back(w.key, w.cursor.Prev)
	case moved:
		key, value := w.cursor.Seek(w.key)
		if bytes.Equal(key, w.key) {
			key, value = w.cursor.Next()
		}
		w.keep(key, value)
	default:
		w.keep(w.cursor.Next())
	}
}

// Scan lists the records of a collection as they are shown, by id; also those
// of which nothing was sent yet.
func (tx *Tx) Scan(c syncproto.Collection) iter.Seq2[*syncproto.Record, error] {
	return tx.scan(binary.BigEndian.AppendUint16(nil, uint16(c)))
}

// scan lists the shown records whose keys begin with from.
func (tx *Tx) scan(from []byte) iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		agreed, err := tx.up(agreedBucket, from)
		if err != nil {
			yield(nil, err)
			return
		}
		unsent, err := tx.up(deltasBucket, from)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			a := agreed.key != nil && bytes.HasPrefix(agreed.key, from)
			u := unsent.key != nil && bytes.HasPrefix(unsent.key, from)
			if !a && !u {
				return
			}
			key := agreed.key
			if !a || u && bytes.Compare(unsent.key, agreed.key) < 0 {
				key = unsent.key
			}
			r, err := tx.shownAt(key, agreed, unsent)
			if err != nil {
				yield(nil, err)
				return
			}
			if r != nil && !yield(r, nil) {
				return
			}
			for _, w := range []*walk{agreed, unsent} {
				if bytes.Equal(w.key, key) {
					w.next()
				}
			}
		}
	}
}

// shownAt reads the record at key from the values that the walks stand on.
func (tx *Tx) shownAt(key []byte, agreed, unsent *walk) (*syncproto.Record, error) {
	k, err := syncproto.KeyOf(key)
	if err != nil {
		return nil, damaged(err)
	}
	if bytes.Equal(unsent.key, key) || agreed.changes != tx.changes {
		return tx.Get(k)
	}
	plain, err := tx.open(agreedBucket, key, agreed.value)
	if err != nil {
		return nil, err
	}
	_, packed, err := splitAgreed(k, plain)
	if err != nil {
		return nil, err
	}
	return recordOf(k, packed)
}

// Sum implements syncproto.ReplicaTx.
func (tx *Tx) Sum() (syncproto.Sum, error) {
	st, err := tx.state()
	if err != nil {
		return syncproto.Sum{}, err
	}
	return st.Sum, nil
}

// Days implements syncproto.ReplicaTx, in the order of the days.
func (tx *Tx) Days() iter.Seq2[syncproto.DaySum, error] {
	return func(yield func(syncproto.DaySum, error) bool) {
		if err := tx.flushSums(); err != nil {
			yield(syncproto.DaySum{}, err)
			return
		}
		w, err := tx.up(sumsBucket, nil)
		if err != nil {
			yield(syncproto.DaySum{}, err)
			return
		}
		for ; w.key != nil; w.next() {
			if len(w.key) != 4 {
				yield(syncproto.DaySum{}, damaged(errShortIndex))
				return
			}
			day := binary.BigEndian.Uint32(w.key)
			sum, err := tx.daySum(day)
			if sum.Count == 0 && err == nil {
				continue // emptied since
			}
			if !yield(syncproto.DaySum{Day: day, Sum: sum}, err) || err != nil {
				return
			}
		}
	}
}

// OfDay implements syncproto.ReplicaTx, in the order of the keys.
func (tx *Tx) OfDay(day uint32) iter.Seq2[syncproto.RecordHash, error] {
	return func(yield func(syncproto.RecordHash, error) bool) {
		first, last, ok := timesOf(day)
		if !ok {
			return
		}
		w, err := tx.up(agreedBucket, nil)
		if err != nil {
			yield(syncproto.RecordHash{}, err)
			return
		}
		for w.key != nil {
			k, err := syncproto.KeyOf(w.key)
			if err != nil {
				yield(syncproto.RecordHash{}, damaged(err))
				return
			}
			switch {
			case k.ID.Time < first:
				w, err = tx.up(agreedBucket, syncproto.Key{Collection: k.Collection, ID: syncproto.ID{Time: first}}.Bytes())
			case k.ID.Time > last && k.Collection == ^syncproto.Collection(0):
				return
			case k.ID.Time > last:
				w, err = tx.up(agreedBucket, syncproto.Key{Collection: k.Collection + 1}.Bytes())
			default:
				var hash syncproto.RecordHash
				if hash, err = tx.hashOf(k); !yield(hash, err) {
					return
				}
				w.next()
			}
			if err != nil {
				return
			}
		}
	}
}

// Newest implements syncproto.ReplicaTx.
func (tx *Tx) Newest(c syncproto.Collection) iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		prefix := binary.BigEndian.AppendUint16(nil, uint16(c))
		w, err := tx.down(agreedBucket, bytes.Join([][]byte{prefix, bytes.Repeat([]byte{0xff}, syncproto.StampSize+1)}, nil))
		if err != nil {
			yield(nil, err)
			return
		}
		for ; w.key != nil && bytes.HasPrefix(w.key, prefix); w.next() {
			k, err := syncproto.KeyOf(w.key)
			if err != nil {
				yield(nil, damaged(err))
				return
			}
			if r, err := tx.Agreed(k); !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// timesOf returns the first and the last time of a day. The last day of all is
// cut short by the 48 bits that milliseconds have; it is not ok beyond.
func timesOf(day uint32) (first, last syncproto.Time, ok bool) {
	const perDay, end = 86_400_000, 1 << 48
	from, to := int64(day)*perDay, (int64(day)+1)*perDay
	if to > end {
		return syncproto.TimeAt(from), ^syncproto.Time(0), from < end
	}
	return syncproto.TimeAt(from), syncproto.TimeAt(to-1) | 0xffff, true
}

func (tx *Tx) hashOf(k syncproto.Key) (syncproto.RecordHash, error) {
	_, packed, err := tx.agreed(k)
	if err != nil {
		return syncproto.RecordHash{}, err
	}
	canonical, err := canonicalOf(k, packed)
	if err != nil {
		return syncproto.RecordHash{}, err
	}
	return syncproto.RecordHash{Key: k, Hash: syncproto.HashOf(canonical).Short()}, nil
}
