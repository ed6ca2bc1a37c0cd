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

// addChild enters a child that is not there yet.
func (t *tx) addChild(parent, child syncproto.Key) error {
	b, err := t.bucket(bucketFamily)
	if err != nil {
		return err
	}
	last, row := before(b.Cursor(), familyKey(parent, ^uint16(0)))
	if !bytes.HasPrefix(last, recordKey(parent)) {
		return t.swap(bucketFamily, familyKey(parent, 0), nil, child.Bytes())
	}
	if len(row) < maxFamily*syncproto.KeySize {
		return t.swap(bucketFamily, bytes.Clone(last), bytes.Clone(row), child.Append(bytes.Clone(row)))
	}
	number := binary.BigEndian.Uint16(last[syncproto.KeySize:])
	if number == ^uint16(0) {
		return fmt.Errorf("record %s has more than %d dependants", parent, maxFamily<<16)
	}
	return t.swap(bucketFamily, familyKey(parent, number+1), nil, child.Bytes())
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
