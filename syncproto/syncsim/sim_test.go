package syncsim

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	simSeed = flag.Uint64("sim.seed", 1, "first seed of TestSim")
	simRuns = flag.Int("sim.runs", 300, "how many seeds TestSim runs")
)

// history is a whole run. It depends on nothing else.
type history struct {
	Seed    uint64
	Actions []action
	Found   []string `json:",omitempty"` // what was wrong when it was written
}

func historyOf(seed uint64) history {
	return history{Seed: seed, Actions: script(rand.New(rand.NewPCG(seed, 7)), rough(seed))}
}

// rough says whether a run has clones, restores and the like. The others must
// meet stricter rules.
func rough(seed uint64) bool { return seed%5 >= 2 }

// play carries out a history with a planted bug, or none, and returns the
// world at rest.
func play(h history, b *bug) (w *world) {
	w = newWorld(h.Seed)
	w.bug, w.rough = b, rough(h.Seed)
	if b != nil && b.policy != nil {
		w.hub.Policy = b.policy
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
	for _, a := range h.Actions {
		w.do(a)
		if len(w.oracle.complain) > 0 {
			return w
		}
	}
	w.rest()
	return w
}

func TestSim(t *testing.T) {
	var next atomic.Int64
	var mu sync.Mutex
	var total stats
	var failed []uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(*simRuns); i = next.Add(1) - 1 {
				seed := *simSeed + uint64(i)
				w := play(historyOf(seed), nil)
				mu.Lock()
				total.add(w.stats)
				if len(w.oracle.complain) > 0 {
					failed = append(failed, seed)
				}
				enough := len(failed) >= 5
				mu.Unlock()
				if enough {
					return
				}
			}
		})
	}
	workers.Wait()
	t.Logf("%d runs: %+v", min(int(next.Load()), *simRuns), total)
	for _, seed := range failed {
		report(t, seed)
	}
}

// report shrinks a failure, writes it down and says how to repeat it.
func report(t *testing.T, seed uint64) {
	t.Helper()
	h := shrink(historyOf(seed), nil, 400)
	dir, err := os.MkdirTemp("", "gridbook-sim-")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, fmt.Sprintf("seed-%d.json", seed))
	b, err := json.MarshalIndent(h, "", " ")
	if err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("seed %d, shrunk to %d actions in %s (keep it in testdata; repeat with -sim.seed=%d -sim.runs=1):\n%s",
		seed, len(h.Actions), file, seed, show(h))
}

func show(h history) string {
	s := ""
	for _, f := range h.Found {
		s += "  wrong: " + f + "\n"
	}
	for _, a := range h.Actions {
		s += fmt.Sprintf("  %v\n", a)
	}
	return s
}

// shrink leaves out actions as long as something is still wrong.
func shrink(h history, b *bug, tries int) history {
	fails := func(actions []action) bool {
		tries--
		w := play(history{Seed: h.Seed, Actions: actions}, b)
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

// TestHistories replays what was once found wrong.
func TestHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var h history
			if err := json.Unmarshal(b, &h); err != nil {
				t.Fatal(err)
			}
			for _, c := range play(h, nil).oracle.complain {
				t.Error(c)
			}
		})
	}
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
}
