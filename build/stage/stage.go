// Package stage plays the real programs: it builds them, runs a server and
// laptops as processes of their own, and says what they printed and used. The
// end-to-end tests and the figures stand on it.
package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Programs are the paths of the built binaries.
type Programs struct {
	Server string // gridbookd
	Laptop string // gridbook-cli
}

// Build makes the programs in dir, as "make build" does.
func Build(ctx context.Context, dir string) (Programs, error) {
	root, err := Root()
	if err != nil {
		return Programs{}, err
	}
	p := Programs{Server: filepath.Join(dir, "gridbookd"), Laptop: filepath.Join(dir, "gridbook-cli")}
	for out, pkg := range map[string]string{p.Server: "./server/cmd/gridbookd", p.Laptop: "./app/cli/cmd/gridbook-cli"} {
		c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-w -s", "-o", out, pkg)
		c.Dir = root
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := c.CombinedOutput(); err != nil {
			return p, fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return p, nil
}

// Root is the folder of the module.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || mod == "" || mod == os.DevNull {
		return "", fmt.Errorf("find the module: %q, %w", mod, err)
	}
	return filepath.Dir(mod), nil
}

// Result is what a command did.
type Result struct {
	Args     []string
	Exit     int // -1: killed
	Out, Err []byte
	Usage    Usage
}

// Usage is what a process took.
type Usage struct {
	Wall, CPU time.Duration
	Memory    int64 // greatest resident size, bytes; of laptops only if watched
}

// Failed returns nil if the command did what it was told.
func (r Result) Failed() error {
	if r.Exit == 0 {
		return nil
	}
	return fmt.Errorf("%s: exit %d: %s", strings.Join(r.Args, " "), r.Exit, bytes.TrimSpace(r.Err))
}

// JSON reads the object that the command printed.
func (r Result) JSON(into any) error {
	if err := r.Failed(); err != nil {
		return err
	}
	if err := json.Unmarshal(r.Out, into); err != nil {
		return fmt.Errorf("%s printed %q: %w", strings.Join(r.Args, " "), r.Out, err)
	}
	return nil
}

// Failure is the error that a command prints with --json.
type Failure struct {
	Code, Message, Hint string
}

// Failure reads the error from where the contract says that it stands.
func (r Result) Failure() (Failure, error) {
	var f struct{ Error Failure }
	err := json.Unmarshal(r.Err, &f)
	if err != nil || f.Error.Code == "" {
		return f.Error, fmt.Errorf("%s: exit %d, no error in %q", strings.Join(r.Args, " "), r.Exit, r.Err)
	}
	return f.Error, nil
}

// Process is a command under way.
type Process struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
	began    time.Time
	done     chan struct{}
	result   Result
	memory   atomic.Int64 // if watched
}

func start(program string, env []string, stdin io.Reader, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...), began: time.Now(), done: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, &p.out, &p.err
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		defer close(p.done)
		err := p.cmd.Wait()
		p.result = Result{Args: args, Out: p.out.Bytes(), Err: p.err.Bytes(), Exit: p.cmd.ProcessState.ExitCode(),
			Usage: usage(p.cmd.ProcessState, time.Since(p.began))}
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.result.Exit, p.result.Err = -1, fmt.Appendf(p.result.Err, "\n%v", err)
		}
	}()
	return p, nil
}

func usage(s *os.ProcessState, wall time.Duration) Usage {
	return Usage{Wall: wall, CPU: s.UserTime() + s.SystemTime()}
}

// watch looks at the process's memory until it ends, and keeps the greatest.
// What the kernel tells afterwards counts the parent's memory too, from the
// moment between fork and exec.
func (p *Process) watch() {
	proc := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	for p.Running() {
		if n, err := peakMemory(proc); err == nil {
			p.memory.Store(max(n, p.memory.Load()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Wait waits for the end.
func (p *Process) Wait() Result {
	<-p.done
	r := p.result
	r.Usage.Memory = p.memory.Load()
	return r
}

// Running reports whether the command has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Kill ends the process as a power cut does (SIGKILL), and waits.
func (p *Process) Kill() Result {
	_ = p.cmd.Process.Kill()
	return p.Wait()
}
