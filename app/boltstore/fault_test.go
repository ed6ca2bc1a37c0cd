package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/syncproto"
)

// contents is all that a store shows, as text, to be compared.
type contents map[string]string

func (c contents) add(name string, v any) { c[name] = fmt.Sprint(v) }

func read(s *Store) (contents, error) {
	c := make(contents)
	err := s.View(func(tx *Tx) error {
		for r, err := range tx.scan(nil) {
			if err != nil {
				return err
			}
			c.add("shown "+r.Key.String(), r.Fields)
		}
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			c.add("delta "+d.Key.String(), []any{d.Fields, d.Gen, d.Order, d.Rejected})
		}
		for v, err := range tx.Settings("") {
			if err != nil {
				return err
			}
			c.add("setting "+v.Name, v.Value)
		}
		for e, err := range tx.Dates(7, -1000, 1000) {
			if err != nil {
				return err
			}
			c.add("dated "+e.Key.String(), e.Day)
		}
		meta, err := tx.Meta()
		if meta.Pending != nil {
			c.add("pending", *meta.Pending)
		}
		// A repair may move the clock forward.
		meta.Pending, meta.Clock = nil, syncproto.Clock{}
		c.add("meta", meta)
		return err
	})
	return c, err
}

// furnish writes some of everything: enough for branch pages and overflow.
func furnish(t testing.TB, s *Store) {
	t.Helper()
	check(t, s.Update(func(tx *Tx) error {
		for n := range 120 {
			r := visit(7, n, at(n%3), int64(n%50))
			r.Write(3, r.ID, syncproto.TextOf(fmt.Sprintf("第 %d 次走访，家里都好", n)))
			if err := tx.PutAgreed(r.Key, r, 1_700_000_000_000); err != nil {
				return err
			}
		}
		long := visit(8, 500, at(1), 7)
		long.Write(3, long.ID, syncproto.BytesOf(bytes.Repeat([]byte("长"), 4000)))
		if err := tx.PutAgreed(long.Key, long, 1); err != nil {
			return err
		}
		for n := range 12 {
			d := &syncproto.Delta{Record: visit(7, 100+2*n, at(1), 9), Gen: 1, Order: uint64(n + 1)}
			if n == 3 {
				d.Rejected = &syncproto.Rejection{Key: d.Key, Code: syncproto.CodeField, Message: "不行"}
			}
			if err := tx.PutDelta(d.Key, d); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutSetting("draft", []byte("写到一半")),
			tx.SetMeta(syncproto.ReplicaMeta{Replica: 3, Token: []byte{1, 2}, Order: 12, Cursor: syncproto.Cursor{Epoch: 1, Seq: 9},
				Pending: &syncproto.Upload{Nonce: []byte{3}, Batch: []byte{4}}}))
	}))
}

// template is a closed, furnished store, as its files.
func template(t testing.TB, copies bool) (files map[string][]byte, want contents) {
	t.Helper()
	dir := t.TempDir()
	s, err := Create(dir, password, options(nil))
	check(t, err)
	furnish(t, s)
	if copies {
		check(t, s.Copy())
	}
	want, err = read(s)
	check(t, err)
	check(t, s.Close())
	files = make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files, want
}

func layOut(t testing.TB, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, b := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return dir
}

// reread opens a store and reads it, a second time if it turned out damaged
// only while it was read, as the program tells people to do.
func reread(dir string) (got contents, recovered *Recovered, err error) {
	for range 2 {
		s, err := Open(dir, password, options(nil))
		if err != nil {
			return nil, recovered, err
		}
		if s.Recovered() != nil {
			recovered = s.Recovered()
		}
		got, err = read(s)
		_, verifying := s.Verify()
		if err = errors.Join(err, verifying, s.Close()); err == nil || !isDamage(err) {
			return got, recovered, err
		}
	}
	return got, recovered, errors.New("still damaged after a second start")
}

