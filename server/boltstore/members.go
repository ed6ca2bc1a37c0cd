package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// The ids of a collection's records that stand in a scope are its members. They
// stand in rows of at most maxMembers, in order, each under its first: an
// upload's new visits are one row to write for each scope, not one for each
// visit.
const maxMembers = 128

// memberChange is an id that came or went.
type memberChange struct {
	id   syncproto.ID
	here bool
}

// region begins the keys of a scope's members of a collection.
func region(s syncproto.Scope, c syncproto.Collection) []byte {
	return binary.BigEndian.AppendUint16(scopeKey(s, 2+syncproto.StampSize), uint16(c))
}

// setMember enters a member or takes it out, when the transaction ends or
// somebody lists them.
func (t *tx) setMember(s syncproto.Scope, k syncproto.Key, here bool) {
	if t.members == nil {
		t.members = make(map[string][]memberChange)
	}
	in := string(region(s, k.Collection))
	t.members[in] = append(t.members[in], memberChange{k.ID, here})
}

// flushMembers writes who came and went.
func (t *tx) flushMembers() error {
	for _, in := range slices.Sorted(maps.Keys(t.members)) {
		changes := t.members[in]
		slices.SortStableFunc(changes, func(a, b memberChange) int { return a.id.Compare(b.id) })
		for len(changes) > 0 {
			row, err := t.memberRow([]byte(in), changes[0].id)
			if err != nil {
				return err
			}
			n := len(changes)
			if row.bounded {
				n = slices.IndexFunc(changes, func(c memberChange) bool { return c.id.Compare(row.next) >= 0 })
				if n < 0 {
					n = len(changes)
				}
			}
			if err := t.putMembers([]byte(in), row, changes[:n]); err != nil {
				return err
			}
			changes = changes[n:]
		}
	}
	t.members = nil
	return nil
}

// memberRow is a row and the first id of the one after it.
type memberRow struct {
	key, value []byte // nil: there is none yet
	next       syncproto.ID
	bounded    bool // next is one
}

// memberRow returns the row in which an id belongs: the last that begins with
// no later one, or else the first.
func (t *tx) memberRow(in []byte, id syncproto.ID) (row memberRow, err error) {
	b, err := t.bucket(bucketMember)
	if err != nil {
		return row, err
	}
	at, err := t.floor(bucketMember, in, id.Append(bytes.Clone(in)))
	if err != nil {
		return row, err
	}
	c := b.Cursor()
	k, v := c.Seek(at)
	if !bytes.HasPrefix(k, in) {
		return row, nil
	}
	row.key, row.value = bytes.Clone(k), bytes.Clone(v)
	if k, _ := c.Next(); bytes.HasPrefix(k, in) {
		row.next, err = syncproto.StampOf(k[len(in):])
		row.bounded = true
	}
	return row, err
}

// putMembers brings a row up to date.
func (t *tx) putMembers(in []byte, row memberRow, changes []memberChange) error {
	ids, err := idsOf(row.value)
	if err != nil {
		return err
	}
	ids = changed(ids, changes)
	// What grows at its end is left in full rows, for nobody comes between.
	size := maxMembers
	if row.bounded && len(ids) > maxMembers {
		size = maxMembers / 2
	}
	if row.key != nil && (len(ids) == 0 || !bytes.Equal(row.key[len(in):], ids[0].Bytes())) {
		if err := t.swap(bucketMember, row.key, row.value, nil); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(ids, size) {
		key, old := part[0].Append(bytes.Clone(in)), []byte(nil)
		if bytes.Equal(key, row.key) {
			old = row.value
		}
		if err := t.swap(bucketMember, key, old, packIDs(part)); err != nil {
			return err
		}
	}
	return nil
}

// changed returns sorted ids after changes sorted by id, the last for an id
// counting.
func changed(ids []syncproto.ID, changes []memberChange) []syncproto.ID {
	out := make([]syncproto.ID, 0, len(ids)+len(changes))
	for i, c := range changes {
		for len(ids) > 0 && ids[0].Compare(c.id) < 0 {
			out, ids = append(out, ids[0]), ids[1:]
		}
		if i+1 < len(changes) && changes[i+1].id == c.id {
			continue
		}
		if len(ids) > 0 && ids[0] == c.id {
			ids = ids[1:]
		}
		if c.here {
			out = append(out, c.id)
		}
	}
	return append(out, ids...)
}

func packIDs(ids []syncproto.ID) []byte {
	b := make([]byte, 0, len(ids)*syncproto.StampSize)
	for _, id := range ids {
		b = id.Append(b)
	}
	return b
}

func idsOf(b []byte) ([]syncproto.ID, error) {
	if len(b)%syncproto.StampSize != 0 {
		return nil, damaged("a row of members of %d bytes", len(b))
	}
	out := make([]syncproto.ID, 0, len(b)/syncproto.StampSize)
	for c := range slices.Chunk(b, syncproto.StampSize) {
		id, err := syncproto.StampOf(c)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// Scan lists the records of a collection that stand in a scope, by id.
func (t *tx) Scan(s syncproto.Scope, c syncproto.Collection, from syncproto.ID, backwards bool) iter.Seq2[syncproto.ID, error] {
	return func(yield func(syncproto.ID, error) bool) {
		if err := t.flushMembers(); err != nil {
			yield(syncproto.ID{}, err)
			return
		}
		if backwards {
			t.fall(region(s, c), from, yield)
		} else {
			t.rise(region(s, c), from, yield)
		}
	}
}

// rise lists the members of a region after an id. While it does, rows may be
// split: it never goes back.
func (t *tx) rise(in []byte, after syncproto.ID, yield func(syncproto.ID, error) bool) {
	from, err := t.floor(bucketMember, in, after.Append(bytes.Clone(in)))
	if err != nil {
		yield(syncproto.ID{}, err)
		return
	}
	for row, err := range t.walk(bucketMember, in, from) {
		var ids []syncproto.ID
		if err == nil {
			ids, err = idsOf(row.value)
		}
		if err != nil {
			yield(syncproto.ID{}, err)
			return
		}
		for _, id := range ids {
			if id.Compare(after) <= 0 {
				continue
			}
			if after = id; !yield(id, nil) {
				return
			}
		}
	}
}

// fall lists them backwards before an id; the zero id is beyond all.
func (t *tx) fall(in []byte, before syncproto.ID, yield func(syncproto.ID, error) bool) {
	from := before.Append(bytes.Clone(in))
	if before.IsZero() {
		// Beyond the last id of 12 bytes, before the next collection.
		from = append(bytes.Clone(in), bytes.Repeat([]byte{0xff}, syncproto.StampSize+1)...)
	}
	for row, err := range t.walkBack(bucketMember, in, from) {
		var ids []syncproto.ID
		if err == nil {
			ids, err = idsOf(row.value)
		}
		if err != nil {
			yield(syncproto.ID{}, err)
			return
		}
		for _, id := range slices.Backward(ids) {
			if !before.IsZero() && id.Compare(before) >= 0 {
				continue
			}
			if before = id; !yield(id, nil) {
				return
			}
		}
	}
}
