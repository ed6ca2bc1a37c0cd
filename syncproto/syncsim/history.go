package syncsim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"slices"
)

// history is a whole run. It depends on nothing else.
type history struct {
	Why     string `json:",omitempty"` // in a few words, what went wrong
	Seed    uint64
	With    []feature `json:",omitempty"`
	Actions []action
	Found   []string `json:",omitempty"` // what was wrong when it was written
}

// feature is something that happens in some worlds only.
type feature string

const (
	sticks   feature = "sticks"   // bundles, and laptops that have nothing else
	versions feature = "versions" // old and new programs
	disputes feature = "disputes" // decisions are taken back
	roles    feature = "roles"    // devices get other roles, and the township decides about late work
	slow     feature = "slow"     // batches are packed for a slow way, with what both ends hold
)

func (w *world) has(f feature) bool { return slices.Contains(w.with, f) }

// featuresOf draws the features of a run, each by a stream of its own.
func featuresOf(seed uint64) (with []feature) {
	for i, f := range []struct {
		feature
		oneOf int
	}{{sticks, 2}, {versions, 4}, {disputes, 4}, {roles, 2}, {slow, 80}} {
		if rand.New(rand.NewPCG(seed, 100+uint64(i))).IntN(f.oneOf) == 0 {
			with = append(with, f.feature)
		}
	}
	return with
}

// historyOf draws the actions of a run with some features.
func historyOf(seed uint64, with ...feature) history {
	return history{Seed: seed, With: with, Actions: script(rand.New(rand.NewPCG(seed, 7)), rough(seed), with)}
}

// rough says whether a run has clones, restores and the like. The others must
// meet stricter rules.
func rough(seed uint64) bool { return seed%5 >= 2 }

// stage is what a history is played on.
type stage struct {
	bug   *bug      // planted; nil: none
	disks Disks     // nil: memory
	trace io.Writer // nil: silent
}

// play carries out a history and returns the world at rest.
func play(h history, on stage) (w *world) {
	w = newWorld(h.Seed, on)
	w.rough, w.with = rough(h.Seed), h.With
	if on.bug != nil && on.bug.policy != nil {
		w.hub.Policy = on.bug.policy
	}
	defer func() {
		if p := recover(); p != nil {
			w.oracle.wrong("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r := rand.New(rand.NewPCG(h.Seed, 8))
	w.villages = 1 + r.IntN(3)
	if w.long = r.IntN(5) == 0; w.long {
		w.up, w.down = 2<<10, 2<<10
	}
	w.few = !w.long && r.IntN(3) == 0
	for range 2 + r.IntN(4) {
		w.joinAny(r)
	}
	w.begin(rand.New(rand.NewPCG(h.Seed, 9)))
	for _, a := range h.Actions {
		w.do(a)
		if len(w.oracle.complain) > 0 {
			return w
		}
	}
	w.rest()
	return w
}

// begin gives the first laptops what belongs to the features.
func (w *world) begin(r *rand.Rand) {
	if w.has(versions) {
		w.beginVersions(r)
	}
	if w.has(sticks) {
		w.beginSticks(r)
	}
	if w.has(slow) {
		w.beginSlow()
	}
}

func show(h history) string {
	s := fmt.Sprintf("  with %v\n", h.With)
	for _, f := range h.Found {
		s += "  wrong: " + f + "\n"
	}
	for _, a := range h.Actions {
		s += fmt.Sprintf("  %v\n", a)
	}
	return s
}

// shrink leaves out actions as long as something is still wrong.
func shrink(h history, on stage, tries int) history {
	fails := func(actions []action) bool {
		tries--
		w := play(history{Seed: h.Seed, With: h.With, Actions: actions}, on)
		if len(w.oracle.complain) == 0 {
			return false
		}
		h.Actions, h.Found = actions, w.oracle.complain
		return true
	}
	if !fails(h.Actions) {
		return h
	}
	for size := len(h.Actions) / 2; size > 0 && tries > 0; {
		cut := false
		for at := 0; at+size <= len(h.Actions) && tries > 0; {
			rest := append(append([]action{}, h.Actions[:at]...), h.Actions[at+size:]...)
			if fails(rest) {
				cut = true
			} else {
				at += size
			}
		}
		if !cut || size > len(h.Actions) {
			size /= 2
		}
	}
	return h
}

func (s *stats) add(o stats) {
	s.Exchanges += o.Exchanges
	s.Syncs += o.Syncs
	s.Edits += o.Edits
	s.Conflicts += o.Conflicts
	s.Rejected += o.Rejected
	s.Renumbered += o.Renumbered
	s.Healed += o.Healed
	s.Lost += o.Lost
	s.Crashed += o.Crashed
	s.Dropped += o.Dropped
	s.Renamed += o.Renamed
	s.False += o.False
	s.Bundles += o.Bundles
	s.Taken += o.Taken
	s.Read += o.Read
}
