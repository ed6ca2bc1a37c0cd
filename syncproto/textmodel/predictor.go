package textmodel

import "slices"

const (
	contexts   = 7
	orders     = 5 // the first of them, which longer and longer texts share
	inputs     = contexts + 2
	depthMost  = 23
	topNodes   = 1024
	nodeRows   = 4096
	pairRows   = 4096
	trustLevel = 16 // counts of a slot that are told apart
	trustSteps = 32 // probabilities of a slot that are told apart
	leastCells = 1 << 14
	mostCells  = 1 << 22
)

// predictor is the whole adaptive state. Feeding it the same symbols always
// leads to the same state, on every machine.
type predictor struct {
	t      *constants
	slots  slots
	match  match
	mixer  mixer
	byNode refiner // by the decision
	byPair refiner // by the decision and the symbol before
	// adjust learns what a slot of such count and probability is worth, for
	// each context; its cells are slots themselves.
	adjust [contexts][trustLevel * trustSteps]uint32

	// What stands before the symbol at hand.
	last  [4]int32 // symbols, newest first, -1 none
	word  uint32   // hash of the symbols since the last surprise
	shape uint32   // kinds of the last symbols, 4 bits each
	costs uint32   // levels of surprise of the last symbols, 2 bits each

	// The symbol at hand and the decision within it.
	context [contexts]uint32
	bucket  [contexts]uint32 // cell where the bucket begins
	local   uint32           // place in the bucket, 1..7
	depth   int
	cost    int           // so far, in 1/8 bit
	worth   [contexts]int // cell of adjust
	trust   *uint16       // of the match, nil if it expects nothing
	hit     int           // the bit that the match expects
}

// cellsFor sizes the tables for n bytes of text, the prime included: short
// texts need little memory. The rule is part of the format.
func cellsFor(n int) int {
	c := leastCells
	for c < mostCells && c/8 < n {
		c <<= 1
	}
	return c
}

func newPredictor(t *constants, n int) *predictor {
	cells := cellsFor(n)
	p := &predictor{
		t:      t,
		slots:  newSlots(cells),
		match:  newMatch(cells, t),
		mixer:  newMixer([panels]int{(orders + 1) * (depthMost + 1) * 4, 64 * 16, topNodes}, 32),
		byNode: newRefiner(t, nodeRows),
		byPair: newRefiner(t, pairRows),
		last:   [4]int32{-1, -1, -1, -1},
	}
	const firstCount = 12 // observations that the slot's own word counts for
	for i := range p.adjust {
		for k := range p.adjust[i] {
			x := (k%trustSteps-trustSteps/2)*128 + 64
			p.adjust[i][k] = uint32(t.squashed(x))<<16 | firstCount
		}
	}
	return p
}

// widen makes room for a text of n bytes, what was learnt included.
func (p *predictor) widen(n int) {
	p.slots.widen(cellsFor(n))
	p.match.widen(cellsFor(n))
}

// settle ends the learning of a prime. What it taught is kept, but held less
// firmly: the text to come is like it, not more of it.
func (p *predictor) settle() {
	p.mixer.settle()
	p.slots.settle()
}

func (p *predictor) clone() learner {
	c := *p
	c.slots.cells = slices.Clone(p.slots.cells)
	c.match = p.match.clone()
	c.mixer = p.mixer.clone()
	c.byNode.cell = slices.Clone(p.byNode.cell)
	c.byPair.cell = slices.Clone(p.byPair.cell)
	return &c
}

// symbol passes one symbol, by number, through the coder. It returns -1 if
// the decisions lead nowhere, which only a decoder can meet.
func (p *predictor) symbol(c coder, a *alphabet, s int32) int32 {
	at := a.root
	expected := p.match.expected()
	p.begin(at)
	for at >= 0 {
		n := &a.nodes[at]
		hit := -1
		if expected >= 0 {
			hit = n.side(expected)
		}
		guess := p.guess(int(at), hit)
		bit := c.code(n.side(s), guess)
		p.learn(bit, guess)
		if bit != hit {
			expected = -1
		}
		at = n.kid[bit]
		p.descend(at, bit)
	}
	if at == nowhere {
		return -1
	}
	p.end(^at, a.kinds[^at])
	return ^at
}

