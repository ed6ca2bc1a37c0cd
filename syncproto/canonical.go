package syncproto

import (
	"bytes"
	"slices"
)

// extRef is the msgpack extension type of a Ref: 12 bytes, a stamp.
const extRef = 1

// AppendRecord appends the canonical encoding of r: the one that is hashed
// and that stores keep. PROTOCOL.md section 3 has its grammar. Equal records
// give equal bytes.
func AppendRecord(dst []byte, r *Record) []byte {
	w := newWriter(dst)
	w.array(3)
	w.uint(uint64(r.Collection))
	w.bin(r.ID.Bytes())
	w.array(2 * len(r.Fields))
	for _, f := range r.Fields {
		w.uint(uint64(f.Tag))
		w.register(r.ID, f.Register)
	}
	return w.done()
}

// register writes [value] if the field was written at the record's creation
// and never again, [stamp, value] for one other head that replaced nothing,
// and [seen, stamp, value, stamp, value, …] for everything else.
func (w *writer) register(id ID, g Register) {
	if len(g.Heads) == 1 && len(g.Seen) == 0 {
		if h := g.Heads[0]; h.Stamp == id {
			w.array(1)
			w.value(h.Value)
		} else {
			w.array(2)
			w.bin(h.Stamp.Bytes())
			w.value(h.Value)
		}
		return
	}
	w.array(1 + 2*len(g.Heads))
	seen := make([]byte, 0, StampSize*len(g.Seen))
	for _, s := range g.Seen {
		seen = s.Append(seen)
	}
	w.bin(seen)
	for _, h := range g.Heads {
		w.bin(h.Stamp.Bytes())
		w.value(h.Value)
	}
}

func canonicalValue(v Value) []byte {
	w := newWriter(nil)
	w.value(v)
	return w.done()
}

// DecodeRecord reads a canonical encoding. It refuses every other form.
func DecodeRecord(b []byte) (*Record, error) {
	r := newReader(b)
	rec := r.record()
	if r.err == nil && r.rest() != 0 {
		r.fail("%d bytes after the record", r.rest())
	}
	if r.err != nil {
		return nil, r.err
	}
	if !bytes.Equal(AppendRecord(nil, rec), b) {
		return nil, malformed("record is not in canonical form")
	}
	return rec, nil
}

// decodeTrusted reads a canonical encoding that this program wrote and
// sealed itself: without the proof of canonical form.
func decodeTrusted(b []byte) (*Record, error) {
	r := newReader(b)
	rec := r.record()
	return rec, r.err
}

// DecodeStored reads a canonical encoding whose integrity the store has
// already proven, which is twice as fast as DecodeRecord.
func DecodeStored(b []byte) (*Record, error) { return decodeTrusted(b) }

func (r *reader) record() *Record {
	r.arrayOf(3)
	rec := &Record{}
	rec.Collection = Collection(r.uintMax(1<<16 - 1))
	rec.ID = r.stamp()
	n := r.array(2 * MaxFields)
	if n%2 != 0 {
		r.fail("field without a register")
	}
	if r.err != nil {
		return rec
	}
	rec.Fields = make([]Field, 0, n/2)
	for i := 0; i < n/2 && r.err == nil; i++ {
		tag := Tag(r.uintMax(1<<16 - 1))
		if i > 0 && tag <= rec.Fields[i-1].Tag {
			r.fail("tags out of order")
		}
		rec.Fields = append(rec.Fields, Field{tag, r.register(rec.ID)})
	}
	return rec
}

func (r *reader) register(id ID) Register {
	n := r.array(1 + 2*MaxHeads)
	switch {
	case r.err != nil:
		return Register{}
	case n == 1:
		return Written(id, r.value())
	case n == 2:
		s := r.stamp()
		return Written(s, r.value())
	case n%2 == 0:
		r.fail("register of %d parts", n)
		return Register{}
	}
	g := Register{Seen: r.seen(), Heads: make([]Head, 0, n/2)}
	for i := 0; i < n/2 && r.err == nil; i++ {
		s := r.stamp()
		g.Heads = append(g.Heads, Head{s, r.value()})
	}
	r.checkRegister(g)
	return g
}

func (r *reader) checkRegister(g Register) {
	if r.err != nil {
		return
	}
	if len(g.Heads) == 0 {
		r.fail("register without a head")
	}
	for i := 1; i < len(g.Heads); i++ {
		if g.Heads[i-1].Stamp.Compare(g.Heads[i].Stamp) >= 0 {
			r.fail("heads out of order")
		}
	}
	for i := 1; i < len(g.Seen); i++ {
		if g.Seen[i-1].Replica >= g.Seen[i].Replica {
			r.fail("seen out of order")
		}
	}
}

func (r *reader) seen() []Stamp {
	b := r.bin(MaxSeen * StampSize)
	if len(b)%StampSize != 0 {
		r.fail("seen of %d bytes", len(b))
	}
	if r.err != nil || len(b) == 0 {
		return nil
	}
	out := make([]Stamp, 0, len(b)/StampSize)
	for c := range slices.Chunk(b, StampSize) {
		s, _ := StampOf(c)
		out = append(out, s)
	}
	return out
}
