package stage

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gridbook/syncproto"
)

// Office is a township's server.
type Office struct {
	Programs Programs
	Dir      string
	Plain    bool // HTTP, so that a proxy counts bytes without TLS
	// Through, if set, is the host:port that invitations name instead of the
	// server's own: a proxy's.
	Through string
	Addr    string // host:port while it serves
	serving *Process
}

// ready is how long a server may take until it listens.
const ready = 30 * time.Second

// Init makes the store.
func (o *Office) Init(code, name string) error {
	return o.Run("init", "--township", code, "--name", name).Failed()
}

// Run runs an admin command with --json.
func (o *Office) Run(args ...string) Result {
	p, err := start(o.Programs.Server, []string{"GRIDBOOK_DATA=" + o.Dir}, nil, append(args, "--json")...)
	if err != nil {
		return Result{Args: args, Exit: -1, Err: []byte(err.Error())}
	}
	return p.Wait()
}

// Serve starts the server and waits until it listens. The second time it
// takes the same address again, as a real one does.
func (o *Office) Serve() error {
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	args := []string{"serve", "--listen", addr}
	if o.Plain {
		args = append(args, "--plain")
	}
	log := filepath.Join(o.Dir, "serve.out")
	p, line, err := startUntil(o.Programs.Server, []string{"GRIDBOOK_DATA=" + o.Dir}, log, "listening ", args...)
	if err != nil {
		return err
	}
	o.serving = p
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil || u.Host == "" {
		return fmt.Errorf("the server listens at %q: %w", line, err)
	}
	o.Addr = u.Host
	return nil
}

// Kill ends the server as a power cut does.
func (o *Office) Kill() {
	if o.serving != nil {
		o.serving.Kill()
		o.serving = nil
	}
}

// Stop ends the server as its administrator does (SIGTERM).
func (o *Office) Stop() (Result, error) {
	if o.serving == nil {
		return Result{}, errors.New("the server is not running")
	}
	p := o.serving
	o.serving = nil
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return Result{}, fmt.Errorf("stop the server: %w", err)
	}
	return p.Wait(), nil
}

// Invite makes an invitation; more are further options of the command.
func (o *Office) Invite(role, scope, person string, more ...string) (string, error) {
	args := append([]string{"invite", "--role", role, "--scope", scope, "--person", person}, more...)
	if o.Through != "" {
		args = append(args, "--address", o.scheme()+"://"+o.Through)
	}
	p, err := start(o.Programs.Server, []string{"GRIDBOOK_DATA=" + o.Dir}, nil, args...)
	if err != nil {
		return "", err
	}
	r := p.Wait()
	if err := r.Failed(); err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(r.Out))
	if _, err := syncproto.ParseInvitation(line); err != nil {
		return "", fmt.Errorf("invite printed %q: %w", line, err)
	}
	return line, nil
}

func (o *Office) scheme() string {
	if o.Plain {
		return "http"
	}
	return "https"
}
