package boltstore

import (
	"bytes"
	"errors"
	"iter"
	"slices"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// The buckets. Keys are big-endian, so that their order is that of what they
// name; a scope in a key has its length in front.
var (
	bucketMeta    = []byte("meta")    // name → value
	bucketDevice  = []byte("device")  // number → device
	bucketToken   = []byte("token")   // token hash → device number
	bucketRecord  = []byte("ledger")  // replica, time, collection → stored record
	bucketFamily  = []byte("kin")     // key as in ledger, number → child keys
	bucketRun     = []byte("run")     // scope, first seq → places, the old ones too
	bucketMember  = []byte("stand")   // scope, collection, first id → ids
	bucketSum     = []byte("sum")     // scope, day → fingerprint
	bucketInvite  = []byte("invite")  // secret hash → invitation
	bucketAudit   = []byte("audit")   // number → entry
	bucketSetting = []byte("setting") // name → value
)

func buckets() [][]byte {
	return [][]byte{
		bucketMeta, bucketDevice, bucketToken, bucketRecord, bucketFamily, bucketRun,
		bucketMember, bucketSum, bucketInvite, bucketAudit, bucketSetting,
	}
}

// fill is how full pages are left when they split: nearly all keys come in
// ascending order within their region.
const fill = 0.9

// tx is one caller's part of a bbolt transaction. Several callers may share
// the bbolt transaction one after the other; each tx can be undone alone.
type tx struct {
	bolt *bolt.Tx
	open map[string]*bolt.Bucket
	undo []change // what to put back, newest last
	// find are cursors for single lookups: bbolt makes one for each.
	find map[string]*bolt.Cursor
	// Still to be written: see addToFeed and setMember.
	runs    map[syncproto.Scope][]syncproto.FeedEntry
	members map[string][]memberChange
	sums    map[sumKey]*cachedSum
	// recent holds decoded records; see remember.
	recent map[syncproto.Key]*syncproto.Stored
	// state is written once, at the end: a hub sets it for every record.
	state      *syncproto.HubState
	stateDirty bool
}

var _ office.Tx = (*tx)(nil)

// change is what a key held before a write; a nil value: nothing.
type change struct {
	bucket     []byte
	key, value []byte
}

func newTx(b *bolt.Tx) *tx {
	return &tx{bolt: b, open: make(map[string]*bolt.Bucket, 8), find: make(map[string]*bolt.Cursor, 8)}
}

func (t *tx) bucket(name []byte) (*bolt.Bucket, error) {
	if b, ok := t.open[string(name)]; ok {
		return b, nil
	}
	b := t.bolt.Bucket(name)
	if b == nil {
		return nil, damaged("no bucket %q", name)
	}
	b.FillPercent = fill
	t.open[string(name)] = b
	return b, nil
}

// get returns the value of a key, valid until the next write.
func (t *tx) get(bucket, key []byte) ([]byte, error) {
	c, ok := t.find[string(bucket)]
	if !ok {
		b, err := t.bucket(bucket)
		if err != nil {
			return nil, err
		}
		c = b.Cursor()
		t.find[string(bucket)] = c
	}
	if k, v := c.Seek(key); bytes.Equal(k, key) {
		return v, nil
	}
	return nil, nil
}

// put writes a key; a nil value removes it. The slices become the store's.
func (t *tx) put(bucket, key, value []byte) error {
	old, err := t.get(bucket, key)
	if err != nil {
		return err
	}
	return t.swap(bucket, key, bytes.Clone(old), value)
}

// swap is put for a key of which the caller knows what it holds (nil: nothing):
// most keys of a new record are new, and to look for each costs as much as to
// write it.
func (t *tx) swap(bucket, key, old, value []byte) error {
	b, err := t.bucket(bucket)
	if err != nil {
		return err
	}
	return t.write(b, change{bucket, key, old}, value)
}

func (t *tx) write(b *bolt.Bucket, was change, value []byte) error {
	if err := t.writable(); err != nil {
		return err
	}
	t.undo = append(t.undo, was)
	return write(b, was.key, value)
}

func write(b *bolt.Bucket, key, value []byte) error {
	if value == nil {
		return b.Delete(key)
	}
	return b.Put(key, value)
}

// finish writes what was held back. The tx must not be used afterwards.
func (t *tx) finish() error {
	return errors.Join(t.flushRuns(), t.flushMembers(), t.flushSums(), t.flushState())
}

// rollback puts back all that this tx changed.
func (t *tx) rollback() error {
	for _, c := range slices.Backward(t.undo) {
		b, err := t.bucket(c.bucket)
		if err == nil {
			err = write(b, c.key, c.value)
		}
		if err != nil {
			return errors.Join(errors.New("undo of a failed transaction"), err)
		}
	}
	t.undo = nil
	return nil
}

// pair is a key and its value as they stand in the store.
type pair struct{ key, value []byte }

// walk lists the keys of a bucket that begin with prefix, from the first that
// is not below from. It tolerates that the loop's body writes.
func (t *tx) walk(bucket, prefix, from []byte) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		b, err := t.bucket(bucket)
		if err != nil {
			yield(pair{}, err)
			return
		}
		c := b.Cursor()
		writes := len(t.undo)
		for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); {
			at := k
			if t.bolt.Writable() {
				at = bytes.Clone(k)
			}
			if !yield(pair{at, v}, nil) {
				return
			}
			if len(t.undo) == writes {
				k, v = c.Next()
				continue
			}
			// A write invalidates bbolt's cursor: find the place again.
			writes = len(t.undo)
			if k, v = c.Seek(at); bytes.Equal(k, at) {
				k, v = c.Next()
			}
		}
	}
}

// walkBack is walk in descending order, from the last key below from.
func (t *tx) walkBack(bucket, prefix, from []byte) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		b, err := t.bucket(bucket)
		if err != nil {
			yield(pair{}, err)
			return
		}
		c := b.Cursor()
		for {
			k, v := before(c, from)
			writes := len(t.undo)
			for ; len(t.undo) == writes; k, v = back(c, from, c.Prev) {
				if k == nil || !bytes.HasPrefix(k, prefix) {
					return
				}
				from = bytes.Clone(k)
				if !yield(pair{from, v}, nil) {
					return
				}
				if len(t.undo) != writes {
					break
				}
			}
		}
	}
}

// before goes to the last key below from.
func before(c *bolt.Cursor, from []byte) (key, value []byte) {
	if k, _ := c.Seek(from); k != nil {
		return back(c, from, c.Prev)
	}
	if !begins(c, from) {
		return nil, nil
	}
	return back(c, from, c.Last)
}

// back takes a step to what comes before from. Of pages that the transaction
// has emptied, bbolt's Prev says that nothing comes before them, and its Last
// goes round for ever if all are empty.
func back(c *bolt.Cursor, from []byte, step func() (key, value []byte)) (key, value []byte) {
	key, value = step()
	for key == nil && begins(c, from) {
		key, value = c.Prev()
	}
	return key, value
}

// begins reports whether the bucket begins before a key.
func begins(c *bolt.Cursor, key []byte) bool {
	first, _ := c.Bucket().Cursor().First()
	return first != nil && bytes.Compare(first, key) < 0
}

func appendScope(b []byte, s syncproto.Scope) []byte {
	return append(append(b, byte(len(s))), s...)
}

// scopeKey begins a key of the scope's region; room is for what follows.
func scopeKey(s syncproto.Scope, room int) []byte {
	return appendScope(make([]byte, 0, 1+len(s)+room), s)
}
