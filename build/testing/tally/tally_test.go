package main

import (
	"strings"
	"testing"
)

func TestCountGo(t *testing.T) {
	const stream = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"all is well\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB/x","Output":"want 2\n"}
{"Action":"fail","Package":"p","Test":"TestB/x","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"skip","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.1}
{"Action":"skip","Package":"notests","Elapsed":0}
{"ImportPath":"q [q.test]","Action":"build-output","Output":"q.go:1: undefined: x\n"}
{"Action":"fail","Package":"q","Elapsed":0,"FailedBuild":"q [q.test]"}
{"Action":"output","Package":"r","Output":"panic: out of time\n"}
{"Action":"pass","Package":"r","Test":"TestD","Elapsed":0}
{"Action":"fail","Package":"r","Elapsed":0}
`
	var got result
	var progress []string
	if err := got.countGo(strings.NewReader(stream), func(s string) { progress = append(progress, s) }); err != nil {
		t.Fatal(err)
	}
	if got.passed != 2 || got.failed != 5 {
		t.Errorf("%d passed, %d failed; want 2 and 5 (two tests, a skip, a package that does not build, one that panics)", got.passed, got.failed)
	}
	notes := strings.Join(got.notes, "\n")
	for _, want := range []string{"p TestB/x", "want 2", "TestC was skipped", "undefined: x", "panic: out of time"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "all is well") {
		t.Errorf("the notes hold the output of a test that passed:\n%s", notes)
	}
	if len(progress) != 3 {
		t.Errorf("progress %q, want a line for p, q and r", progress)
	}
	if err := got.countGo(strings.NewReader("no JSON\n"), func(string) {}); err == nil {
		t.Error("a report that is not JSON was accepted")
	}
}

func TestCountVitest(t *testing.T) {
	var got result
	err := got.countVitest([]byte(`{"testResults":[
		{"name":"a.test.ts","status":"failed","assertionResults":[
			{"fullName":"adds","status":"passed"},
			{"fullName":"divides","status":"failed","failureMessages":["by zero"]},
			{"fullName":"later","status":"pending"},
			{"fullName":"one day","status":"todo"}]},
		{"name":"b.test.ts","status":"failed","message":"cannot load","assertionResults":[]},
		{"name":"c.test.ts","status":"passed","assertionResults":[{"fullName":"ok","status":"passed"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.passed != 2 || got.failed != 4 {
		t.Errorf("%d passed, %d failed; want 2 and 4: %q", got.passed, got.failed, got.notes)
	}
	if notes := strings.Join(got.notes, "\n"); !strings.Contains(notes, "by zero") || !strings.Contains(notes, "cannot load") {
		t.Errorf("the notes lack the reasons:\n%s", notes)
	}
	for _, bad := range []string{`no JSON`, `{"testResults":[]}`} {
		if new(result).countVitest([]byte(bad)) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestClosingLine(t *testing.T) {
	var out strings.Builder
	r := &runner{out: &out}
	if r.all([]string{"no such suite"}) != 0 {
		t.Error("a suite that was not chosen ran")
	}
	if got := out.String(); got != "\n0 passed, 0 failed\n" {
		t.Errorf("closing line %q", got)
	}
}
