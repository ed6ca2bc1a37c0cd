package textmodel

import "math/bits"

// The symbols that the prime lacks are told before the text, in order of
// code points, as gaps, each with the binary order of how often it occurs.

// adaptive is one probability that follows the bits it is used for.
type adaptive uint16

func (a *adaptive) code(c coder, bit int) int {
	p := int(*a)
	bit = c.code(bit, p)
	if bit == 1 {
		*a += adaptive((probOne - 1 - p) >> 4)
	} else {
		*a -= adaptive(p >> 4)
	}
	return bit
}

// numbers codes whole numbers from 1 to 2³¹-1: the length in bits as a path
// in a tree of adaptive bits, then the bits, the first two of them adaptive.
type numbers struct {
	length [32]adaptive
	first  [32][4]adaptive
}

func newNumbers() *numbers {
	n := new(numbers)
	for i := range n.length {
		n.length[i] = probOne / 2
		for k := range n.first[i] {
			n.first[i][k] = probOne / 2
		}
	}
	return n
}

func (n *numbers) code(c coder, v uint32) uint32 {
	want := bits.Len32(v) - 1
	at := 1
	for k := 4; k >= 0; k-- {
		at = at<<1 | n.length[at].code(c, want>>k&1)
	}
	length := at & 31
	got := uint32(1)
	for k := length - 1; k >= 0; k-- {
		bit := int(v>>k) & 1
		switch length - 1 - k {
		case 0:
			bit = n.first[length][1].code(c, bit)
		case 1:
			bit = n.first[length][2+got&1].code(c, bit)
		default:
			bit = c.code(bit, probOne/2)
		}
		got = got<<1 | uint32(bit)
	}
	return got
}

// codeAlphabet passes added symbols and their weights, at most limit, and
// returns them with the weights as coarse as they are coded. A decoder gives
// nil; ok is false if what it read cannot be.
func codeAlphabet(c coder, symbols []symbol, weights []uint64, limit int) ([]symbol, []uint64, bool) {
	size, gaps, orders := newNumbers(), newNumbers(), newNumbers()
	count := int(size.code(c, uint32(len(symbols)+1))) - 1
	if count > limit {
		return nil, nil, false
	}
	var gotSymbols []symbol
	var gotWeights []uint64
	last := int64(-1)
	for i := range count {
		var gap, order uint32
		if i < len(symbols) {
			gap = uint32(int64(symbols[i]) - last)
			order = uint32(bits.Len64(weights[i]))
		}
		last += int64(gaps.code(c, gap))
		order = orders.code(c, order)
		if last >= int64(symbolEnd) || order > 31 {
			return nil, nil, false
		}
		gotSymbols = append(gotSymbols, symbol(last))
		gotWeights = append(gotWeights, 3<<order>>2)
	}
	return gotSymbols, gotWeights, true
}
