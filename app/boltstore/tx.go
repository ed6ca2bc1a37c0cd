package boltstore

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// Tx is a transaction on the store. It is good for the goroutine and the time
// of the function that it was given to. It implements syncproto.ReplicaTx.
type Tx struct {
	seal    *sealer
	index   Index
	bolt    *bolt.Tx
	txid    int // of the transaction that writes, or that was the last one
	opened  [buckets]*bolt.Bucket
	st      *state
	stDirty bool
	// pendingRead says that st has the pending upload too.
	pendingRead bool
	sums        map[uint32]syncproto.Sum // changed days, not yet put
	changes     int                      // puts and removals so far
	changed     [buckets]int             // those in each bucket
	seekers     [buckets]*bolt.Cursor    // for single lookups: bbolt makes one for each
	looked      [buckets]look
	canonical   []byte // reused
	onCommit    []func()
	known       *atomic.Pointer[knownState]
	own         *unsent                 // as of own.changes
	cache       *atomic.Pointer[unsent] // of the newest View that made one
}

var _ syncproto.ReplicaTx = (*Tx)(nil)

// fillPercent is how full pages are left: records come in the order of their
// ids far more often than not.
const fillPercent = 0.9

func (tx *Tx) in(b bucket) (*bolt.Bucket, error) {
	if tx.opened[b] == nil {
		found := tx.bolt.Bucket([]byte(b.String()))
		if found == nil {
			return nil, damaged(fmt.Errorf("bucket %v is missing", b))
		}
		found.FillPercent = fillPercent
		tx.opened[b] = found
	}
	return tx.opened[b], nil
}

// note counts a change and keeps the digest.
func (tx *Tx) note(b bucket, change func(*digest)) error {
	tx.changes++
	tx.changed[b]++
	st, err := tx.state()
	if err == nil && b.digested() {
		change(&st.Digest)
		tx.stDirty = true
	}
	return err
}

func (tx *Tx) state() (*state, error) {
	if tx.st != nil {
		return tx.st, nil
	}
	if known := tx.known.Load(); known != nil && known.txid == tx.began() {
		st := known.state
		tx.st, tx.pendingRead = &st, known.pendingRead
		return tx.st, nil
	}
	plain, err := tx.get(metaBucket, stateKey)
	if err != nil {
		return nil, err
	}
	st, err := decodeState(plain)
	if err != nil {
		return nil, damaged(err)
	}
	tx.st = st
	return st, nil
}

// knownState is the state that a transaction left, to spare the next one from
// opening it.
type knownState struct {
	txid        int
	state       state
	pendingRead bool
}

// began is the number of the transaction whose outcome tx began with.
func (tx *Tx) began() int {
	if tx.bolt.Writable() {
		return tx.txid - 1
	}
	return tx.txid
}

// saved remembers the state after the commit of tx.
func (tx *Tx) saved() {
	if tx.st != nil {
		tx.known.Store(&knownState{tx.txid, *tx.st, tx.pendingRead})
	}
}

// flush writes what the transaction kept in memory.
func (tx *Tx) flush() error {
	if err := tx.flushSums(); err != nil {
		return err
	}
	if !tx.stDirty {
		return nil
	}
	tx.st.Changes++
	plain, err := tx.st.encode()
	if err != nil {
		return err
	}
	return tx.put(metaBucket, stateKey, plain)
}

func (tx *Tx) flushSums() error {
	for _, day := range slices.Sorted(maps.Keys(tx.sums)) {
		var err error
		if sum := tx.sums[day]; sum.Count == 0 {
			err = tx.remove(sumsBucket, dayKey(day))
		} else {
			err = tx.put(sumsBucket, dayKey(day), encodeSum(sum))
		}
		if err != nil {
			return err
		}
	}
	clear(tx.sums)
	return nil
}

// OnCommit calls f after the transaction was saved, and not if it fails.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// Meta implements syncproto.ReplicaTx.
func (tx *Tx) Meta() (syncproto.ReplicaMeta, error) {
	st, err := tx.state()
	if err != nil {
		return syncproto.ReplicaMeta{}, err
	}
	if !tx.pendingRead {
		if st.Pending {
			err = tx.readUploads(pendingKey, &st.Meta.Pending)
		}
		if st.Sticks > 0 && err == nil {
			err = tx.readUploads(sticksKey, &st.Meta.Sticks)
		}
		if err != nil {
			return syncproto.ReplicaMeta{}, err
		}
	}
	tx.pendingRead = true
	return st.Meta, nil
}

func (tx *Tx) readUploads(key []byte, up any) error {
	plain, err := tx.get(metaBucket, key)
	if err != nil {
		return err
	}
	if err := decodeUploads(plain, up); err != nil {
		return damaged(err)
	}
	return nil
}

// SetMeta implements syncproto.ReplicaTx.
func (tx *Tx) SetMeta(m syncproto.ReplicaMeta) error {
	if !tx.bolt.Writable() {
		return badCall("write in a View")
	}
	old, err := tx.Meta()
	if err != nil {
		return err
	}
	if m.Pending != old.Pending {
		if err := tx.putUploads(pendingKey, m.Pending, m.Pending != nil); err != nil {
			return err
		}
	}
	if !slices.Equal(m.Sticks, old.Sticks) {
		if err := tx.putUploads(sticksKey, m.Sticks, len(m.Sticks) > 0); err != nil {
			return err
		}
	}
	tx.st.Pending, tx.st.Sticks = m.Pending != nil, len(m.Sticks)
	if !reflect.DeepEqual(m, old) {
		tx.st.Meta, tx.stDirty = m, true
	}
	return nil
}

