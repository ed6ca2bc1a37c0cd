package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"gridbook/syncproto"
)

// A family is a record with those whose Parent it is. Their keys stand packed
// one after the other in rows of at most maxFamily, for most households in one:
// a row for each child would be four times as many pages to write for a day's
// visits, which are spread over all households.
const maxFamily = 64

func familyKey(parent syncproto.Key, number uint16) []byte {
	return binary.BigEndian.AppendUint16(recordKey(parent), number)
}

// addChild enters a child that is not there yet: in the first row, which for
// most is the only one, or in the last.
func (t *tx) addChild(parent, child syncproto.Key) error {
	key := familyKey(parent, 0)
	row, err := t.get(bucketFamily, key)
	if err != nil {
		return err
	}
	if row != nil && len(row) >= maxFamily*syncproto.KeySize {
		if key, row, err = t.lastOfFamily(parent); err != nil {
			return err
		}
	}
	if len(row) >= maxFamily*syncproto.KeySize {
		number := binary.BigEndian.Uint16(key[syncproto.KeySize:])
		if number == ^uint16(0) {
			return fmt.Errorf("record %s has more than %d dependants", parent, maxFamily<<16)
		}
		key, row = familyKey(parent, number+1), nil
	}
	now := child.Append(append(make([]byte, 0, len(row)+syncproto.KeySize), row...))
	var old []byte // what it begins with, for nobody writes into either
	if row != nil {
		old = now[:len(row):len(row)]
	}
	return t.swap(bucketFamily, key, old, now)
}

// lastOfFamily returns the last row of a family that has one.
func (t *tx) lastOfFamily(parent syncproto.Key) (key, row []byte, err error) {
	b, err := t.bucket(bucketFamily)
	if err != nil {
		return nil, nil, err
	}
	key, row = before(b.Cursor(), append(familyKey(parent, ^uint16(0)), 0))
	return bytes.Clone(key), row, nil
}

// dropChild takes a child out, wherever it stands.
func (t *tx) dropChild(parent, child syncproto.Key) error {
	prefix := recordKey(parent)
	for row, err := range t.walk(bucketFamily, prefix, prefix) {
		if err != nil {
			return err
		}
		keys, err := keysOf(row.value)
		if err != nil {
			return err
		}
		i := slices.Index(keys, child)
		if i < 0 {
			continue
		}
		var rest []byte // nil, if none is left: the row goes
		for _, k := range slices.Delete(keys, i, i+1) {
			rest = k.Append(rest)
		}
		return t.swap(bucketFamily, row.key, bytes.Clone(row.value), rest)
	}
	return nil
}

func keysOf(b []byte) ([]syncproto.Key, error) {
	if len(b)%syncproto.KeySize != 0 {
		return nil, damaged("a family of %d bytes", len(b))
	}
	out := make([]syncproto.Key, 0, len(b)/syncproto.KeySize)
	for c := range slices.Chunk(b, syncproto.KeySize) {
		k, err := syncproto.KeyOf(c)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Dependants lists the records whose Parent is k.
func (t *tx) Dependants(k syncproto.Key) iter.Seq2[syncproto.Key, error] {
	return func(yield func(syncproto.Key, error) bool) {
		children, err := t.children(k)
		if err != nil {
			yield(syncproto.Key{}, err)
			return
		}
		for _, child := range children {
			if !yield(child, nil) {
				return
			}
		}
	}
}

func (t *tx) children(k syncproto.Key) (children []syncproto.Key, err error) {
	prefix := recordKey(k)
	for row, err := range t.walk(bucketFamily, prefix, prefix) {
		if err != nil {
			return nil, err
		}
		keys, err := keysOf(row.value)
		if err != nil {
			return nil, err
		}
		children = append(children, keys...)
	}
	slices.SortFunc(children, syncproto.Key.Compare)
	return children, nil
}
