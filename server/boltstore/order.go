package boltstore

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"iter"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// Records and families stand in the order of who made them, then of when: what
// a village's laptop brings touches what it has made before, and that lies in
// as few pages of a large township as of a small one.

// recordKey is a record's key: replica, time, collection.
func recordKey(k syncproto.Key) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, syncproto.KeySize+2), uint32(k.ID.Replica))
	b = binary.BigEndian.AppendUint64(b, uint64(k.ID.Time))
	return binary.BigEndian.AppendUint16(b, uint16(k.Collection))
}

func keyOfRecord(b []byte) (syncproto.Key, error) {
	if len(b) != syncproto.KeySize {
		return syncproto.Key{}, damaged("a record key of %d bytes", len(b))
	}
	return syncproto.Key{
		Collection: syncproto.Collection(binary.BigEndian.Uint16(b[12:])),
		ID: syncproto.ID{
			Time:    syncproto.Time(binary.BigEndian.Uint64(b[4:])),
			Replica: syncproto.ReplicaID(binary.BigEndian.Uint32(b)),
		},
	}, nil
}

// Records lists all records by id, then by collection, and proves their form.
// Nothing may be written while it does.
func (t *tx) Records() iter.Seq2[*syncproto.Stored, error] {
	return func(yield func(*syncproto.Stored, error) bool) {
		heads, err := t.makers()
		for err == nil && len(heads) > 0 {
			first := heads[0]
			var st *syncproto.Stored
			if st, _, err = unpackStored(first.key, first.value, syncproto.DecodeRecord); err != nil {
				break
			}
			if !yield(st, nil) {
				return
			}
			var more bool
			if more, err = first.step(first.cursor.Next()); more {
				heap.Fix(&heads, 0)
			} else {
				heap.Pop(&heads)
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// makers returns the first record of each replica.
func (t *tx) makers() (heads byID, err error) {
	b, err := t.bucket(bucketRecord)
	if err != nil {
		return nil, err
	}
	for next := []byte{}; next != nil; {
		h := &head{cursor: b.Cursor()}
		k, v := h.cursor.Seek(next)
		if k == nil {
			break
		}
		if h.key, err = keyOfRecord(k); err != nil {
			return nil, err
		}
		h.value = v
		heads = append(heads, h)
		next = successor(k[:4])
	}
	heap.Init(&heads)
	return heads, nil
}

// head is where the listing stands in one replica's records.
type head struct {
	cursor *bolt.Cursor
	key    syncproto.Key
	value  []byte
}

// step goes on to a key, and reports whether that is still the same replica's.
func (h *head) step(k, v []byte) (bool, error) {
	if k == nil {
		return false, nil
	}
	key, err := keyOfRecord(k)
	if err != nil || key.ID.Replica != h.key.ID.Replica {
		return false, err
	}
	h.key, h.value = key, v
	return true, nil
}

// byID is a heap of heads, the least id first.
type byID []*head

func (h byID) Len() int { return len(h) }
func (h byID) Less(i, j int) bool {
	a, b := h[i].key, h[j].key
	return cmp.Or(a.ID.Compare(b.ID), cmp.Compare(a.Collection, b.Collection)) < 0
}
func (h byID) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byID) Push(x any)   { *h = append(*h, x.(*head)) }
func (h *byID) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
