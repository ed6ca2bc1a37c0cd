package textmodel

// A refiner corrects a guess by what came of earlier guesses like it in the
// same situation. Between two of its steps it interpolates.
const (
	steps      = 24
	refineRate = 4 // a correction moves by 2^-4 of its error
)

type refiner struct {
	cell []uint16 // situation * steps + step → probability
	at   int      // the cell nearest to the last guess
}

func newRefiner(t *constants, situations int) refiner {
	r := refiner{cell: make([]uint16, situations*steps)}
	for i := range r.cell {
		x := (i%steps)*4096/(steps-1) - (stretchMax + 1)
		r.cell[i] = uint16(t.squashed(max(-stretchMax, min(stretchMax, x))))
	}
	return r
}

// refine returns the probability for a logistic guess in a situation.
func (r *refiner) refine(situation, guess int) int {
	x := (guess + stretchMax + 1) * (steps - 1)
	low, part := x>>12, x&4095
	r.at = situation*steps + low
	p := (int(r.cell[r.at])*(4096-part) + int(r.cell[r.at+1])*part) >> 12
	if part > 2048 {
		r.at++
	}
	return p
}

func (r *refiner) learn(target int) {
	c := &r.cell[r.at]
	*c = uint16(int(*c) + (target-int(*c))>>refineRate)
}
