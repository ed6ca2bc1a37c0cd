package stage

import (
	"bytes"
	"io"
	"strings"
)

// Laptop is a data folder and who works with it.
type Laptop struct {
	Programs Programs
	Dir      string
	Password string
	Watched  bool // its commands' memory is looked at
}

// Start runs gridbook-cli with --json.
func (l *Laptop) Start(stdin io.Reader, args ...string) (*Process, error) {
	env := []string{"GRIDBOOK_DATA=" + l.Dir, "GRIDBOOK_PASSWORD=" + l.Password}
	p, err := start(l.Programs.Laptop, env, stdin, append(args, "--json")...)
	if err == nil && l.Watched {
		go p.watch()
	}
	return p, err
}

// Run is Start and Wait. What cannot be started has exit -1.
func (l *Laptop) Run(args ...string) Result { return l.run(nil, args...) }

// Apply runs "apply -" with lines.
func (l *Laptop) Apply(lines []byte) Result { return l.run(bytes.NewReader(lines), "apply", "-") }

func (l *Laptop) run(stdin io.Reader, args ...string) Result {
	p, err := l.Start(stdin, args...)
	if err != nil {
		return Result{Args: args, Exit: -1, Err: []byte(err.Error())}
	}
	return p.Wait()
}

// Join enrols the laptop.
func (l *Laptop) Join(invitation string) error {
	return l.Run("join", strings.TrimSpace(invitation)).Failed()
}

// Synced is what "sync" prints.
type Synced struct {
	Exchanges int   `json:"exchanges"`
	Up        int64 `json:"bytes_up"`
	Down      int64 `json:"bytes_down"`
	Sent      int   `json:"sent"`
	Received  int   `json:"received"`
	Rejected  int   `json:"rejected"`
	Conflicts int   `json:"conflicts"`
	Verified  struct {
		Equal   bool `json:"equal"`
		Records int  `json:"records"`
	} `json:"verified"`
	Epoch uint64  `json:"epoch"`
	MS    float64 `json:"ms"`
}

// Sync runs one sync.
func (l *Laptop) Sync() (Synced, error) {
	var s Synced
	return s, l.Run("sync").JSON(&s)
}

// Status is what "status" prints.
type Status struct {
	ToSend    int `json:"to_send"`
	Sent      int `json:"sent"`
	Rejected  int `json:"rejected"`
	Conflicts int `json:"conflicts"`
}

// Status asks without a network.
func (l *Laptop) Status() (Status, error) {
	var s Status
	return s, l.Run("status").JSON(&s)
}
