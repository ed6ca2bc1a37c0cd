package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gridbookd": func() { os.Exit(run()) }})
}

func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			// A short path, as in real life; sockets have short names.
			data, err := os.MkdirTemp("", "gbd")
			e.Defer(func() { os.RemoveAll(data) })
			e.Setenv("GRIDBOOK_DATA", filepath.Join(data, "d"))
			e.Setenv("OTHER", filepath.Join(data, "other"))
			e.Setenv("USER", "tester")
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serving": serving,
			"flip":    flip,
			"exits":   exits,
			"same":    same,
		},
	})
}

// serving starts `gridbookd serve` with the arguments, waits until it is
// ready, sets ADDRESS, and stops it at the script's end, which must succeed.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command("gridbookd", append([]string{"serve"}, args...)...)
	for _, name := range []string{"PATH", "GRIDBOOK_DATA", "TMPDIR", "HOME", "USER"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ts.Fatalf("serve: %v, %v\n%s", err, cmd.Wait(), log.String())
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		ts.Fatalf("serve printed %q", line)
	}
	ts.Setenv("ADDRESS", address)
	ts.Setenv("SERVER", strconv.Itoa(cmd.Process.Pid))
	go func() { _, _ = io.Copy(io.Discard, out) }()
	ts.Defer(func() {
		if ts.Getenv("SERVER") == "killed" {
			_ = cmd.Wait()
			return
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			ts.Logf("stop: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			ts.Fatalf("serve ended with %v\n%s", err, log.String())
		}
	})
}

// kill ends the server as a power cut would.
func kill(ts *testscript.TestScript, neg bool, args []string) {
	pid, err := strconv.Atoi(ts.Getenv("SERVER"))
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Kill())
	ts.Setenv("SERVER", "killed")
}

// exits runs gridbookd and wants an exit code: exits CODE ARGS…
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("gridbookd", args[1:]...)
	code := "0"
	if err != nil {
		// testscript's error says "exit status N".
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("gridbookd %s: exit code %s, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// flip changes some bytes of every page of a store but the first two.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	page := os.Getpagesize()
	for at := 2*page + 8; at < len(b); at += page {
		b[at] ^= 0x55
	}
	ts.Check(os.WriteFile(name, b, 0o600))
}

// same wants two files to be equal.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if (a == b) == neg {
		ts.Fatalf("%s and %s: equal is %v", args[0], args[1], a == b)
	}
}
