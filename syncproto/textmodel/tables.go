package textmodel

import "sync"

// Probabilities are of a 1 bit, in units of 1/65536. The logistic domain is
// ln(p/(1-p)) in units of 1/256, held within ±stretchMax.
const (
	probBits   = 16
	probOne    = 1 << probBits
	stretchMax = 2047
)

// constants are the tables that every model reads and none writes.
type constants struct {
	squash  [2*stretchMax + 2]uint16 // logistic value + stretchMax → probability
	stretch [4096]int16              // probability / 16 → logistic value
	step    [256]int64               // observations of a slot → its step, in 1/65536
}

// theConstants are made with integers alone, so that every machine has the
// same ones: the coded form depends on each of them.
var theConstants = sync.OnceValue(func() *constants {
	c := new(constants)
	c.fillSquash()
	j := 0
	for i := range c.stretch {
		for j < 2*stretchMax && int(c.squash[j]) < i<<4+8 {
			j++
		}
		c.stretch[i] = int16(j - stretchMax)
	}
	for n := range c.step {
		c.step[n] = int64(probOne * 100 / (100*n + 150))
	}
	return c
})

// fillSquash tabulates 1/(1+e^-x) by repeated multiplication with e^(-1/256).
func (c *constants) fillSquash() {
	const one, ratio = uint64(1) << 32, uint64(4278222805) // 1 and e^(-1/256), in 2^-32
	e := one
	for i := 0; i <= stretchMax; i++ {
		low := max(1, e<<probBits/(one+e))
		c.squash[stretchMax-i] = uint16(low)
		c.squash[stretchMax+i] = uint16(min(probOne-low, probOne-1))
		e = (e*(ratio>>1) + 1<<30) >> 31
	}
}

// squashed gives the probability of a logistic value within the domain.
func (c *constants) squashed(x int) int { return int(c.squash[x+stretchMax]) }

// stretched gives the logistic value of a slot's probability.
func (c *constants) stretched(slot uint32) int64 { return int64(c.stretch[slot>>20]) }

// clamped holds a logistic value within the domain.
func clamped(x int64) int64 { return max(-stretchMax, min(stretchMax, x)) }

// hash2 mixes b into a.
func hash2(a, b uint32) uint32 {
	h := a*0x9E3779B1 ^ b*0x85EBCA6B
	h ^= h >> 15
	h *= 0x2C1B3C6D
	return h ^ h>>13
}
