package textmodel

// A bucket holds what is known of one context at three successive decisions:
// a check word and the seven inner nodes of a binary tree of depth three.
// Each node is one slot: the probability of a 1 in the upper 16 bits, the
// count of observations in the lower.
const (
	bucketSize = 8
	freshSlot  = probOne / 2 << 16
	countMask  = probOne - 1
	countLimit = 255 // caps the count, and so keeps the slot adapting
	settled    = 8   // caps it after a prime
)

// slots is a hash table of buckets. It never grows by itself; buckets of the
// same pair compete, and the one seen less often gives way.
type slots struct {
	cells []uint32 // a power of two, at least two buckets
}

func newSlots(cells int) slots { return slots{make([]uint32, cells)} }

// widen enlarges the table to the given size. A bucket's place in the larger
// table has one more bit, which is not known here, so it is put in both.
func (s *slots) widen(cells int) {
	for len(s.cells) < cells {
		s.cells = append(s.cells, s.cells...)
	}
}

// settle lets what comes outweigh what was, without forgetting it.
func (s *slots) settle() {
	for at := 0; at < len(s.cells); at += bucketSize {
		for i, c := range s.cells[at+1 : at+bucketSize] {
			s.cells[at+1+i] = c&^countMask | min(c&countMask, settled)
		}
	}
}

// locate turns hashes into cell offsets of their buckets, making room where
// a hash has none. The check words are read first, all together, so that the
// memory latencies overlap.
func (s *slots) locate(at *[contexts]uint32) {
	mask := uint32(len(s.cells)/bucketSize - 1)
	var check [contexts]uint32
	for i, h := range at {
		check[i] = s.cells[(h&mask)*bucketSize]
	}
	for i, h := range at {
		if x := (h & mask) * bucketSize; check[i] == h && h != 0 {
			at[i] = x
		} else {
			at[i] = s.find(h, x)
		}
	}
}

// bucket is locate for one hash.
func (s *slots) bucket(h uint32) uint32 {
	x := h & uint32(len(s.cells)/bucketSize-1) * bucketSize
	if s.cells[x] == h && h != 0 {
		return x
	}
	return s.find(h, x)
}

// find looks at the second place of hash h, whose first is cell x, and if
// there is nothing either takes the place with the smaller first count.
func (s *slots) find(h, x uint32) uint32 {
	y := x ^ bucketSize
	if s.cells[y] == h && h != 0 {
		return y
	}
	if s.cells[y+1]&countMask < s.cells[x+1]&countMask {
		x = y
	}
	b := (*[bucketSize]uint32)(s.cells[x:])
	*b = [bucketSize]uint32{h, freshSlot, freshSlot, freshSlot, freshSlot, freshSlot, freshSlot, freshSlot}
	return x
}

// advance is what a slot becomes after a bit: its mean moves by one share of
// all observations, so that a few of them already say much.
func advance(t *constants, slot uint32, target int) uint32 {
	n, p := slot&countMask, int64(slot>>16)
	p += (int64(target) - p) * t.step[n&255] >> probBits
	if n < countLimit {
		n++
	}
	return uint32(p)<<16 | n
}
