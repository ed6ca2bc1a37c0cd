package textmodel

import "slices"

// match follows the latest place where the last few symbols stood before,
// and expects what came then.
const (
	matchLeast = 4  // symbols that must agree
	matchMost  = 32 // longer agreements count as this
)

type match struct {
	past   []int32 // the newest symbols, by number: a ring, a power of two long
	n      int     // symbols so far
	place  []int32 // hash of the last matchLeast symbols → position after them
	at     int     // position of the expected symbol, 0 none
	length int     // how many symbols before it agree, at most matchMost-1
	// trust is the probability that the expectation holds, by length, for the
	// first decision of a symbol and for the later ones.
	trust [matchMost][2]uint16
}

func newMatch(cells int, t *constants) match {
	var m match
	m.widen(cells)
	for i := range m.trust {
		p := uint16(t.squashed(100 * min(i/2, 15)))
		m.trust[i] = [2]uint16{p, p}
	}
	return m
}

// widen makes room for as much text as slots of that many cells are for. A
// ring that is widened has not yet come round, except at its greatest size.
// Entries of place are doubled as those of slots are.
func (m *match) widen(cells int) {
	if len(m.past) < cells/4 {
		m.past = append(m.past, make([]int32, cells/4-len(m.past))...)
	}
	if len(m.place) == 0 {
		m.place = make([]int32, cells/16)
	}
	for len(m.place) < cells/16 {
		m.place = append(m.place, m.place...)
	}
}

func (m *match) clone() match {
	c := *m
	c.past, c.place = slices.Clone(m.past), slices.Clone(m.place)
	return c
}

func (m *match) symbolAt(i int) int32 { return m.past[i&(len(m.past)-1)] }

// expected is the number of the symbol that would continue the match, -1 none.
func (m *match) expected() int32 {
	if m.at == 0 {
		return -1
	}
	return m.symbolAt(m.at)
}

// append takes the symbol that came.
func (m *match) append(s int32) {
	if m.at > 0 && m.symbolAt(m.at) == s {
		m.at++
		m.length = min(m.length+1, matchMost-1)
	} else {
		m.at, m.length = 0, 0
	}
	m.past[m.n&(len(m.past)-1)] = s
	m.n++
	if m.n < matchLeast {
		return
	}
	h := uint32(0)
	for i := m.n - matchLeast; i < m.n; i++ {
		h = hash2(h, uint32(m.symbolAt(i)))
	}
	p := &m.place[h&uint32(len(m.place)-1)]
	if m.at == 0 && *p > 0 {
		m.look(int(*p))
	}
	*p = int32(m.n)
}

// look takes up a match at position p if it is still remembered and enough
// symbols before it agree.
func (m *match) look(p int) {
	if m.n-p+matchMost > len(m.past) {
		return
	}
	k := 0
	for k < matchMost-1 && k < p && m.symbolAt(p-1-k) == m.symbolAt(m.n-1-k) {
		k++
	}
	if k >= matchLeast {
		m.at, m.length = p, k
	}
}
