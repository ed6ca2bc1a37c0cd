package syncproto

import (
	"bytes"
	"io"
	"math"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

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

// binOf is bin for large bytes: it returns a part of b, which the reader reads.
func (r *reader) binOf(b []byte, limit int) []byte {
	if !msgpcode.IsBin(r.peek()) {
		r.fail("not bytes")
		return nil
	}
	n, err := r.dec.DecodeBytesLen()
	if !r.take(err) || !r.length(n, limit) {
		return nil
	}
	at := len(b) - r.rest()
	_, err = r.src.Seek(int64(n), io.SeekCurrent)
	r.take(err)
	return b[at : at+n : at+n]
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
