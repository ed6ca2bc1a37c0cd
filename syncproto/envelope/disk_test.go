package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gridbook/syncproto"
)

var (
	errFull   = errors.New("no room")
	errPulled = errors.New("input/output error")
)

// stick is a file system in memory that fails at one operation, and from then
// on if it was pulled.
type stick struct {
	files  map[string][]byte
	failAt int // which operation fails; -1: none
	with   error
	stays  bool // all operations after it fail too
	rotten bool // what is read is not what was written
	n      int
}

func (s *stick) step() error {
	s.n++
	if s.n-1 == s.failAt || s.stays && s.failAt >= 0 && s.n-1 > s.failAt {
		return s.with
	}
	return nil
}

type writing struct {
	s    *stick
	path string
}

func (w writing) Write(b []byte) (int, error) {
	half := len(b) / 2
	w.s.files[w.path] = append(w.s.files[w.path], b[:half]...)
	if err := w.s.step(); err != nil {
		return half, err
	}
	w.s.files[w.path] = append(w.s.files[w.path], b[half:]...)
	return len(b), nil
}

func (w writing) Sync() error  { return w.s.step() }
func (w writing) Close() error { return w.s.step() }

type reading struct {
	io.Reader
	s *stick
}

func (r reading) Close() error { return r.s.step() }

func (s *stick) disk() Disk {
	return Disk{
		Create: func(path string) (File, error) {
			if err := s.step(); err != nil {
				return nil, err
			}
			s.files[path] = nil
			return writing{s, path}, nil
		},
		Open: func(path string) (io.ReadCloser, error) {
			if err := s.step(); err != nil {
				return nil, err
			}
			data := bytes.Clone(s.files[path])
			if s.rotten {
				data[len(data)/2] ^= 1
			}
			return reading{bytes.NewReader(data), s}, nil
		},
		Rename: func(from, to string) error {
			if err := s.step(); err != nil {
				return err
			}
			s.files[to] = s.files[from]
			delete(s.files, from)
			return nil
		},
		Remove: func(path string) error {
			if s.stays && s.failAt >= 0 && s.n > s.failAt {
				return s.with
			}
			delete(s.files, path)
			return nil
		},
		SyncFolder: func(string) error { return s.step() },
		Full:       func(err error) bool { return errors.Is(err, errFull) },
		Exists:     func(path string) bool { return s.files[path] != nil },
	}
}

const target = "330702009204-20261123-1405" + Extension

func TestWrite(t *testing.T) {
	s := &stick{files: map[string][]byte{}, failAt: -1}
	data := bytes.Repeat([]byte("gridbook"), 20_000)
	for range 2 { // also over an older one
		if err := Write(s.disk(), target, data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.files[target], data) || len(s.files) != 1 {
			t.Fatalf("%d files, %d bytes", len(s.files), len(s.files[target]))
		}
	}
}

// Whatever fails, and when: under the name there is the old file or the new
// one, whole, and the caller is told.
func TestWriteFailsAnywhere(t *testing.T) {
	old, data := []byte("the older one"), bytes.Repeat([]byte("newer"), 100)
	count := &stick{files: map[string][]byte{}, failAt: -1}
	if err := Write(count.disk(), target, data); err != nil {
		t.Fatal(err)
	}
	for at := range count.n {
		for _, c := range []struct {
			with  error
			stays bool
			want  syncproto.Code
		}{
			{errFull, false, syncproto.CodeDiskFull},
			{errPulled, false, syncproto.CodeUnplugged},
			{errPulled, true, syncproto.CodeUnplugged},
		} {
			name := fmt.Sprintf("%v at %d of %d, stays %v", c.with, at, count.n, c.stays)
			s := &stick{files: map[string][]byte{target: old}, failAt: at, with: c.with, stays: c.stays}
			if err := Write(s.disk(), target, data); syncproto.CodeOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
			if now := s.files[target]; !bytes.Equal(now, old) && !bytes.Equal(now, data) {
				t.Errorf("%s: %q under the name", name, now)
			}
			if !c.stays && len(s.files) != 1 {
				t.Errorf("%s: %d files left", name, len(s.files))
			}
		}
	}
}

func TestWriteComparesWhatItWrote(t *testing.T) {
	s := &stick{files: map[string][]byte{}, failAt: -1, rotten: true}
	if err := Write(s.disk(), target, []byte("some data")); syncproto.CodeOf(err) != syncproto.CodeUnplugged || len(s.files) != 0 {
		t.Fatalf("%v, %d files", err, len(s.files))
	}
}

func TestNames(t *testing.T) {
	at := time.Date(2026, 11, 23, 14, 5, 59, 0, time.UTC)
	if got := Name("330702009204", at); got != target {
		t.Errorf("name %s", got)
	}
	got := Name("../沙溪:1", at)
	if strings.ContainsAny(got, `/\:*?"<>|沙`) {
		t.Errorf("name %s", got)
	}
	if a := AnswerName(target); a != "330702009204-20261123-1405-huizhi"+Extension || !IsAnswerName(a) || IsAnswerName(target) {
		t.Errorf("answer %s", a)
	}
	s := &stick{files: map[string][]byte{}, failAt: -1}
	seen := map[string]bool{}
	for range 5 {
		path, err := Free(s.disk(), target)
		if err != nil || seen[path] {
			t.Fatalf("%s twice, %v", path, err)
		}
		seen[path] = true
		s.files[path] = []byte{1}
	}
	// One whose answer is there has been taken off the stick.
	delete(s.files, target)
	s.files[AnswerName(target)] = []byte{1}
	if path, err := Free(s.disk(), target); err != nil || path == target {
		t.Errorf("%s beside an answer to another, %v", path, err)
	}
}
