package textmodel

import "slices"

// The light model: a fifth of the work of the deep one, for a few per cent
// more bytes. Where the last symbols have been seen before, it first asks
// whether the same symbol follows as then; only what that does not settle
// goes through the decisions of the alphabet, each guessed from four contexts.
const (
	lightOrders = 3 // contexts of the decisions with buckets of their own
	lightInputs = lightOrders + 2
	flagInputs  = 4

	expectations = 3
	history      = 5 // symbols that the longest of them looks back

	leastLight = 1 << 14
	mostLight  = 1 << 21
	pairFlags  = 1 << 16 // cells of pairFlag and of tripleFlag

	// An expectation: check 10 bits, symbol 16 bits, how often it held 6 bits.
	heldMask    = 63
	symbolShift = 6
	checkShift  = 22

	lightSlow, lightFast = 8, 32 // as slowRate and fastRate of the mixer
	lightSettling        = 1 << 12
)

// expectOrders are how many symbols each table of expectations looks back.
func expectOrders() [expectations]int { return [...]int{5, 3, 2} }

// light is the whole adaptive state, as predictor is that of the deep model.
type light struct {
	t     *constants
	slots slots
	zero  []uint32 // the decisions without context
	// expect says what followed the last symbols, by their hash.
	expect [expectations][]uint32
	// Whether expectations hold: by how well they have held so far, and with
	// the last and the last two symbols.
	byTrust, byPair, byTriple []uint32
	flagWeights, weights      []int32
	flagSteps, steps          int
	refine                    refiner

	last  [history]int32
	word  uint32 // hash of the symbols since the last that nothing expected
	hits  uint32 // whether the last expectations held, newest lowest
	hash  [history]uint32
	found [expectations]expectation
}

// expectation is what one table says about the symbol at hand.
type expectation struct {
	cell   *uint32
	symbol int32 // -1 none
	held   uint32
}

func lightCells(n int) int {
	c := leastLight
	for c < mostLight && c/4 < n {
		c <<= 1
	}
	return c
}

func newLight(t *constants, n int) *light {
	const half, third = 1 << weightBits * 40 / 100, 1 << weightBits * 30 / 100
	cells := lightCells(n)
	m := &light{
		t:           t,
		slots:       newSlots(cells),
		zero:        slices.Repeat([]uint32{freshSlot}, cells/4),
		byTrust:     slices.Repeat([]uint32{freshSlot}, 1<<13),
		byPair:      slices.Repeat([]uint32{freshSlot}, pairFlags),
		byTriple:    slices.Repeat([]uint32{freshSlot}, pairFlags),
		flagWeights: slices.Repeat([]int32{half}, 16*expectations*flagInputs),
		weights:     slices.Repeat([]int32{third}, 64*16*lightInputs),
		refine:      newRefiner(t, topNodes),
		last:        [history]int32{-1, -1, -1, -1, -1},
	}
	for i := range m.expect {
		m.expect[i] = make([]uint32, cells/8)
	}
	return m
}

func (m *light) widen(n int) {
	cells := lightCells(n)
	m.slots.widen(cells)
	for len(m.zero) < cells/4 {
		m.zero = append(m.zero, m.zero...)
	}
	for i := range m.expect {
		for len(m.expect[i]) < cells/8 {
			m.expect[i] = append(m.expect[i], m.expect[i]...)
		}
	}
}

func (m *light) settle() { m.slots.settle() }

func (m *light) clone() learner {
	c := *m
	c.slots.cells = slices.Clone(m.slots.cells)
	c.zero = slices.Clone(m.zero)
	for i := range m.expect {
		c.expect[i] = slices.Clone(m.expect[i])
	}
	c.byTrust, c.byPair, c.byTriple = slices.Clone(m.byTrust), slices.Clone(m.byPair), slices.Clone(m.byTriple)
	c.flagWeights, c.weights = slices.Clone(m.flagWeights), slices.Clone(m.weights)
	c.refine.cell = slices.Clone(m.refine.cell)
	return &c
}

func (m *light) symbol(c coder, a *alphabet, s int32) int32 {
	m.look()
	got := m.ask(c, s)
	if got < 0 {
		if got = m.decide(c, a, s); got < 0 {
			return got
		}
	}
	m.end(got)
	return got
}

// look finds what the last symbols let expect.
func (m *light) look() {
	h := uint32(1)
	for i, s := range m.last {
		h = hash2(h, uint32(s))
		m.hash[i] = h
	}
	for i, order := range expectOrders() {
		table, h := m.expect[i], m.hash[order-1]
		x := expectation{cell: &table[h&uint32(len(table)-1)], symbol: -1}
		if e := *x.cell; e>>checkShift == h>>checkShift && e&heldMask > 0 {
			x.symbol, x.held = int32(e>>symbolShift&0xFFFF), e&heldMask
		}
		m.found[i] = x
	}
}

// ask codes for one expectation after the other whether it holds, and returns
// the symbol that does, or -1.
func (m *light) ask(c coder, s int32) int32 {
	refused := [expectations]int32{-1, -1, -1}
	n := 0
	for i, x := range m.found {
		if x.symbol < 0 || slices.Contains(refused[:n], x.symbol) {
			continue
		}
		if m.flag(c, i, n, s == x.symbol) {
			return x.symbol
		}
		refused[n] = x.symbol
		n++
	}
	return -1
}

