package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// goTests runs all Go tests with the race detector.
func (r *runner) goTests() result {
	var got result
	cmd := r.command("go", "test", "-race", "-timeout", "15m", "-json", "./...")
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		got.fail(fmt.Sprintf("go test: %v", err))
		return got
	}
	bad := got.countGo(out, func(line string) { fmt.Fprintln(r.out, line) })
	err = cmd.Wait()
	if bad != nil {
		got.fail(fmt.Sprintf("go test: %v\n%s", bad, errors.String()))
	} else if err != nil && got.failed == 0 {
		got.fail(fmt.Sprintf("go test: %v\n%s", err, errors.String()))
	}
	return got
}

// event is a line of "go test -json".
type event struct {
	Action      string
	Package     string
	ImportPath  string // of what was built
	FailedBuild string // the ImportPath that kept a package from being tested
	Test        string
	Output      string
	Elapsed     float64
}

// countGo counts the tests and subtests that go test reports, and tells
// progress by package. A package that fails without a failing test (it does
// not build, it panics, it runs out of time) counts as one failed test.
func (got *result) countGo(in io.Reader, progress func(string)) error {
	said := map[string]*strings.Builder{}
	say := func(key, text string) {
		if said[key] == nil {
			said[key] = &strings.Builder{}
		}
		said[key].WriteString(text)
	}
	heard := func(key string) string {
		if said[key] == nil {
			return ""
		}
		return said[key].String()
	}
	ran, broke := map[string]int{}, map[string]int{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("read the report of go test: %w", err)
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "build-output":
			say("build "+e.ImportPath, e.Output)
		case "output":
			say(key, e.Output)
		case "pass", "fail", "skip":
			if e.Test != "" {
				ran[e.Package]++
				got.judge(e, heard(key), broke)
				delete(said, key)
				continue
			}
			if e.Action == "fail" && broke[e.Package] == 0 {
				got.fail(e.Package + "\n" + heard("build "+e.FailedBuild) + heard(key))
			}
			if ran[e.Package] > 0 || e.Action == "fail" {
				progress(fmt.Sprintf("   %s %s: %d tests, %.1f s", e.Action, e.Package, ran[e.Package], e.Elapsed))
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the report of go test: %w", err)
	}
	return nil
}

func (got *result) judge(e event, output string, broke map[string]int) {
	switch e.Action {
	case "pass":
		got.passed++
	case "skip":
		got.fail(fmt.Sprintf("%s %s was skipped\n%s", e.Package, e.Test, output))
		broke[e.Package]++
	case "fail":
		got.fail(fmt.Sprintf("%s %s\n%s", e.Package, e.Test, output))
		broke[e.Package]++
	}
}
