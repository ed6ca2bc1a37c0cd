// Package e2e holds the tests of the real programs together: gridbookd and
// gridbook-cli as processes of their own, with a bad network between them.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"gridbook/build/stage"
)

// The programs under test and how long to torment them.
var (
	programs stage.Programs
	rounds   = flag.Int("rounds", 15, "rounds of TestFaults")
	seed     = flag.Int64("seed", 0, "seed of TestFaults; 0: by the clock")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gridbook-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	if programs, err = stage.Build(ctx, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
