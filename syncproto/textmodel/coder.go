package textmodel

import (
	"bytes"
	"encoding/binary"
)

// A carryless binary arithmetic coder: the interval [low, high] shrinks in
// proportion to each bit's probability; bytes on which both ends agree leave.

// coder is either end, or neither: the model walks the same way through all.
type coder interface {
	// code passes a bit whose probability of being 1 is p, 0 < p < probOne,
	// and returns it. A decoder ignores the bit it is given.
	code(bit, p int) int
}

// listener is the coder of text that both ends hold: nothing is written.
type listener struct{}

func (listener) code(bit, _ int) int { return bit }

type encoder struct {
	low, high uint32
	out       []byte
}

func split(low, high uint32, p int) uint32 {
	return low + uint32(uint64(high-low)*uint64(p)>>probBits)
}

func newEncoder(out []byte) *encoder { return &encoder{high: ^uint32(0), out: out} }

func (e *encoder) code(bit, p int) int {
	mid := split(e.low, e.high, p)
	if bit == 1 {
		e.high = mid
	} else {
		e.low = mid + 1
	}
	for (e.low^e.high)>>24 == 0 {
		e.out = append(e.out, byte(e.high>>24))
		e.low <<= 8
		e.high = e.high<<8 | 255
	}
	return bit
}

// finish writes the ending and returns all bytes.
func (e *encoder) finish() []byte { return append(e.out, ending(e.low, e.high)...) }

// ending is the fewest bytes that, followed by endless zeros, lie between low
// and high.
func ending(low, high uint32) []byte {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], high)
	for n := range b {
		if high&^(1<<(32-8*n)-1) >= low {
			return b[:n]
		}
	}
	return b[:]
}

// windowBytes is how far a decoder reads ahead.
const windowBytes = 4

type decoder struct {
	low, high, window uint32
	in                []byte
	read              int // bytes read, with the zeros after the end
}

func newDecoder(in []byte) *decoder {
	d := &decoder{high: ^uint32(0), in: in}
	for range windowBytes {
		d.shift()
	}
	return d
}

func (d *decoder) shift() {
	d.window <<= 8
	if d.read < len(d.in) {
		d.window |= uint32(d.in[d.read])
	}
	d.read++
}

func (d *decoder) code(_, p int) int {
	mid := split(d.low, d.high, p)
	bit := 0
	if d.window <= mid {
		bit = 1
		d.high = mid
	} else {
		d.low = mid + 1
	}
	for (d.low^d.high)>>24 == 0 {
		d.low <<= 8
		d.high = d.high<<8 | 255
		d.shift()
	}
	return bit
}

// exhausted reports that more was asked for than any encoder wrote.
func (d *decoder) exhausted() bool { return d.read > len(d.in)+windowBytes }

// finished reports that the bytes end just as an encoder would end them.
func (d *decoder) finished() bool {
	return !d.exhausted() && bytes.Equal(d.in[d.read-windowBytes:], ending(d.low, d.high))
}
