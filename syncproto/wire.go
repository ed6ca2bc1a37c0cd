package syncproto

import (
	"encoding/binary"
	"slices"
)

// mapWriter writes a message: a msgpack map from small numbers to values, in
// rising order of the numbers, without the entries that say nothing.
type mapWriter struct {
	*writer
	n int
}

func newMapWriter() *mapWriter { return &mapWriter{writer: newWriter(nil)} }

func (m *mapWriter) key(k int) {
	m.n++
	m.uint(uint64(k))
}

func (m *mapWriter) putInt(k int, n int64) {
	if n != 0 {
		m.key(k)
		m.int(n)
	}
}

func (m *mapWriter) putBin(k int, b []byte) {
	if len(b) > 0 {
		m.key(k)
		m.bin(b)
	}
}

func (m *mapWriter) putStr(k int, s string) {
	if s != "" {
		m.key(k)
		m.str(s)
	}
}

func (m *mapWriter) message(dst []byte) []byte {
	body := m.done()
	w := newWriter(dst)
	_ = w.enc.EncodeMapLen(m.n)
	w.buf.Write(body)
	return w.done()
}

// message reads a map and calls field for every entry; field reports whether
// it knows the number. Unknown entries are skipped: a newer peer may say more.
func (r *reader) message(field func(key int) bool) error {
	if c := r.peek(); r.err == nil && c&0xf0 != 0x80 && c != 0xde {
		r.fail("not a message")
	}
	if r.err != nil {
		return r.err
	}
	n, err := r.dec.DecodeMapLen()
	if !r.take(err) {
		return r.err
	}
	last := -1
	for i := 0; i < n && r.err == nil; i++ {
		k := int(r.uintMax(1 << 16))
		if r.err == nil && k <= last {
			r.fail("entries out of order")
			break
		}
		last = k
		if r.err == nil && !field(k) {
			r.take(r.dec.Skip())
		}
	}
	if r.err == nil && r.rest() != 0 {
		r.fail("%d bytes after the message", r.rest())
	}
	return r.err
}

func (w *writer) cursor(c Cursor) {
	n := 3
	if len(c.Page) > 0 {
		n = 4
	}
	w.array(n)
	w.uint(uint64(c.Epoch))
	w.uint(uint64(c.Subs))
	w.uint(uint64(c.Seq))
	if n == 4 {
		w.bin(c.Page)
	}
}

func (r *reader) cursor() Cursor {
	n := r.array(4)
	if r.err == nil && n < 3 {
		r.fail("cursor of %d parts", n)
	}
	c := Cursor{Epoch: Epoch(r.uintMax(1<<32 - 1)), Subs: uint32(r.uintMax(1<<32 - 1)), Seq: Seq(r.uintMax(1 << 62))}
	if n == 4 {
		c.Page = r.bin(MaxPage)
	}
	return c
}

func (w *writer) sum(s Sum) {
	w.array(2)
	w.uint(s.Count)
	b := binary.LittleEndian.AppendUint64(nil, s.Lo)
	w.bin(binary.LittleEndian.AppendUint64(b, s.Hi))
}

func (r *reader) sum() Sum {
	r.arrayOf(2)
	s := Sum{Count: r.uintMax(1 << 62)}
	b := r.bin(16)
	if r.err == nil && len(b) != 16 {
		r.fail("sum of %d bytes", len(b))
	}
	if r.err == nil {
		s.Lo, s.Hi = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	}
	return s
}

func (w *writer) error(e *Error) {
	w.array(3)
	w.str(string(e.Code))
	w.str(e.Message)
	w.str(e.Hint)
}

func (r *reader) error() *Error {
	r.arrayOf(3)
	return &Error{Code: Code(r.str(64)), Message: r.str(4096), Hint: r.str(4096)}
}

// appendKeys writes a list of keys by collection, ids delta-coded.
func appendKeys(keys []Key) []byte {
	if len(keys) == 0 {
		return nil
	}
	hashes := make([]RecordHash, len(keys))
	for i, k := range keys {
		hashes[i].Key = k
	}
	b, _ := appendHashes(hashes)
	return b
}

// appendHashes writes keys like appendKeys and returns them in the order in
// which they were written.
func appendHashes(list []RecordHash) ([]byte, []RecordHash) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b RecordHash) int { return a.Key.Compare(b.Key) })
	list = slices.CompactFunc(list, func(a, b RecordHash) bool { return a.Key == b.Key })
	c := &columns{replicas: replicaTable{index: map[ReplicaID]int{}}}
	for i := 0; i < len(list); {
		n := i
		var ids []Stamp
		for ; n < len(list) && list[n].Collection == list[i].Collection; n++ {
			ids = append(ids, list[n].ID)
		}
		c.uvarint(uint64(list[i].Collection))
		c.uvarint(uint64(len(ids)))
		c.ids(ids)
		i = n
	}
	var head stream
	head.uvarint(uint64(len(c.replicas.list)))
	for _, r := range c.replicas.list {
		head.uvarint(uint64(r))
	}
	return append(head.b, c.b...), list
}

func parseKeys(b []byte) ([]Key, error) {
	if len(b) == 0 {
		return nil, nil
	}
	u := &uncolumns{unstream: unstream{b: b}}
	u.replicas = make([]ReplicaID, u.count(min(MaxKeys, len(b))))
	for i := range u.replicas {
		u.replicas[i] = ReplicaID(u.count(1<<32 - 1))
	}
	var out []Key
	last := -1
	for len(u.b) > 0 && u.err == nil {
		collection, n := u.count(1<<16-1), u.count(MaxKeys-len(out))
		if u.err == nil && (collection <= last || n == 0) {
			u.fail("collections out of order")
		}
		last = collection
		for _, id := range u.ids(n) {
			out = append(out, Key{Collection(collection), id})
		}
	}
	return out, u.err
}

func (r *reader) recordKey() Key {
	b := r.bin(KeySize)
	if r.err != nil {
		return Key{}
	}
	k, err := KeyOf(b)
	r.take(err)
	return k
}

// nonces reads a row of nonces.
func (r *reader) nonces() [][]byte {
	b := r.bin(NonceSize * MaxTurns)
	if r.err == nil && len(b)%NonceSize != 0 {
		r.fail("nonces of %d bytes", len(b))
	}
	if r.err != nil {
		return nil
	}
	return slices.Collect(slices.Chunk(b, NonceSize))
}

func (r *reader) keys() []Key {
	b := r.bin(MaxMessage)
	if r.err != nil {
		return nil
	}
	keys, err := parseKeys(b)
	r.take(err)
	return keys
}

func appendDays(days []uint32) []byte {
	var s stream
	s.uvarint(uint64(len(days)))
	v := make([]int64, len(days))
	for i, d := range days {
		v[i] = int64(d)
	}
	s.ints(v)
	return s.b
}

func (r *reader) days() []uint32 {
	u := &unstream{b: r.bin(MaxMessage)}
	if r.err != nil {
		return nil
	}
	n := u.count(MaxDays)
	out := make([]uint32, n)
	for i, d := range u.ints(n) {
		if d < 0 || d > 1<<32-1 {
			u.fail("day %d", d)
		}
		out[i] = uint32(d)
	}
	r.take(u.err)
	return out
}