// TestAnyFlippedByte damages one byte or one sector at places all over the
// file. With a copy nothing may be missing; without one, what is missing is
// told, and what is there is right.
func TestAnyFlippedByte(t *testing.T) {
	for _, copies := range []bool{true, false} {
		t.Run(fmt.Sprintf("copies=%v", copies), func(t *testing.T) {
			files, want := template(t, copies)
			size := len(files[fileName])
			rnd := rand.New(rand.NewPCG(1, 2))
			opened, gone := 0, 0
			for n := range 400 {
				at, length := rnd.IntN(size), 1
				if n%4 == 0 {
					length = min(512, size-at)
				}
				if n < 60 { // the heads of pages are where it hurts most
					at = min(rnd.IntN(size/4096)*4096+rnd.IntN(80), size-1)
				}
				broken := bytes.Clone(files[fileName])
				for i := range length {
					broken[at+i] ^= byte(1 + rnd.IntN(255))
				}
				damagedFiles := map[string][]byte{fileName: broken}
				for name, b := range files {
					if name != fileName {
						damagedFiles[name] = b
					}
				}
				got, recovered, err := reread(layOut(t, damagedFiles))
				switch {
				case err == nil:
					opened++
				case copies || syncproto.CodeOf(err) != syncproto.CodeDamaged:
					t.Fatalf("%d bytes at %d: %v", length, at, err)
				default:
					gone++
					continue
				}
				compareDamaged(t, fmt.Sprintf("%d bytes at %d", length, at), got, want, recovered, copies)
			}
			t.Logf("%d bytes: of 400 damaged files %d opened, %d were refused", size, opened, gone)
			if !copies && gone > 100 {
				t.Errorf("%d of 400 damaged files without a copy were given up", gone)
			}
		})
	}
}

func compareDamaged(t *testing.T, what string, got, want contents, recovered *Recovered, copies bool) {
	t.Helper()
	for name, v := range want {
		switch have, ok := got[name]; {
		case !ok && (copies || recovered == nil):
			t.Fatalf("%s: %s is missing; recovered: %+v", what, name, recovered)
		case !copies && recovered != nil && partial(name, want):
		case ok && have != v && (name != "meta" || copies):
			t.Fatalf("%s: %s is %s, want %s; recovered: %+v", what, name, have, v, recovered)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Fatalf("%s: %s came out of nowhere", what, name)
		}
	}
}

// partial reports whether name is of a record with unsent changes: without a
// copy it may come back without what was agreed before them.
func partial(name string, want contents) bool {
	kind, key, _ := strings.Cut(name, " ")
	_, unsent := want["delta "+key]
	return unsent && (kind == "shown" || kind == "dated")
}

// TestCutFiles opens files that end early, also at nothing at all.
func TestCutFiles(t *testing.T) {
	files, want := template(t, true)
	whole := files[fileName]
	for _, size := range []int{0, 1, 16, 80, 4095, 4096, 4097, 8192, len(whole) / 2, len(whole) - 4096, len(whole) - 1} {
		files[fileName] = whole[:size]
		got, recovered, err := reread(layOut(t, files))
		check(t, err)
		compareDamaged(t, fmt.Sprintf("%d bytes", size), got, want, recovered, true)
		if recovered == nil && size < len(whole)-4096 {
			t.Errorf("%d of %d bytes opened as if nothing were missing", size, len(whole))
		}
	}
	delete(files, fileName)
	got, _, err := reread(layOut(t, files))
	check(t, err)
	compareDamaged(t, "no file", got, want, nil, true)

	empty := t.TempDir()
	check(t, os.WriteFile(filepath.Join(empty, fileName), nil, 0o600))
	if _, err := Open(empty, password, options(nil)); syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("Open of an empty file without copies: %v", err)
	}
	if info, err := os.Stat(filepath.Join(empty, fileName)); err != nil || info.Size() != 0 {
		t.Errorf("an empty file without copies was changed: %v, %v", info, err)
	}
}

