// Package control lets a command that is started beside a running server run
// inside it: one connection for each command, over a socket in the data
// folder that only its owner can open.
//
// The caller sends one line of JSON. The answer is a series of frames: a byte
// that says what it is, a length of 4 bytes (big-endian), and the content.
package control

import (
	"bufio"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gridbook/syncproto"
)

// File is the name of the file, in the data folder, that says where a running
// server listens; Socket that of its socket.
const (
	File   = "control.json"
	Socket = "control.sock"
)

// maxSocketPath is the longest name that every Unix takes for a socket; for
// longer ones, and on Windows, the server listens on the loopback interface
// and wants a token from the file, which only the owner may read.
const maxSocketPath = 100

// tokenSize is the length of such a token in bytes.
const tokenSize = 16

// maxLine bounds the caller's line.
const maxLine = 64 << 10

// What a frame holds.
const (
	frameHello = 0 // nothing: the first, so that a caller knows whom it has
	frameOut   = 1 // of standard output
	frameErr   = 2 // of standard error
	frameExit  = 3 // the exit code, one byte; the last
)

// maxFrame bounds a frame's content.
const maxFrame = 64 << 10

// Call is a command to be run.
type Call struct {
	Args  []string `json:"args"`
	Who   string   `json:"who"` // who called it, for the audit
	Token string   `json:"token,omitempty"`
}

// place is what File holds.
type place struct {
	Network string `json:"network"`
	Address string `json:"address"`
	Token   string `json:"token,omitempty"`
}

// Listener accepts calls.
type Listener struct {
	net   net.Listener
	file  string
	token string
}

// Listen opens the control socket of a data folder. The caller must be the
// only server of that folder: what an earlier one left behind is removed.
func Listen(dir string, random io.Reader) (*Listener, error) {
	l := &Listener{file: filepath.Join(dir, File)}
	at := place{Network: "unix", Address: filepath.Join(dir, Socket)}
	if runtime.GOOS == "windows" || len(at.Address) > maxSocketPath {
		token := make([]byte, tokenSize)
		if _, err := io.ReadFull(random, token); err != nil {
			return nil, fmt.Errorf("control token: %w", err)
		}
		at = place{Network: "tcp", Address: "127.0.0.1:0", Token: hex.EncodeToString(token)}
	} else if err := os.Remove(at.Address); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove an old control socket: %w", err)
	}
	var err error
	if l.net, err = net.Listen(at.Network, at.Address); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if at.Network == "unix" {
		err = os.Chmod(at.Address, 0o600)
	}
	at.Address, l.token = l.net.Addr().String(), at.Token
	if err == nil {
		err = writeFile(l.file, at)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.net.Close())
	}
	return l, nil
}

// writeFile writes the file whole or not at all, for the owner only.
func writeFile(name string, at place) error {
	b, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Close ends listening; calls that run go on.
func (l *Listener) Close() error { return errors.Join(os.Remove(l.file), l.net.Close()) }

// Serve runs calls until the listener is closed. run gets the outputs and
// returns the exit code; writing to them fails once the caller has gone.
func (l *Listener) Serve(run func(c Call, stdout, stderr io.Writer) int) error {
	for {
		conn, err := l.net.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("control socket: %w", err)
		}
		go l.serve(conn, run)
	}
}

// hurry is how long a caller may take to say what it wants.
const hurry = 10 * time.Second

func (l *Listener) serve(conn net.Conn, run func(Call, io.Writer, io.Writer) int) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(hurry))
	c, err := readCall(conn)
	if err != nil || subtle.ConstantTimeCompare([]byte(c.Token), []byte(l.token)) != 1 {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	if _, err := conn.Write([]byte{frameHello, 0, 0, 0, 0}); err != nil {
		return
	}
	code := run(c, frameWriter{conn, frameOut}, frameWriter{conn, frameErr})
	_, _ = frameWriter{conn, frameExit}.Write([]byte{byte(code)})
}

func readCall(r io.Reader) (c Call, err error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxLine)).ReadBytes('\n')
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(line, &c)
}

// frameWriter writes frames of one kind.
type frameWriter struct {
	w    io.Writer
	kind byte
}

func (f frameWriter) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		part := b[:min(len(b), maxFrame)]
		frame := binary.BigEndian.AppendUint32([]byte{f.kind}, uint32(len(part)))
		if _, err := f.w.Write(append(frame, part...)); err != nil {
			return n, err
		}
		n += len(part)
		b = b[len(part):]
	}
	return n, nil
}

// ErrNobody is returned by Forward when no server runs in the folder.
var ErrNobody = errors.New("no server runs here")

// Forward runs a call in the server of a data folder and returns its exit
// code. After ErrNobody nothing has happened; other errors may come in the
// middle.
func Forward(dir string, c Call, stdout, stderr io.Writer) (int, error) {
	at, err := readPlace(filepath.Join(dir, File))
	if err != nil {
		return 0, ErrNobody
	}
	conn, err := net.DialTimeout(at.Network, at.Address, hurry)
	if err != nil {
		return 0, ErrNobody
	}
	defer conn.Close()
	c.Token = at.Token
	line, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return 0, ErrNobody
	}
	// A killed server leaves its file behind, and its port to others.
	_ = conn.SetReadDeadline(time.Now().Add(hurry))
	in := bufio.NewReaderSize(conn, maxFrame)
	if kind, body, err := readFrame(in); err != nil || kind != frameHello || len(body) != 0 {
		return 0, ErrNobody
	}
	_ = conn.SetReadDeadline(time.Time{})
	return copyFrames(in, stdout, stderr)
}

func readPlace(file string) (at place, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return at, err
	}
	if err := json.Unmarshal(b, &at); err != nil {
		return at, err
	}
	if at.Network != "unix" && at.Network != "tcp" {
		return at, fmt.Errorf("control file: network %q", at.Network)
	}
	return at, nil
}

func readFrame(in io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("frame of %d bytes", n)
	}
	body = make([]byte, n)
	_, err = io.ReadFull(in, body)
	return head[0], body, err
}

// copyFrames writes what the frames hold until the exit code comes.
func copyFrames(in io.Reader, stdout, stderr io.Writer) (int, error) {
	for {
		kind, body, err := readFrame(in)
		if err != nil {
			return 0, broken(err)
		}
		switch {
		case kind == frameOut:
			_, err = stdout.Write(body)
		case kind == frameErr:
			_, err = stderr.Write(body)
		case kind == frameExit && len(body) == 1:
			return int(body[0]), nil
		default:
			err = broken(fmt.Errorf("frame of kind %d with %d bytes", kind, len(body)))
		}
		if err != nil {
			return 0, err
		}
	}
}

func broken(err error) error {
	return &syncproto.Error{
		Code:    syncproto.CodeUnreachable,
		Message: "正在运行的服务中途没有应答。",
		Hint:    "服务可能刚刚停止；请看服务的日志，再执行一次。",
		Err:     err,
	}
}