// flag codes whether expectation i holds, after n others that did not.
func (m *light) flag(c coder, i, n int, holds bool) bool {
	t, x := m.t, m.found[i]
	support := 0 // what the next shorter table says
	if i+1 < expectations {
		switch next := m.found[i+1]; {
		case next.symbol == x.symbol:
			support = 2 + int(min(next.held, 8)+3)/4
		case next.symbol >= 0:
			support = 1
		}
	}
	trust := &m.byTrust[((i*16+int(min(x.held, 15)))*8+support)*12+n*4+int(m.hits&3)]
	pair := &m.byPair[hash2(m.hash[0], uint32(x.symbol))%pairFlags]
	triple := &m.byTriple[hash2(m.hash[1], uint32(x.symbol)+77)%pairFlags]
	in := [flagInputs]int64{t.stretched(*trust), t.stretched(*pair), t.stretched(*triple), 256}
	w := (*[flagInputs]int32)(m.flagWeights[((seen(*pair)*4+seen(*triple))*expectations+n)*flagInputs:])
	dot := int64(0)
	for k, v := range in {
		dot += v * int64(w[k])
	}
	p := t.squashed(int(clamped(dot >> weightBits)))
	bit := 0
	if holds {
		bit = 1
	}
	bit = c.code(bit, p)
	target := bit * (probOne - 1)
	e := int64(target-p) * lightRate(m.flagSteps)
	m.flagSteps++
	for k, v := range in {
		w[k] += int32((v*e + 1<<17) >> 18)
	}
	*trust, *pair, *triple = advance(t, *trust, target), advance(t, *pair, target), advance(t, *triple, target)
	m.hits = m.hits<<1 | uint32(bit)
	return bit == 1
}

// decide codes the decisions of the alphabet that lead to the symbol.
func (m *light) decide(c coder, a *alphabet, s int32) int32 {
	t, at := m.t, a.root
	context := [lightOrders]uint32{m.hash[0], m.hash[1] + 0x1000193, m.word + 2*0x1000193}
	var bucket [lightOrders]uint32
	local := uint32(bucketSize)
	for depth := 0; at >= 0; depth++ {
		if local >= bucketSize {
			for i, h := range context {
				bucket[i] = m.slots.bucket(hash2(h, uint32(at)))
			}
			local = 1
		}
		n := &a.nodes[at]
		z := &m.zero[int(at)&(len(m.zero)-1)]
		s0, s1, s2 := &m.slots.cells[bucket[0]+local], &m.slots.cells[bucket[1]+local], &m.slots.cells[bucket[2]+local]
		x, x0, x1, x2 := t.stretched(*z), t.stretched(*s0), t.stretched(*s1), t.stretched(*s2)
		row := ((seen(*s0)*4+seen(*s1))*4+seen(*s2))*16 + min(depth, 15)
		w := (*[lightInputs]int32)(m.weights[row*lightInputs:])
		dot := x*int64(w[0]) + x0*int64(w[1]) + x1*int64(w[2]) + x2*int64(w[3]) + 256*int64(w[4])
		guess := int(clamped(dot >> weightBits))
		mixed := t.squashed(guess)
		bit := c.code(n.side(s), max(1, (mixed+m.refine.refine(int(at)&(topNodes-1), guess))>>1))
		target := bit * (probOne - 1)
		e := int64(target-mixed) * lightRate(m.steps)
		m.steps++
		const half, shift = 1 << 17, 18
		w[0] += int32((x*e + half) >> shift)
		w[1] += int32((x0*e + half) >> shift)
		w[2] += int32((x1*e + half) >> shift)
		w[3] += int32((x2*e + half) >> shift)
		w[4] += int32((256*e + half) >> shift)
		m.refine.learn(target)
		*z, *s0, *s1, *s2 = advance(t, *z, target), advance(t, *s0, target), advance(t, *s1, target), advance(t, *s2, target)
		at, local = n.kid[bit], local<<1|uint32(bit)
	}
	if at == nowhere {
		return -1
	}
	return ^at
}

// end takes the symbol that came.
func (m *light) end(s int32) {
	for i, order := range expectOrders() {
		switch x := m.found[i]; {
		case x.symbol == s:
			if x.held < heldMask {
				*x.cell++
			}
		case x.symbol >= 0 && x.held > 1:
			*x.cell = *x.cell&^heldMask | x.held/2
		default:
			*x.cell = m.hash[order-1]>>checkShift<<checkShift | uint32(s)<<symbolShift | 1
		}
	}
	copy(m.last[1:], m.last[:])
	m.last[0] = s
	if m.hits&1 == 0 {
		m.word = 0
	}
	m.word = hash2(m.word, uint32(s)+1)
}

// lightRate is how fast weights learn after so many steps.
func lightRate(steps int) int64 {
	return lightSlow + lightFast*lightSettling/int64(lightSettling+steps)
}

// seen grades how often a slot was used.
func seen(slot uint32) int {
	switch n := slot & countMask; {
	case n < 2:
		return int(n)
	case n < 4:
		return 2
	}
	return 3
}
