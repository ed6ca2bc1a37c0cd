package control

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/syncproto"
)

// serving runs a listener in dir until the test ends.
func serving(t *testing.T, dir string, run func(Call, io.Writer, io.Writer) int) *Listener {
	t.Helper()
	l, err := Listen(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- l.Serve(run) }()
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return l
}

// folders are one whose socket has a short name and one where it does not.
func folders(t *testing.T) map[string]string {
	short, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	long := filepath.Join(short, strings.Repeat("数据", 20))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"unix": short, "tcp": long}
}

func TestForward(t *testing.T) {
	for network, dir := range folders(t) {
		t.Run(network, func(t *testing.T) {
			big := bytes.Repeat([]byte("台账"), 100_000)
			serving(t, dir, func(c Call, stdout, stderr io.Writer) int {
				fmt.Fprint(stderr, c.Who)
				_, _ = stdout.Write(big)
				fmt.Fprint(stdout, c.Args)
				return len(c.Args)
			})
			at, err := readPlace(filepath.Join(dir, File))
			if err != nil || at.Network != network {
				t.Errorf("%+v, %v", at, err)
			}
			for range 2 {
				var stdout, stderr bytes.Buffer
				code, err := Forward(dir, Call{Args: []string{"dump", "甲 乙"}, Who: "王工"}, &stdout, &stderr)
				if err != nil || code != 2 || stderr.String() != "王工" {
					t.Errorf("%d, %v, %q", code, err, stderr.String())
				}
				if stdout.String() != string(big)+"[dump 甲 乙]" {
					t.Errorf("%d bytes came", stdout.Len())
				}
			}
		})
	}
}

// TestOnlyTheOwner: nobody else can read the token or open the socket.
func TestOnlyTheOwner(t *testing.T) {
	for network, dir := range folders(t) {
		l := serving(t, dir, func(Call, io.Writer, io.Writer) int { t.Error("ran"); return 0 })
		for _, name := range []string{File, Socket} {
			info, err := os.Stat(filepath.Join(dir, name))
			if network == "tcp" && name == Socket {
				continue
			}
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		if network == "tcp" {
			file := filepath.Join(dir, File)
			at, err := readPlace(file)
			if err != nil || len(at.Token) != 2*tokenSize {
				t.Fatalf("%+v, %v", at, err)
			}
			at.Token = strings.Repeat("0", 2*tokenSize)
			if err := writeFile(file, at); err != nil {
				t.Fatal(err)
			}
			if _, err := Forward(dir, Call{Args: []string{"x"}}, io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
				t.Errorf("with another token: %v", err)
			}
			at.Token = l.token
			if err := writeFile(file, at); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestNobody(t *testing.T) {
	dir := folders(t)["unix"]
	for name, content := range map[string]string{
		"no file":        "",
		"a broken file":  "{",
		"another scheme": `{"network":"udp","address":"127.0.0.1:1"}`,
		"a dead socket":  `{"network":"unix","address":"` + filepath.Join(dir, Socket) + `"}`,
		"a dead port":    `{"network":"tcp","address":"127.0.0.1:1"}`,
	} {
		if content != "" {
			if err := os.WriteFile(filepath.Join(dir, File), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Forward(dir, Call{}, io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What a killed server left behind does not stop the next.
	if err := os.WriteFile(filepath.Join(dir, Socket), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	serving(t, dir, func(Call, io.Writer, io.Writer) int { return 7 })
	if code, err := Forward(dir, Call{}, io.Discard, io.Discard); code != 7 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
}

// TestStranger: what a killed server's port was given to next is not taken
// for the server.
func TestStranger(t *testing.T) {
	dir := folders(t)["unix"]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := writeFile(filepath.Join(dir, File), place{Network: "tcp", Address: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			conn.Close()
		}
	}()
	if _, err := Forward(dir, Call{}, io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
		t.Errorf("%v", err)
	}
}

// TestCallerGone: a command notices that nobody reads its output.
func TestCallerGone(t *testing.T) {
	dir := folders(t)["unix"]
	noticed := make(chan error, 1)
	serving(t, dir, func(_ Call, stdout, _ io.Writer) int {
		var err error
		for err == nil {
			_, err = stdout.Write(make([]byte, 1<<16))
		}
		noticed <- err
		return 0
	})
	gone := errors.New("gone")
	if _, err := Forward(dir, Call{}, failing{gone}, io.Discard); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	if err := <-noticed; err == nil {
		t.Error("not noticed")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestServerGone: a server that dies in the middle is no success.
func TestServerGone(t *testing.T) {
	dir := folders(t)["unix"]
	l, err := net.Listen("unix", filepath.Join(dir, Socket))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := writeFile(filepath.Join(dir, File), place{Network: "unix", Address: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = readCall(conn)
		_, _ = conn.Write([]byte{frameHello, 0, 0, 0, 0})
		_, _ = frameWriter{conn, frameOut}.Write([]byte("x"))
		conn.Close()
	}()
	if code, err := Forward(dir, Call{}, io.Discard, io.Discard); syncproto.CodeOf(err) != syncproto.CodeUnreachable {
		t.Errorf("%d, %v", code, err)
	}
}

func FuzzReadCall(f *testing.F) {
	f.Add([]byte(`{"args":["a"],"who":"b"}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readCall(bytes.NewReader(b))
		if err != nil {
			return
		}
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := readCall(bytes.NewReader(append(line, '\n'))); len(line) < maxLine && (err != nil || fmt.Sprint(again) != fmt.Sprint(c)) {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 1, 'x', 3, 0, 0, 0, 1, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		code, err := copyFrames(bytes.NewReader(b), &out, io.Discard)
		if out.Len() > len(b) || err == nil && (code < 0 || code > 255) {
			t.Errorf("%d bytes from %d, code %d", out.Len(), len(b), code)
		}
	})
}
