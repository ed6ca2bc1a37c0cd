package syncsim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	simSeed  = flag.Uint64("sim.seed", 1, "first seed of TestSim")
	simRuns  = flag.Int("sim.runs", 300, "how many seeds TestSim runs")
	simWith  = flag.String("sim.with", "", "features of all runs, such as sticks,versions; by default the seed decides")
	simFiles = flag.String("sim.files", "testdata/*.json", "what TestHistories replays")
	simTrace = flag.Bool("sim.trace", false, "print every step of the histories and runs")
)

// simStage is what the flags ask for.
func simStage() (on stage) {
	if *simTrace {
		on.trace = os.Stderr
	}
	return on
}

func simHistory(seed uint64) history {
	if *simWith == "" {
		return historyOf(seed, featuresOf(seed)...)
	}
	var with []feature
	for f := range strings.SplitSeq(*simWith, ",") {
		with = append(with, feature(f))
	}
	return historyOf(seed, with...)
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
				w := play(simHistory(seed), simStage())
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
	h := shrink(simHistory(seed), stage{}, 400)
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

// TestHistories replays what was once found wrong.
func TestHistories(t *testing.T) {
	files, err := filepath.Glob(*simFiles)
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
			for _, c := range play(h, simStage()).oracle.complain {
				t.Errorf("%s (%s)", c, h.Why)
			}
		})
	}
}
