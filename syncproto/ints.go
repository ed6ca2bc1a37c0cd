package syncproto

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// How a column of integers is laid out. The writer takes what it expects to
// be smallest after compression.
const (
	intsSame   = 0 // one zigzag varint for all
	intsPlain  = 1 // zigzag varints
	intsDelta  = 2 // zigzag varints of the differences
	intsPacked = 3 // zigzag varint minimum, width in bits, packed values
)

// stream is a growing column store: numbers and short texts.
type stream struct{ b []byte }

func (s *stream) uvarint(n uint64) { s.b = binary.AppendUvarint(s.b, n) }
func (s *stream) varint(n int64)   { s.b = binary.AppendVarint(s.b, n) }

// ints writes a column whose length the reader knows.
func (s *stream) ints(v []int64) {
	if len(v) == 0 {
		return
	}
	lo, hi, same := v[0], v[0], true
	for _, n := range v {
		lo, hi, same = min(lo, n), max(hi, n), same && n == v[0]
	}
	if same {
		s.b = append(s.b, intsSame)
		s.varint(v[0])
		return
	}
	plain, delta := make([]byte, 0, 2*len(v)), make([]byte, 0, 2*len(v))
	var last int64
	for _, n := range v {
		plain = binary.AppendVarint(plain, n)
		delta = binary.AppendVarint(delta, n-last)
		last = n
	}
	width := bits.Len64(uint64(hi) - uint64(lo))
	packed := float64(len(v)*width)/8 + 4
	p, d := entropy(plain), entropy(delta)
	switch {
	case packed < p && packed < d && width <= 56:
		s.b = append(s.b, intsPacked)
		s.varint(lo)
		s.b = append(s.b, byte(width))
		s.pack(v, lo, width)
	case d < p:
		s.b = append(append(s.b, intsDelta), delta...)
	default:
		s.b = append(append(s.b, intsPlain), plain...)
	}
}

func (s *stream) pack(v []int64, lo int64, width int) {
	var acc uint64
	n := 0
	for _, x := range v {
		acc |= (uint64(x) - uint64(lo)) << n
		for n += width; n >= 8; n -= 8 {
			s.b = append(s.b, byte(acc))
			acc >>= 8
		}
	}
	if n > 0 {
		s.b = append(s.b, byte(acc))
	}
}

// entropy returns the order-0 entropy of b in bytes: what a compressor that
// finds nothing else makes of it.
func entropy(b []byte) float64 {
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	var h float64
	for _, n := range count {
		if n > 0 {
			h -= float64(n) * math.Log2(float64(n)/float64(len(b)))
		}
	}
	return h/8 + 2
}

// unstream reads what stream wrote; the first failure stays and every later
// read gives zeros.
type unstream struct {
	b   []byte
	err error
}

func (u *unstream) fail(format string, args ...any) {
	if u.err == nil {
		u.err = malformed(format, args...)
	}
	u.b = nil
}

func (u *unstream) byte() byte {
	if len(u.b) == 0 {
		u.fail("column ends early")
		return 0
	}
	c := u.b[0]
	u.b = u.b[1:]
	return c
}

func (u *unstream) take(n int) []byte {
	if n < 0 || n > len(u.b) {
		u.fail("%d bytes claimed, %d there", n, len(u.b))
		return nil
	}
	out := u.b[:n]
	u.b = u.b[n:]
	return out
}

func (u *unstream) uvarint() uint64 {
	n, used := binary.Uvarint(u.b)
	if used <= 0 {
		u.fail("bad number")
		return 0
	}
	u.b = u.b[used:]
	return n
}

func (u *unstream) varint() int64 {
	n, used := binary.Varint(u.b)
	if used <= 0 {
		u.fail("bad number")
		return 0
	}
	u.b = u.b[used:]
	return n
}

// count reads a number of things, at most limit.
func (u *unstream) count(limit int) int {
	n := u.uvarint()
	if n > uint64(limit) {
		if u.err == nil {
			u.err = tooLarge("%d things, at most %d", n, limit)
		}
		u.b = nil
		return 0
	}
	return int(n)
}

// ints reads a column of n integers; n has been checked against a limit.
func (u *unstream) ints(n int) []int64 {
	if n == 0 || u.err != nil {
		return make([]int64, n)
	}
	out := make([]int64, n)
	switch codec := u.byte(); codec {
	case intsSame:
		v := u.varint()
		for i := range out {
			out[i] = v
		}
	case intsPlain:
		for i := range out {
			out[i] = u.varint()
		}
	case intsDelta:
		var last int64
		for i := range out {
			last += u.varint()
			out[i] = last
		}
	case intsPacked:
		u.unpack(out)
	default:
		u.fail("integers of unknown layout %d", codec)
	}
	return out
}

func (u *unstream) unpack(out []int64) {
	lo, width := u.varint(), int(u.byte())
	if width > 56 {
		u.fail("packed integers of %d bits", width)
		return
	}
	src := u.take((len(out)*width + 7) / 8)
	if u.err != nil {
		return
	}
	var acc uint64
	n, mask := 0, uint64(1)<<width-1
	for i := range out {
		for ; n < width; n += 8 {
			acc |= uint64(src[0]) << n
			src = src[1:]
		}
		out[i] = int64(uint64(lo) + acc&mask)
		acc >>= width
		n -= width
	}
}

// small reads a column of n integers that each lie in [0, limit).
func (u *unstream) small(n, limit int) []int {
	out := make([]int, n)
	for i, v := range u.ints(n) {
		if v < 0 || v >= int64(limit) {
			if u.err == nil {
				u.fail("number %d, want less than %d", v, limit)
			}
			return make([]int, n)
		}
		out[i] = int(v)
	}
	return out
}

// within reads a column of n sizes, at most limit each.
func (u *unstream) within(n, limit int) []int {
	out := make([]int, n)
	for i, v := range u.ints(n) {
		switch {
		case u.err != nil:
			return out
		case v < 0:
			u.fail("size %d", v)
		case v > int64(limit):
			u.err, u.b = tooLarge("%d things, at most %d", v, limit), nil
		default:
			out[i] = int(v)
			continue
		}
		return make([]int, n)
	}
	return out
}
