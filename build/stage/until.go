package stage

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// startUntil starts a program that goes on running, its output going to a
// file, and waits for a line that begins with prefix; it returns the rest of
// that line.
func startUntil(program string, env []string, log, prefix string, args ...string) (*Process, string, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, "", fmt.Errorf("log of %s: %w", program, err)
	}
	defer f.Close()
	p := &Process{cmd: exec.Command(program, args...), began: time.Now(), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait()
		out, _ := os.ReadFile(log)
		p.result = Result{Args: args, Err: out, Exit: p.cmd.ProcessState.ExitCode(), Usage: usage(p.cmd.ProcessState, time.Since(p.began))}
	}()
	for deadline := time.Now().Add(ready); time.Now().Before(deadline) && p.Running(); time.Sleep(5 * time.Millisecond) {
		out, err := os.ReadFile(log)
		if err != nil {
			return nil, "", fmt.Errorf("log of %s: %w", program, err)
		}
		for _, line := range bytes.SplitAfter(out, []byte("\n")) {
			rest, ok := bytes.CutPrefix(line, []byte(prefix))
			if ok && bytes.HasSuffix(rest, []byte("\n")) {
				return p, string(rest), nil
			}
		}
	}
	r := p.Kill()
	return nil, "", fmt.Errorf("%s does not say %q: exit %d\n%s", program, prefix, r.Exit, r.Err)
}