// begin sets the contexts of the next symbol: the last one to four symbols,
// the word so far, how surprising the last two symbols were (which tells the
// beginnings of words), and the kinds of the last six.
func (p *predictor) begin(root int32) {
	h := uint32(1)
	for i, s := range p.last {
		h = hash2(h, uint32(s))
		p.context[i] = h
	}
	p.context[4] = hash2(p.word, 5)
	p.context[5] = hash2(p.costs&0xF, 7)
	p.context[6] = hash2(p.shape&0xFFFFFF, 9)
	p.depth, p.cost = 0, 0
	p.seek(root)
}

// seek finds the buckets of the decisions from node at on.
func (p *predictor) seek(at int32) {
	for i, h := range p.context {
		p.bucket[i] = hash2(h+uint32(i)*0x1000193, uint32(at))
	}
	p.slots.locate(&p.bucket)
	p.local = 1
}

func (p *predictor) descend(at int32, bit int) {
	p.depth++
	p.local = p.local<<1 | uint32(bit)
	if p.local >= bucketSize && at >= 0 {
		p.seek(at)
	}
}

// guess returns the probability that the next bit is 1. hit is the bit that
// the match expects, or -1.
func (p *predictor) guess(at, hit int) int {
	t, in := p.t, &p.mixer.in
	known := 0
	for i, b := range p.bucket {
		slot := p.slots.cells[b+p.local]
		n := slot & countMask
		if n > 0 && i < orders {
			known++
		}
		level := int(min(n, trustLevel-1))
		step := (int(t.stretch[slot>>20]) + stretchMax + 1) / (4096 / trustSteps)
		w := level*trustSteps + step
		p.worth[i] = w
		in[i] = int64(t.stretch[p.adjust[i][w]>>20])
	}
	in[contexts] = 256 // a constant, for what holds whatever the contexts say
	reach := p.guessMatch(hit)
	p.mixer.choose([panels]int{
		(known*(depthMost+1)+min(p.depth, depthMost))*4 + reach,
		int(p.costs&0x3F)*16 + min(p.depth, 15),
		min(at, topNodes-1),
	}, min(p.depth, 31))
	x := p.mixer.mix(t)
	pair := int(hash2(uint32(p.last[0]), uint32(at)) % pairRows)
	mean := (2*p.mixer.p + p.byPair.refine(pair, x) + p.byNode.refine(at%nodeRows, x) + 2) >> 2
	return max(1, min(probOne-1, mean))
}

// guessMatch sets the input of the match and tells how far it reaches back:
// 0 none, 1 to 3.
func (p *predictor) guessMatch(hit int) int {
	in := &p.mixer.in[contexts+1]
	p.trust, p.hit, *in = nil, hit, 0
	if hit < 0 {
		return 0
	}
	length := p.match.length
	p.trust = &p.match.trust[length][min(p.depth, 1)]
	*in = int64(p.t.stretch[*p.trust>>4]) * int64(2*hit-1)
	switch {
	case length > 20:
		return 3
	case length > 8:
		return 2
	}
	return 1
}

// learn takes the bit that came, after guess.
func (p *predictor) learn(bit, guess int) {
	target := bit * (probOne - 1)
	p.cost += costOf(bit, guess)
	p.mixer.learn(p.t, target)
	p.byPair.learn(target)
	p.byNode.learn(target)
	for i, b := range p.bucket {
		w := &p.adjust[i][p.worth[i]]
		*w = advance(p.t, *w, target)
		c := &p.slots.cells[b+p.local]
		*c = advance(p.t, *c, target)
	}
	if p.trust != nil {
		held := 0
		if p.hit == bit {
			held = probOne - 1
		}
		*p.trust = uint16(int(*p.trust) + (held-int(*p.trust))>>6)
	}
}

// costOf is the information in a bit, roughly, in 1/8 bit.
func costOf(bit, guess int) int {
	if bit == 0 {
		guess = probOne - guess
	}
	n := 0
	for guess < probOne/2 {
		guess <<= 1
		n += 8
	}
	return n + (probOne-1-guess)>>12
}

// end takes the symbol that came. A symbol that cost more than four bits is
// taken to begin a word: Chinese writes no spaces, but within a word the next
// character is rarely a surprise.
func (p *predictor) end(s int32, kind uint8) {
	copy(p.last[1:], p.last[:])
	p.last[0] = s
	level := uint32(0)
	switch {
	case p.cost > 56:
		level = 3
	case p.cost > 32:
		level = 2
	case p.cost > 12:
		level = 1
	}
	p.costs = p.costs<<2 | level
	if level >= 2 {
		p.word = 0
	}
	p.word = hash2(p.word, uint32(s)+1)
	p.shape = p.shape<<4 | uint32(kind)
	p.match.append(s)
}
