package textmodel

import (
	"math"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

func TestConstants(t *testing.T) {
	c := theConstants()
	for x := -stretchMax; x <= stretchMax; x++ {
		want := probOne / (1 + math.Exp(-float64(x)/256))
		if got := float64(c.squashed(x)); math.Abs(got-want) > 1.5 {
			t.Fatalf("squash(%d) = %v, want %v", x, got, want)
		}
	}
	for i, x := range c.stretch {
		if i > 0 && x < c.stretch[i-1] {
			t.Fatalf("stretch falls at %d", i)
		}
		if p := c.squashed(int(x)); x > -stretchMax && x < stretchMax && (p+64 < i<<4 || p > i<<4+16+64) {
			t.Fatalf("squash(stretch(%d)) = %d", i<<4, p)
		}
	}
}

func TestCoder(t *testing.T) {
	type flip struct{ bit, p int }
	flips := rapid.SliceOf(rapid.Custom(func(t *rapid.T) flip {
		p := rapid.OneOf(rapid.IntRange(1, probOne-1), rapid.SampledFrom([]int{1, probOne - 1})).Draw(t, "p")
		return flip{rapid.IntRange(0, 1).Draw(t, "bit"), p}
	}))
	rapid.Check(t, func(t *rapid.T) {
		all := flips.Draw(t, "flips")
		e := newEncoder(nil)
		for _, f := range all {
			e.code(f.bit, f.p)
		}
		d := newDecoder(e.finish())
		for i, f := range all {
			if got := d.code(0, f.p); got != f.bit {
				t.Fatalf("bit %d: got %d, want %d", i, got, f.bit)
			}
		}
		if !d.finished() {
			t.Fatalf("%d of %d bytes read, not finished", d.read, len(d.in))
		}
	})
}

func TestNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Uint32Range(1, math.MaxInt32)).Draw(t, "numbers")
		e, n := newEncoder(nil), newNumbers()
		for _, v := range all {
			n.code(e, v)
		}
		d, n := newDecoder(e.finish()), newNumbers()
		for i, want := range all {
			if got := n.code(d, 0); got != want {
				t.Fatalf("number %d: got %d, want %d", i, got, want)
			}
		}
	})
}

// TestTree: every symbol is found where its decisions lead, and a common
// one takes few of them.
func TestTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Uint64Range(1, 1<<31), 1, 200).Draw(t, "weights")
		total := uint64(0)
		for _, w := range weights {
			total += w
		}
		var a alphabet
		const first = 5
		top := a.grow(first, weights)
		for i, w := range weights {
			s, at, depth := int32(first+i), top, 0
			for at >= 0 {
				n := a.nodes[at]
				at = n.kid[n.side(s)]
				depth++
			}
			if ^at != s {
				t.Fatalf("symbol %d leads to %d", s, ^at)
			}
			// A cut may leave more than half on one side, but then by one heavy
			// symbol at its edge, which the next cut takes off: two decisions
			// halve the weight.
			if most := 2*bits.Len64(total/w) + 2; depth > most {
				t.Errorf("symbol %d of weight %d in %d takes %d decisions, want at most %d", s, w, total, depth, most)
			}
		}
	})
}

// TestMatchForgets: whatever the ring has overwritten, the match expects only
// what stood at its place in the text.
func TestMatchForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMatch(1<<9, theConstants())
		text := rapid.SliceOfN(rapid.Int32Range(0, 2), 0, 1000).Draw(t, "text")
		widenAt := rapid.IntRange(0, len(m.past)).Draw(t, "widen at")
		for i, s := range text {
			if i == widenAt {
				m.widen(1 << 10)
			}
			if m.at > 0 {
				if m.n-m.at >= len(m.past) {
					t.Fatalf("follows %d symbols back in a ring of %d", m.n-m.at, len(m.past))
				}
				if got := m.expected(); got != text[m.at] {
					t.Fatalf("expects %d at %d, where %d stood", got, m.at, text[m.at])
				}
			}
			m.append(s)
		}
	})
}

// TestSlotsKeep: a bucket is found again until others crowd it out, and
// also after the table was widened.
func TestSlotsKeep(t *testing.T) {
	s := newSlots(1 << 8)
	at := [contexts]uint32{0, 11, 22, 33, 44, 0xFFFFFFFF, 66}
	hashes := at
	s.locate(&at)
	for i, x := range at {
		s.cells[x+1] = uint32(1000+i)<<16 | 3
	}
	s.widen(1 << 10)
	again := hashes
	s.locate(&again)
	for i, x := range again {
		if hashes[i] != 0 && s.cells[x+1]>>16 != uint32(1000+i) { // hash 0 cannot be told from an empty place
			t.Errorf("bucket %d is lost", i)
		}
	}
}

func TestCellsFor(t *testing.T) {
	for n, want := range map[int]int{0: leastCells, 2048: leastCells, 2049: 2 * leastCells, 100_000: 1 << 20, 1 << 30: mostCells} {
		if got := cellsFor(n); got != want {
			t.Errorf("cellsFor(%d) = %d, want %d", n, got, want)
		}
	}
}
