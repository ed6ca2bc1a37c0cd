// Command bench measures the real programs on the workload and prints the
// figures beside those of other systems. "make bench" runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gridbook/build/stage"
)

type options struct {
	data  string
	works worksList
	large bool
	slow6 bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "workload", "", fmt.Sprintf("a folder that workload.mjs has written with --batches %d; empty: make one", batches))
	flag.Var(&o.works, "works", "which to do, as W1,W3; crowd: 300 first copies at once; TLS: what TLS adds; none: nothing (default all)")
	flag.BoolVar(&o.large, "large", false, "also W2 and W4 at 10,000, 100,000 and 1,000,000 stored records (minutes)")
	flag.BoolVar(&o.slow6, "slow6", false, "also W6 on the slow link (minutes)")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// worksList is which works to do; empty: all.
type worksList []string

// String implements flag.Value.
func (l *worksList) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *worksList) Set(s string) error {
	*l = strings.Split(s, ",")
	return nil
}

func (l worksList) some(names ...string) bool {
	return len(l) == 0 || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(l, n) })
}

// The workload that the peers were measured on.
const (
	villages = 20
	batches  = 2 + sendTimes // two of them for W2; the peers had three
)

func run(o options) error {
	dir, err := os.MkdirTemp("", "gridbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.data == "" {
		o.data = filepath.Join(dir, "workload")
	}
	programs, err := stage.Build(context.Background(), dir)
	if err != nil {
		return err
	}
	if err := generate(o.data, villages, batches); err != nil {
		return err
	}
	if o.works.some("W1", "W2", "W3", "W4", "W5", "W6", "crowd") {
		if err := works(programs, dir, o); err != nil {
			return err
		}
	}
	if o.works.some("TLS") {
		if err := sealed(programs, dir, o); err != nil {
			return err
		}
	}
	if o.large {
		return grown(programs, dir)
	}
	return nil
}

func works(programs stage.Programs, dir string, o options) error {
	t, err := open(programs, filepath.Join(dir, "plain"), o.data, true)
	if err != nil {
		return err
	}
	defer t.close()
	fmt.Printf("A township of %d villages, %d records. Bytes with HTTP headers, without TLS.\n", len(t.seed.Villages), t.stored)
	fmt.Println("Slow link: 300 ms there and back, 64 kbit/s up, 256 kbit/s down.")
	for _, work := range []struct {
		names []string
		do    func(*township, options) error
	}{{[]string{"W1"}, showW1}, {[]string{"W2", "W4"}, showW2and4}, {[]string{"W3"}, showW3}, {[]string{"W5"}, showW5}, {[]string{"W6"}, showW6}, {[]string{"crowd"}, showCrowd}} {
		if !o.works.some(work.names...) {
			continue
		}
		if err := work.do(t, o); err != nil {
			return err
		}
	}
	return server(t)
}

func showW1(t *township, _ options) error {
	w1, err := t.w1()
	if err != nil {
		return err
	}
	fmt.Print(report{"W1  a new laptop fetches its village", []target{{down, 460 * kB, ""}, {wall, 18 * sec, "slow"}, {disk, 4 * mB, ""}}, w1, ofPeers("W1")})
	return nil
}

func showW2and4(t *township, _ options) error {
	w2, w4, err := t.w2and4()
	if err != nil {
		return err
	}
	fmt.Print(report{"W2  200 offline edits go up", []target{{up, 13 * kB, ""}, {exchanges, 1, ""}, {wall, 2.6 * sec, "slow"}}, w2, ofPeers("W2")})
	fmt.Print(report{"W4  nothing has changed", []target{{exchanges, 1, ""}, {bothWays, 320, ""}}, w4, ofPeers("W4")})
	return nil
}

func showW3(t *township, _ options) error {
	w3, err := t.w3()
	if err != nil {
		return err
	}
	fmt.Print(report{"W3  20 laptops send 200 edits each at once", []target{{wall, 200 * ms, ""}, {serverCPU, 100 * ms, ""}}, w3, ofPeers("W3")})
	return nil
}

func showW5(t *township, _ options) error {
	w5, err := t.w5()
	if err != nil {
		return err
	}
	fmt.Printf("\nW5  two laptops edit one resident\n  target: both kept and visible: met\n  %s\n", w5)
	return nil
}

func showW6(t *township, o options) error {
	w6, err := t.w6(o.slow6)
	if err != nil {
		return err
	}
	fmt.Print(report{"W6  the township fetches everything",
		[]target{{down, 10 * mB, "fast"}, {wall, 6 * sec, "fast"}, {down, 8 * mB, "slow"}, {memory, 150 * mB, ""}}, w6, ofPeers("W6")})
	return nil
}

// server prints what the server took in all.
func server(t *township) error {
	used, err := t.office.Usage()
	if err != nil {
		return err
	}
	stored, err := size(t.office.Dir)
	if err != nil {
		return err
	}
	fmt.Printf("\nServer: peak memory %s, store %s\n", kb(used.Memory), kb(stored))
	return nil
}

// sealed measures what TLS adds: to a new connection, to one that resumes, and
// to a warm one.
func sealed(programs stage.Programs, dir string, o options) error {
	t, err := open(programs, filepath.Join(dir, "sealed"), o.data, false)
	if err != nil {
		return err
	}
	defer t.close()
	figures, err := t.overTLS()
	if err != nil {
		return err
	}
	fmt.Print(report{title: "What TLS 1.3 adds: W4 over https (a full handshake, and on a warm connection)", figures: figures})
	return nil
}

// grown measures W2 and W4 by what the server stores.
func grown(programs stage.Programs, dir string) error {
	var sizes []grownTo
	for _, n := range []int{1, 9, 90} {
		g, err := growth(programs, dir, n)
		if err != nil {
			return err
		}
		sizes = append(sizes, g)
	}
	fmt.Print(growthTable(sizes))
	return nil
}
