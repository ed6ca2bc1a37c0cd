package textmodel

import "slices"

// A mixer weighs guesses in the logistic domain. Each of its panels is a
// table of weight vectors, one of which is chosen by what is known besides
// (how many orders have been seen, how surprising the last characters were,
// which decision it is); the panels' answers are weighed once more.
const (
	panels     = 3
	weightBits = 16
	startShare = 18 // of 100: first weight of an input

	// The weights learn fast at first, for short texts, and slower later,
	// when there is more to lose: from slowRate+fastRate down to slowRate,
	// half way after 2^17 decisions.
	slowRate = 6
	fastRate = 34

	// settledSteps is where the rate starts again after a prime; a multiple
	// of rateEvery, how often it is worked out.
	settledSteps = 160 * rateEvery
	rateEvery    = 256
)

type mixer struct {
	in     [inputs]int64
	panel  [panels][]int32 // vectors of inputs weights, in 2^-16
	chosen [panels]int     // where the vector in use begins
	answer [panels]int64   // logistic values
	final  []int32         // vectors of panels weights
	row    int             // where the final vector in use begins
	p      int             // the probability mixed last
	steps  int             // decisions learnt
	rate   int
}

func newMixer(sizes [panels]int, rows int) mixer {
	m := mixer{rate: slowRate + fastRate}
	for i, n := range sizes {
		m.panel[i] = slices.Repeat([]int32{(1 << weightBits) * startShare / 100}, n*inputs)
	}
	m.final = slices.Repeat([]int32{(1 << weightBits) / panels}, rows*panels)
	return m
}

func (m *mixer) settle() { m.steps = min(m.steps/rateEvery*rateEvery, settledSteps) }

func (m *mixer) clone() mixer {
	c := *m
	for i, w := range m.panel {
		c.panel[i] = slices.Clone(w)
	}
	c.final = slices.Clone(m.final)
	return c
}

// choose sets the vectors that the next mix and learn use.
func (m *mixer) choose(rows [panels]int, row int) {
	for i, r := range rows {
		m.chosen[i] = r * inputs
	}
	m.row = row * panels
}

func (m *mixer) vectors() (a, b, c *[inputs]int32) {
	return (*[inputs]int32)(m.panel[0][m.chosen[0]:]),
		(*[inputs]int32)(m.panel[1][m.chosen[1]:]),
		(*[inputs]int32)(m.panel[2][m.chosen[2]:])
}

// mix returns the logistic value of the next bit. The panels are summed side
// by side, because that is faster than one after the other.
func (m *mixer) mix(t *constants) int {
	a, b, c := m.vectors()
	var x, y, z int64
	for i, v := range m.in {
		x += v * int64(a[i])
		y += v * int64(b[i])
		z += v * int64(c[i])
	}
	m.answer = [panels]int64{clamped(x >> weightBits), clamped(y >> weightBits), clamped(z >> weightBits)}
	sum := int64(0)
	for i, w := range m.final[m.row : m.row+panels] {
		sum += m.answer[i] * int64(w)
	}
	s := int(clamped(sum >> weightBits))
	m.p = t.squashed(s)
	return s
}

// learn moves the weights against the error, given the bit as a probability.
func (m *mixer) learn(t *constants, target int) {
	if m.steps%rateEvery == 0 {
		m.rate = slowRate + fastRate<<17/(1<<17+m.steps)
	}
	m.steps++
	ex := int64((target - t.squashed(int(m.answer[0]))) * m.rate)
	ey := int64((target - t.squashed(int(m.answer[1]))) * m.rate)
	ez := int64((target - t.squashed(int(m.answer[2]))) * m.rate)
	a, b, c := m.vectors()
	const half, shift = 1 << 17, 18
	for i, v := range m.in {
		a[i] += int32((v*ex + half) >> shift)
		b[i] += int32((v*ey + half) >> shift)
		c[i] += int32((v*ez + half) >> shift)
	}
	e := int64(target - m.p)
	final := m.final[m.row : m.row+panels]
	for i, v := range m.answer {
		final[i] += int32((v*e + 1<<15) >> 16)
	}
}
