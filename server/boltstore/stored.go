package boltstore

import (
	"encoding/binary"

	"gridbook/syncproto"
)

// A stored record is: version, flags, seq, received, home, parent, changed
// fields, places, then the record's canonical bytes to the end. Numbers are
// uvarints; texts have their length in front.

const flagPurged, flagParent = 1, 2

func packStored(st *syncproto.Stored, canonical []byte) []byte {
	b := make([]byte, 0, 96+32*len(st.Places)+len(canonical))
	var flags byte
	if st.Purged {
		flags |= flagPurged
	}
	if st.Parent != (syncproto.Key{}) {
		flags |= flagParent
	}
	b = append(b, rowVersion, flags)
	b = binary.AppendUvarint(b, uint64(st.Seq))
	b = binary.AppendUvarint(b, uint64(st.Received))
	b = appendText(b, st.Home)
	if flags&flagParent != 0 {
		b = st.Parent.Append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(st.Changed)))
	for _, f := range st.Changed {
		b = binary.AppendUvarint(b, uint64(f.Tag))
		b = binary.AppendUvarint(b, uint64(f.Seq))
	}
	b = binary.AppendUvarint(b, uint64(len(st.Places)))
	for _, p := range st.Places {
		b = appendText(b, string(p.Scope))
		b = binary.AppendUvarint(b, uint64(p.Seq))
		// Mostly 0: a place's age.
		b = binary.AppendUvarint(b, uint64(p.Seq-p.Since))
		b = append(b, flagOf(p.Gone))
	}
	return append(b, canonical...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func flagOf(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// unpackStored reads what packStored made of the record k, and returns the
// record's canonical bytes, a part of b, besides.
func unpackStored(k syncproto.Key, b []byte, decode func([]byte) (*syncproto.Record, error)) (*syncproto.Stored, []byte, error) {
	st, canonical, err := splitStored(k, b)
	if err != nil {
		return nil, nil, err
	}
	rec, err := decode(canonical)
	if err != nil {
		return nil, nil, damaged("record %s: %v", k, err)
	}
	if rec.Key != k {
		return nil, nil, damaged("record %s stands in the place of %s", rec.Key, k)
	}
	st.Record = rec
	return st, canonical, nil
}

// splitStored reads all but the record itself, whose canonical bytes it
// returns.
func splitStored(k syncproto.Key, b []byte) (*syncproto.Stored, []byte, error) {
	r := reader{b: b}
	if r.byte() != rowVersion {
		return nil, nil, damaged("record %s: unknown version", k)
	}
	flags := r.byte()
	st := &syncproto.Stored{Purged: flags&flagPurged != 0}
	st.Seq = syncproto.Seq(r.uint())
	st.Received = int64(r.uint())
	st.Home = r.text()
	if flags&flagParent != 0 {
		st.Parent = r.key()
	}
	if n := r.count(2); n > 0 {
		st.Changed = make([]syncproto.TagSeq, n)
		for i := range st.Changed {
			st.Changed[i] = syncproto.TagSeq{Tag: syncproto.Tag(r.uint()), Seq: syncproto.Seq(r.uint())}
		}
	}
	if n := r.count(4); n > 0 {
		st.Places = make([]syncproto.Place, n)
		for i := range st.Places {
			p := syncproto.Place{Scope: syncproto.Scope(r.text()), Seq: syncproto.Seq(r.uint())}
			p.Since, p.Gone = p.Seq-syncproto.Seq(r.uint()), r.byte() != 0
			st.Places[i] = p
		}
	}
	if r.bad {
		return nil, nil, damaged("record %s: cut short", k)
	}
	return st, r.b, nil
}

// placedAt reads of a stored record whether it stands at a place of a scope,
// and makes nothing on the way: a feed asks this of each of its places.
func placedAt(k syncproto.Key, b []byte, s syncproto.Scope, seq syncproto.Seq) (stands, gone bool, err error) {
	r := reader{b: b}
	if r.byte() != rowVersion {
		return false, false, damaged("record %s: unknown version", k)
	}
	flags := r.byte()
	r.uint() // seq
	r.uint() // received
	r.skipText()
	if flags&flagParent != 0 {
		r.take(syncproto.KeySize)
	}
	for n := r.count(2); n > 0; n-- { // changed fields
		r.uint()
		r.uint()
	}
	for n := r.count(4); n > 0 && !stands; n-- {
		scope := r.skipText()
		at := syncproto.Seq(r.uint())
		r.uint() // age
		gone = r.byte() != 0
		stands = at == seq && string(scope) == string(s)
	}
	if r.bad {
		return false, false, damaged("record %s: cut short", k)
	}
	return stands, stands && gone, nil
}

// reader takes values off the front of b; bad is set once b was too short.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the length of a list whose elements take at least size bytes.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64(len(r.b)/size) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	return string(r.skipText())
}

// skipText is text without a copy.
func (r *reader) skipText() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	return r.take(int(n))
}

func (r *reader) key() syncproto.Key {
	k, err := syncproto.KeyOf(r.take(syncproto.KeySize))
	if err != nil {
		r.bad = true
	}
	return k
}
