package syncsim

import (
	"bytes"
	"testing"
)

// A history depends on nothing but itself; else no seed could be repeated.
func TestSameTwice(t *testing.T) {
	for seed := range uint64(60) {
		var first, again bytes.Buffer
		h := historyOf(seed, featuresOf(seed)...)
		play(h, stage{trace: &first}).traceContents()
		play(h, stage{trace: &again}).traceContents()
		if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Errorf("seed %d: %s", seed, parting(first.Bytes(), again.Bytes()))
		}
	}
}
