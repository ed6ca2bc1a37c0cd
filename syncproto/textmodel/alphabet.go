package textmodel

import (
	"slices"
	"sort"
	"unicode/utf8"
)

// A symbol is a character's code point, or invalidByte plus the value of a
// byte that is not part of valid UTF-8. So any bytes are a text.
type symbol = int32

const (
	invalidByte symbol = utf8.MaxRune + 1
	symbolEnd          = invalidByte + 256
)

// firstSymbol cuts the first symbol off a text that is not empty.
func firstSymbol(text []byte) (symbol, []byte) {
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n == 1 {
		return invalidByte + symbol(text[0]), text[1:]
	}
	return r, text[n:]
}

func appendSymbol(text []byte, s symbol) []byte {
	if s >= invalidByte {
		return append(text, byte(s-invalidByte))
	}
	return utf8.AppendRune(text, s)
}

// node is a decision: whether the number of the next symbol is below split.
// A kid is another node, or ^number of the symbol, or nowhere.
type node struct {
	kid   [2]int32
	split int32
}

// side is the decision of node n for the symbol numbered s.
func (n *node) side(s int32) int {
	if s >= n.split {
		return 1
	}
	return 0
}

const nowhere = -1 << 31

// alphabet numbers the symbols of a text and arranges them as a binary tree
// in order of code points, balanced by weight: common characters take few
// decisions, and neighbours (digits; characters of one radical) share theirs.
type alphabet struct {
	symbols []symbol // number → symbol
	kinds   []uint8  // number → what sort of character it is
	number  map[symbol]int32
	nodes   []node
	root    int32
	escape  int32 // node whose right kid leads to the symbols added later, -1 none
}

// counts lists the distinct symbols of a text in order, with how often each
// occurs, leaving out those that skip has.
func counts(text []byte, skip map[symbol]int32) ([]symbol, []uint64) {
	place := map[symbol]int{}
	var found []symbol
	var often []uint64
	for len(text) > 0 {
		var s symbol
		s, text = firstSymbol(text)
		if _, ok := skip[s]; ok {
			continue
		}
		i, ok := place[s]
		if !ok {
			i = len(found)
			place[s] = i
			found, often = append(found, s), append(often, 0)
		}
		often[i]++
	}
	sorted := slices.Sorted(slices.Values(found))
	weights := make([]uint64, len(sorted))
	for i, s := range sorted {
		weights[i] = often[place[s]]
	}
	return sorted, weights
}

// newAlphabet makes the alphabet of the prime. The last branch is kept for
// symbols that the prime lacks, as likely as those it has only once.
func newAlphabet(prime []byte) *alphabet {
	a := &alphabet{number: map[symbol]int32{}, root: nowhere, escape: -1}
	symbols, weights := counts(prime, nil)
	if len(symbols) == 0 {
		return a
	}
	a.name(symbols)
	novel := uint64(1)
	for _, w := range weights {
		if w == 1 {
			novel++
		}
	}
	a.root = a.grow(0, append(weights, novel))
	for i, n := range a.nodes {
		if n.kid[1] == ^int32(len(symbols)) {
			a.nodes[i].kid[1], a.escape = nowhere, int32(i)
		}
	}
	return a
}

// extend adds symbols, which are sorted and not yet there.
func (a *alphabet) extend(symbols []symbol, weights []uint64) {
	if len(symbols) == 0 {
		return
	}
	first := int32(len(a.symbols))
	a.name(symbols)
	top := a.grow(first, weights)
	if a.escape < 0 {
		a.root = top
	} else {
		a.nodes[a.escape].kid[1] = top
	}
}

func (a *alphabet) name(symbols []symbol) {
	for _, s := range symbols {
		a.number[s] = int32(len(a.symbols))
		a.symbols = append(a.symbols, s)
		a.kinds = append(a.kinds, kind(s))
	}
}

// grow appends a tree over the numbers from first on, breadth first, and
// returns its top. Every split comes as near to half the weight as it can,
// so that no leaf is deeper than log2(total/weight)+2.
func (a *alphabet) grow(first int32, weights []uint64) int32 {
	sum := make([]uint64, len(weights)+1)
	for i, w := range weights {
		sum[i+1] = sum[i] + w
	}
	if len(weights) == 1 {
		return ^first
	}
	top := int32(len(a.nodes))
	type span struct{ lo, hi int }
	queue := []span{{0, len(weights)}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		cut := halfway(sum, s.lo, s.hi)
		n := node{split: first + int32(cut)}
		for side, part := range []span{{s.lo, cut}, {cut, s.hi}} {
			if part.hi-part.lo == 1 {
				n.kid[side] = ^(first + int32(part.lo))
				continue
			}
			queue = append(queue, part)
			n.kid[side] = int32(len(a.nodes) + len(queue))
		}
		a.nodes = append(a.nodes, n)
	}
	return top
}

// halfway finds the cut strictly inside lo..hi that halves the weight best.
func halfway(sum []uint64, lo, hi int) int {
	twice := sum[lo] + sum[hi]
	cut := lo + 1 + sort.Search(hi-lo-2, func(k int) bool { return 2*sum[lo+1+k] >= twice })
	if cut > lo+1 && twice-2*sum[cut-1] < 2*sum[cut]-twice {
		cut--
	}
	return cut
}

// clone copies what extend changes.
func (a *alphabet) clone() *alphabet {
	c := *a
	c.symbols = slices.Clone(a.symbols)
	c.kinds = slices.Clone(a.kinds)
	c.nodes = slices.Clone(a.nodes)
	c.number = make(map[symbol]int32, len(a.number))
	for i, s := range a.symbols {
		c.number[s] = int32(i)
	}
	return &c
}

// kind sorts characters by their part in the shape of a text: a small number
// that is not 0.
func kind(s symbol) uint8 {
	switch {
	case s == '\n':
		return 1
	case s >= '0' && s <= '9':
		return 2
	case s|32 >= 'a' && s|32 <= 'z':
		return 3
	case s == '。' || s == '.':
		return 4
	case s == '，' || s == ',' || s == '、':
		return 5
	case s == ' ' || s == '\t' || s == '　':
		return 6
	case s < 128:
		return 7
	case s >= 0x4E00 && s < 0xA000:
		return 8
	case s >= invalidByte:
		return 9
	}
	return 10
}