// putUploads writes uploads that are not answered. They are large and seldom
// change, so that they are values of their own beside the state.
func (tx *Tx) putUploads(key []byte, up any, some bool) error {
	if !some {
		return tx.remove(metaBucket, key)
	}
	plain, err := encodeUploads(up)
	if err != nil {
		return err
	}
	return tx.put(metaBucket, key, plain)
}

// Agreed implements syncproto.ReplicaTx.
func (tx *Tx) Agreed(k syncproto.Key) (*syncproto.Record, error) {
	_, packed, err := tx.agreed(k)
	if err != nil || packed == nil {
		return nil, err
	}
	return recordOf(k, packed)
}

// agreed returns the packed agreed record, nil if there is none.
func (tx *Tx) agreed(k syncproto.Key) (received int64, packed []byte, err error) {
	plain, err := tx.get(agreedBucket, k.Bytes())
	if err != nil || plain == nil {
		return 0, nil, err
	}
	return splitAgreed(k, plain)
}

// PutAgreed implements syncproto.ReplicaTx.
func (tx *Tx) PutAgreed(k syncproto.Key, r *syncproto.Record, received int64) error {
	if r != nil && r.Key != k {
		return badCall("record %v put under %v", r.Key, k)
	}
	_, packed, err := tx.agreed(k)
	if err != nil || packed == nil && r == nil {
		return err
	}
	var old *syncproto.Record
	if packed != nil {
		canonical, err := canonicalOf(k, packed)
		if err != nil {
			return err
		}
		if old, err = recordOf(k, packed); err != nil {
			return err
		}
		if err := tx.sum(k, func(s syncproto.Sum) syncproto.Sum { return s.Remove(syncproto.HashOf(canonical)) }); err != nil {
			return err
		}
	}
	if err := tx.reindex(old, r); err != nil {
		return err
	}
	if r == nil {
		return tx.remove(agreedBucket, k.Bytes())
	}
	canonical := syncproto.AppendRecord(tx.canonical[:0], r)
	tx.canonical = canonical
	if err := tx.sum(k, func(s syncproto.Sum) syncproto.Sum { return s.Add(syncproto.HashOf(canonical)) }); err != nil {
		return err
	}
	return tx.put(agreedBucket, k.Bytes(), agreedValue(k, canonical, received))
}

// sum changes the fingerprints, of all and of the day of k's creation.
func (tx *Tx) sum(k syncproto.Key, change func(syncproto.Sum) syncproto.Sum) error {
	st, err := tx.state()
	if err != nil {
		return err
	}
	day := k.ID.Time.Day()
	sum, err := tx.daySum(day)
	if err != nil {
		return err
	}
	if tx.sums == nil {
		tx.sums = make(map[uint32]syncproto.Sum)
	}
	tx.sums[day] = change(sum)
	st.Sum, tx.stDirty = change(st.Sum), true
	return nil
}

func (tx *Tx) daySum(day uint32) (syncproto.Sum, error) {
	if sum, ok := tx.sums[day]; ok {
		return sum, nil
	}
	plain, err := tx.get(sumsBucket, dayKey(day))
	if err != nil || plain == nil {
		return syncproto.Sum{}, err
	}
	sum, err := decodeSum(plain)
	if err != nil {
		return sum, damaged(err)
	}
	return sum, nil
}

// Delta implements syncproto.ReplicaTx.
func (tx *Tx) Delta(k syncproto.Key) (*syncproto.Delta, error) {
	row, err := tx.row(k)
	if err != nil || row == nil {
		return nil, err
	}
	return row.delta(k)
}

// row is Delta without its record, which takes most of the time to read.
func (tx *Tx) row(k syncproto.Key) (*deltaRow, error) {
	plain, err := tx.get(deltasBucket, k.Bytes())
	if err != nil || plain == nil {
		return nil, err
	}
	l := &tx.looked[deltasBucket]
	if l.row == nil {
		l.row, err = rowOf(k, plain)
	}
	return l.row, err
}

// Gen implements syncproto.ReplicaTx.
func (tx *Tx) Gen(k syncproto.Key) (uint64, error) {
	row, err := tx.row(k)
	if err != nil || row == nil {
		return 0, err
	}
	return row.Gen, nil
}

// PutDelta implements syncproto.ReplicaTx.
func (tx *Tx) PutDelta(k syncproto.Key, d *syncproto.Delta) error {
	if d != nil && (d.Record == nil || d.Key != k) {
		return badCall("delta put under %v is another's", k)
	}
	old, err := tx.row(k)
	if err != nil || old == nil && d == nil {
		return err
	}
	if err := tx.count(old, d); err != nil {
		return err
	}
	if d == nil {
		return tx.remove(deltasBucket, k.Bytes())
	}
	plain, err := deltaValue(k, d)
	if err != nil {
		return err
	}
	return tx.put(deltasBucket, k.Bytes(), plain)
}

// count keeps the numbers of deltas, and of the edits that a copy would save.
func (tx *Tx) count(old *deltaRow, d *syncproto.Delta) error {
	st, err := tx.state()
	if err != nil {
		return err
	}
	if old != nil {
		st.Deltas--
		if old.Rejected {
			st.Rejected--
		}
	}
	if d != nil {
		st.Deltas++
		if d.Rejected != nil {
			st.Rejected++
		}
	}
	if d != nil && (old == nil || d.Gen != old.Gen) {
		st.Edits++
	}
	tx.stDirty = true
	return nil
}

// shown joins what is agreed with what is not yet sent; nil if there is
// neither.
func shown(agreed *syncproto.Record, delta *syncproto.Delta) *syncproto.Record {
	switch {
	case delta == nil:
		return agreed
	case agreed == nil:
		return delta.Record
	}
	r := agreed.Clone()
	r.Join(delta.Record)
	return r
}