// TestOldCopyAndReadableRest damages the newest store where only some records
// are, and expects the work since the copy from what can still be read.
func TestOldCopyAndReadableRest(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(dir, password, options(nil))
	check(t, err)
	furnish(t, s)
	check(t, s.Copy())
	fresh := &syncproto.Delta{Record: visit(9, 900, at(1), 3), Gen: 1, Order: 99}
	sent := visit(7, 100, at(1), 9) // its delta is acknowledged after the copy
	check(t, s.Update(func(tx *Tx) error {
		meta, err := tx.Meta()
		meta.Lease, meta.Order, meta.Cursor.Seq = []byte("new lease"), 99, 50
		return errors.Join(err, tx.PutDelta(fresh.Key, fresh), tx.PutDelta(sent.Key, nil), tx.PutAgreed(sent.Key, sent, 5), tx.SetMeta(meta))
	}))
	var victim []byte // a sealed value of an agreed record
	check(t, s.View(func(tx *Tx) error {
		in, err := tx.in(agreedBucket)
		victim = bytes.Clone(in.Get(visit(7, 1, at(1), 0).Key.Bytes()))
		return err
	}))
	check(t, s.Close())
	name := filepath.Join(dir, fileName)
	b, err := os.ReadFile(name)
	check(t, err)
	b[bytes.Index(b, victim)+20] ^= 1
	check(t, os.WriteFile(name, b, 0o600))
	check(t, markOpen(dir)) // as after a crash: everything is looked at

	s = reopened(t, dir, options(nil))
	if s.Recovered() == nil || !s.Recovered().Whole || s.Recovered().Kept == "" || s.Recovered().Copy == 0 {
		t.Fatalf("recovered %+v", s.Recovered())
	}
	if _, err := os.Stat(filepath.Join(dir, s.Recovered().Kept)); err != nil {
		t.Errorf("the damaged file was not kept: %v", err)
	}
	check(t, s.View(func(tx *Tx) error {
		if d, err := tx.Delta(fresh.Key); err != nil || d == nil || !d.Record.Equal(fresh.Record) {
			t.Errorf("the newest unsent edit is %v, %v", d, err)
		}
		if d, err := tx.Delta(sent.Key); err != nil || d != nil {
			t.Errorf("an edit that was sent is to be sent again: %v, %v", d, err)
		}
		if r, err := tx.Agreed(sent.Key); err != nil || r == nil {
			t.Errorf("the edit that was sent is %v, %v", r, err)
		}
		if r, err := tx.Agreed(visit(7, 1, at(1), 0).Key); err != nil || r == nil {
			t.Errorf("the damaged record did not come back from the copy: %v, %v", r, err)
		}
		meta, err := tx.Meta()
		if err != nil || string(meta.Lease) != "new lease" || meta.Cursor.Seq != 9 {
			t.Errorf("meta %+v, %v: want the new lease and the copy's cursor", meta, err)
		}
		return nil
	}))
}

// TestDamageWhileOpen takes the file away under an open store: bbolt then
// reads unmapped memory.
func TestDamageWhileOpen(t *testing.T) {
	files, want := template(t, true)
	dir := layOut(t, files)
	s, err := Open(dir, password, options(nil))
	check(t, err)
	check(t, os.Truncate(filepath.Join(dir, fileName), 2*4096))
	_, err = read(s)
	if syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("View: %v", err)
	}
	err = s.Update(func(tx *Tx) error { return tx.PutSetting("a", []byte{1}) })
	if syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("Update: %v", err)
	}
	if err := s.Close(); err != nil && !isDamage(err) {
		t.Errorf("Close: %v", err)
	}
	got, recovered, err := reread(dir)
	check(t, err)
	if recovered == nil {
		t.Error("the next start did not tell")
	}
	compareDamaged(t, "after the file came short", got, want, recovered, true)
}
