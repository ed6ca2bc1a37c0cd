// Command tally runs every suite of the project in order, from the quickest to
// judge to the slowest, prints what failed, and ends with one line that says
// how many tests passed and failed. A skipped test counts as failed: it shows
// nothing. Run it from the root; arguments choose suites by name.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// result counts the tests of a suite and keeps what is worth reading of those
// that failed.
type result struct {
	passed, failed int
	notes          []string
}

func (r *result) fail(note string) {
	r.failed++
	r.notes = append(r.notes, note)
}

// suite is one step of "make test".
type suite struct {
	name string
	says string
	run  func(r *runner) result
}

func suites() []suite {
	return []suite{
		{"rules", "house rules, formatting, go vet", (*runner).rules},
		{"go", "Go tests with the race detector", (*runner).goTests},
		{"front", "front end: types and unit tests", (*runner).front},
		{"build", "the programs", (*runner).build},
		{"e2e", "the screens in Chromium", (*runner).browser},
		{"window", "the real window", (*runner).window},
	}
}

func main() {
	r := &runner{out: os.Stdout}
	dir, err := os.MkdirTemp("", "gridbook-tally-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r.dir = dir
	failed := r.all(os.Args[1:])
	os.RemoveAll(dir)
	if failed > 0 {
		os.Exit(1)
	}
}

// runner runs commands and keeps the reports that they write.
type runner struct {
	out io.Writer
	dir string // for reports
}

func (r *runner) all(chosen []string) (failed int) {
	total := result{}
	for _, s := range suites() {
		if len(chosen) > 0 && !slices.Contains(chosen, s.name) {
			continue
		}
		fmt.Fprintf(r.out, "== %s: %s\n", s.name, s.says)
		began := time.Now()
		got := s.run(r)
		if got.passed+got.failed == 0 {
			got.fail("no test ran")
		}
		for _, note := range got.notes {
			fmt.Fprintf(r.out, "--- FAILED: %s\n", strings.TrimRight(note, "\n"))
		}
		fmt.Fprintf(r.out, "   %s: %d passed, %d failed, %s\n", s.name, got.passed, got.failed, time.Since(began).Round(time.Second))
		total.passed += got.passed
		total.failed += got.failed
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed\n", total.passed, total.failed)
	return total.failed
}

// step runs a command that either works or not, and counts it as one test.
func (r *runner) step(got *result, name string, args ...string) bool {
	out, err := r.command(args...).CombinedOutput()
	if err != nil {
		got.fail(fmt.Sprintf("%s: %v\n%s", name, err, out))
		return false
	}
	got.passed++
	return true
}

func (r *runner) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "CI=1", "NO_COLOR=1", "NO_UPDATE_NOTIFIER=1")
	return cmd
}

func (r *runner) rules() result {
	var got result
	if out, err := r.command("gofmt", "-l", "main.go", "house_test.go", "app", "server", "syncproto", "build", "frontend/embed.go").CombinedOutput(); err != nil || len(out) > 0 {
		got.fail(fmt.Sprintf("gofmt wants to change: %s", out))
	} else {
		got.passed++
	}
	r.step(&got, "go vet", "go", "vet", "./...")
	return got
}

func (r *runner) front() result {
	var got result
	r.step(&got, "types", "npm", "--prefix", "frontend", "run", "-s", "typecheck")
	r.vitest(&got, "unit tests", "npm", "--prefix", "frontend", "run", "-s", "test", "--")
	return got
}

func (r *runner) build() result {
	var got result
	r.step(&got, "make build", "make", "--no-print-directory", "build")
	r.step(&got, "make build/bin/gridbook-faults", "make", "--no-print-directory", "build/bin/gridbook-faults")
	return got
}

func (r *runner) browser() result {
	var got result
	r.vitest(&got, "end to end", "npm", "--prefix", "frontend", "run", "-s", "e2e", "--")
	return got
}

func (r *runner) window() result {
	var got result
	r.vitest(&got, "window", "build/testing/window.sh")
	return got
}

// vitest runs a command that takes Vitest's options and counts its report.
func (r *runner) vitest(got *result, name string, args ...string) {
	report := filepath.Join(r.dir, strings.ReplaceAll(name, " ", "-")+".json")
	args = append(args, "--reporter=json", "--outputFile="+report)
	out, err := r.command(args...).CombinedOutput()
	text, missing := os.ReadFile(report)
	if missing != nil {
		got.fail(fmt.Sprintf("%s: no report: %v\n%s", name, err, out))
		return
	}
	before := got.failed
	if bad := got.countVitest(text); bad != nil {
		got.fail(fmt.Sprintf("%s: %v\n%s", name, bad, out))
	} else if err != nil && got.failed == before {
		// Something outside the tests went wrong, such as an unhandled error.
		got.fail(fmt.Sprintf("%s: %v\n%s", name, err, out))
	}
}
