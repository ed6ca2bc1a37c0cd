package syncproto

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
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

// writer appends msgpack (https://msgpack.org) in its shortest forms.
type writer struct {
	buf bytes.Buffer
	enc *msgpack.Encoder
}

func newWriter(dst []byte) *writer {
	w := &writer{buf: *bytes.NewBuffer(dst)}
	w.enc = msgpack.GetEncoder()
	w.enc.Reset(&w.buf)
	w.enc.UseCompactInts(true)
	return w
}

// done gives the encoder back. Writing to a buffer cannot fail.
func (w *writer) done() []byte {
	msgpack.PutEncoder(w.enc)
	return w.buf.Bytes()
}

func (w *writer) array(n int)   { _ = w.enc.EncodeArrayLen(n) }
func (w *writer) uint(n uint64) { _ = w.enc.EncodeUint(n) }
func (w *writer) int(n int64)   { _ = w.enc.EncodeInt(n) }
func (w *writer) bin(b []byte)  { _ = w.enc.EncodeBytesLen(len(b)); w.buf.Write(b) }
func (w *writer) str(s string)  { _ = w.enc.EncodeString(s) }
func (w *writer) nil()          { _ = w.enc.EncodeNil() }

func (w *writer) value(v Value) {
	switch v.kind {
	case Bool:
		_ = w.enc.EncodeBool(v.n != 0)
	case Int:
		w.int(v.n)
	case Text:
		w.str(v.s)
	case Bytes:
		w.bin([]byte(v.s))
	case Ref:
		_ = w.enc.EncodeExtHeader(extRef, StampSize)
		w.buf.Write(v.Ref().Bytes())
	case List:
		w.array(int(v.n))
		for _, t := range v.List() {
			w.str(t)
		}
	default:
		w.nil()
	}
}

// reader reads msgpack with limits; the first failure stays.
type reader struct {
	src *bytes.Reader
	dec *msgpack.Decoder
	err error
}

func newReader(b []byte) *reader {
	r := &reader{src: bytes.NewReader(b)}
	r.dec = msgpack.NewDecoder(r.src)
	return r
}

func (r *reader) rest() int { return r.src.Len() }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

func (r *reader) take(err error) bool {
	if r.err == nil && err != nil {
		r.err = &Error{Code: CodeMalformed, Err: err}
	}
	return r.err == nil
}

func (r *reader) array(limit int) int {
	if r.err != nil {
		return 0
	}
	n, err := r.dec.DecodeArrayLen()
	switch {
	case !r.take(err):
		return 0
	case n < 0:
		r.fail("nil where an array belongs")
		return 0
	case n > limit:
		r.err = tooLarge("array of %d, at most %d", n, limit)
		return 0
	case n > r.rest():
		r.fail("array of %d in %d bytes", n, r.rest())
		return 0
	}
	return n
}

func (r *reader) arrayOf(want int) {
	if n := r.array(want); r.err == nil && n != want {
		r.fail("array of %d, want %d", n, want)
	}
}

func (r *reader) uintMax(limit uint64) uint64 {
	if r.err != nil {
		return 0
	}
	if c := r.peek(); c >= msgpcode.Int8 && c <= msgpcode.Int64 || msgpcode.IsFixedNum(c) && c >= 0xe0 {
		r.fail("negative number")
		return 0
	}
	n, err := r.dec.DecodeUint64()
	if r.take(err) && n > limit {
		r.err = tooLarge("number %d, at most %d", n, limit)
	}
	return n
}

func (r *reader) int() int64 {
	if r.err != nil {
		return 0
	}
	if r.peek() == msgpcode.Uint64 {
		return int64(r.uintMax(math.MaxInt64))
	}
	n, err := r.dec.DecodeInt64()
	r.take(err)
	return n
}

func (r *reader) peek() byte {
	if r.err != nil {
		return 0
	}
	c, err := r.dec.PeekCode()
	r.take(err)
	return c
}

// length checks a claimed length against a limit and what is there.
func (r *reader) length(n, limit int) bool {
	switch {
	case r.err != nil:
	case n < 0:
		r.fail("nil where bytes belong")
	case n > limit:
		r.err = tooLarge("%d bytes, at most %d", n, limit)
	case n > r.rest():
		r.fail("%d bytes claimed, %d there", n, r.rest())
	}
	return r.err == nil
}

func (r *reader) raw(n int) []byte {
	b := make([]byte, n)
	if n > 0 {
		r.take(r.dec.ReadFull(b))
	}
	return b
}

func (r *reader) bin(limit int) []byte {
	if !msgpcode.IsBin(r.peek()) {
		r.fail("not bytes")
		return nil
	}
	n, err := r.dec.DecodeBytesLen()
	if !r.take(err) || !r.length(n, limit) {
		return nil
	}
	return r.raw(n)
}

func (r *reader) str(limit int) string {
	if !msgpcode.IsString(r.peek()) {
		r.fail("not a text")
		return ""
	}
	n, err := r.dec.DecodeBytesLen()
	if !r.take(err) || !r.length(n, limit) {
		return ""
	}
	s := string(r.raw(n))
	if !utf8.ValidString(s) {
		r.fail("text is not UTF-8")
	}
	return s
}

func (r *reader) stamp() Stamp {
	b := r.bin(StampSize)
	if r.err != nil {
		return Stamp{}
	}
	s, err := StampOf(b)
	r.take(err)
	return s
}

func (r *reader) value() Value {
	c := r.peek()
	switch {
	case r.err != nil:
		return Value{}
	case c == msgpcode.Nil:
		r.take(r.dec.DecodeNil())
		return Value{}
	case c == msgpcode.True || c == msgpcode.False:
		b, err := r.dec.DecodeBool()
		r.take(err)
		return BoolOf(b)
	case msgpcode.IsString(c):
		return TextOf(r.str(MaxText))
	case msgpcode.IsBin(c):
		return BytesOf(r.bin(MaxText))
	case msgpcode.IsExt(c):
		return r.ref()
	case msgpcode.IsFixedArray(c) || c == msgpcode.Array16 || c == msgpcode.Array32:
		texts := make([]string, r.array(MaxList))
		for i := range texts {
			texts[i] = r.str(MaxText)
		}
		return ListOf(texts...)
	case msgpcode.IsFixedNum(c) || c >= msgpcode.Uint8 && c <= msgpcode.Int64:
		return IntOf(r.int())
	}
	r.fail("value of unknown kind 0x%02x", c)
	return Value{}
}

func (r *reader) ref() Value {
	typ, n, err := r.dec.DecodeExtHeader()
	if !r.take(err) {
		return Value{}
	}
	if typ != extRef || n != StampSize {
		r.fail("extension %d of %d bytes", typ, n)
		return Value{}
	}
	s, err := StampOf(r.raw(n))
	r.take(err)
	return RefOf(s)
}
