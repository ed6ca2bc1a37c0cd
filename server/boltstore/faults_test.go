package boltstore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
	"gridbook/syncproto"
)

func put(n int) func(office.Tx) error {
	return func(tx office.Tx) error {
		st, err := tx.State()
		if err != nil {
			return err
		}
		st.Seq++
		id := syncproto.ID{Time: syncproto.TimeAt(int64(st.Seq)), Replica: 2}
		r := syncproto.NewRecord(100, id)
		r.Write(1, id, syncproto.TextOf(string(make([]byte, n))))
		p := syncproto.Place{Scope: "v330702009201", Seq: st.Seq, Since: st.Seq}
		return errors.Join(
			tx.PutRecord(nil, &syncproto.Stored{Record: r, Seq: st.Seq, Places: []syncproto.Place{p}}),
			tx.SetState(st))
	}
}

func count(t testing.TB, s *Store) (records int, seq syncproto.Seq) {
	t.Helper()
	if err := s.View(func(tx office.Tx) error {
		for _, err := range tx.Records() {
			if err != nil {
				return err
			}
			records++
		}
		st, err := tx.State()
		seq = st.Seq
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return records, seq
}

// TestDiskFull fills the room that the file may take: the update that does
// not fit says so and leaves no trace, and the store goes on.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gridbookd.db")
	s := create(t, path, Options{MaxSize: 3 << 20, NoSync: true})
	kept, full := 0, 0
	for full < 20 && kept < 10_000 {
		err := s.Update(put(1000))
		switch {
		case err == nil:
			kept++
		case errors.Is(err, &syncproto.Error{Code: syncproto.CodeDiskFull}):
			full++
		default:
			t.Fatal(err)
		}
	}
	if records, seq := count(t, s); records != kept || seq != syncproto.Seq(kept) || full == 0 || kept == 0 {
		t.Errorf("%d updates kept, %d refused; the store has %d records, seq %d", kept, full, records, seq)
	}
	if err := errors.Join(s.Check(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if records, _ := count(t, s); records != kept {
		t.Errorf("%d records after opening again, want %d", records, kept)
	}
}

func TestStoreError(t *testing.T) {
	plain := errors.New("plain")
	for _, c := range []struct {
		err  error
		code syncproto.Code
	}{
		{nil, ""},
		{plain, syncproto.CodeInternal},
		{&os.PathError{Op: "write", Err: syscall.ENOSPC}, syncproto.CodeDiskFull},
		{fmt.Errorf("grow: %w", syscall.EFBIG), syncproto.CodeDiskFull},
		{damaged("x"), syncproto.CodeDamaged},
	} {
		if got := storeError(c.err); syncproto.CodeOf(got) != c.code || !errors.Is(got, c.err) {
			t.Errorf("storeError(%v) = %v", c.err, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := func(name string, content []byte) string {
		p := filepath.Join(dir, name)
		if content != nil {
			if err := os.WriteFile(p, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	good := filepath.Join(dir, "good")
	s := create(t, good, Options{})
	defer s.Close()
	newer := filepath.Join(dir, "newer")
	n := create(t, newer, Options{})
	if err := n.Update(func(tx office.Tx) error {
		b, err := tx.(interface {
			get(bucket, key []byte) ([]byte, error)
		}).get(bucketMeta, keyFormat)
		if err != nil || len(b) != 1 {
			return fmt.Errorf("format %v, %w", b, err)
		}
		return tx.(interface {
			put(bucket, key, value []byte) error
		}).put(bucketMeta, keyFormat, []byte{formatVersion + 1})
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		code syncproto.Code
	}{
		{path("absent", nil), syncproto.CodeNotFound},
		{path("empty", []byte{}), syncproto.CodeDamaged},
		{path("other", []byte("这不是数据文件")), syncproto.CodeDamaged},
		{path("zeros", make([]byte, 1<<16)), syncproto.CodeDamaged},
		{good, syncproto.CodeLocked},
		{newer, syncproto.CodeVersion},
	} {
		s, err := Open(c.path, Options{LockTimeout: 1})
		var e *syncproto.Error
		if s != nil || !errors.As(err, &e) || e.Code != c.code || e.Message == "" || e.Hint == "" {
			t.Errorf("%s: %v, %v", filepath.Base(c.path), s, err)
		}
	}
	if _, err := Create(good, Options{}); syncproto.CodeOf(err) != syncproto.CodeExists {
		t.Errorf("Create over a store: %v", err)
	}
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the store's mode is %v, %v", info.Mode(), err)
	}
}

// TestDamage cuts and overwrites a file at many places. Whatever is wrong,
// opening and reading all of it must end with CodeDamaged or with data that
// was there; never with a crash.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gridbookd.db")
	s := create(t, path, Options{NoSync: true})
	const records = 400
	for range records / 20 {
		if err := s.Update(func(tx office.Tx) error {
			for range 20 {
				if err := put(200)(tx); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var used int64
	if err := s.db.View(func(b *bolt.Tx) error { used = b.Size(); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:used]
	rnd := rand.New(rand.NewPCG(1, 2))
	broken := filepath.Join(dir, "broken.db")
	noticed := 0
	try := func(what string, content []byte) {
		if err := os.WriteFile(broken, content, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := readAll(broken)
		if err != nil {
			noticed++
			if syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		if n > records {
			t.Errorf("%s: %d records of %d", what, n, records)
		}
	}
	for size := 0; size < len(whole); size += len(whole)/40 + 1 {
		try(fmt.Sprintf("cut at %d", size), whole[:size])
	}
	cuts := noticed
	for range 400 {
		b := append([]byte(nil), whole...)
		at, n := rnd.IntN(len(b)), 1+rnd.IntN(64)
		for i := at; i < min(at+n, len(b)); i++ {
			b[i] = byte(rnd.Uint32())
		}
		try(fmt.Sprintf("%d bytes at %d", n, at), b)
	}
	if cuts < 35 || noticed-cuts < 100 {
		t.Errorf("noticed %d cuts and %d overwrites", cuts, noticed-cuts)
	}
}

func readAll(path string) (records int, err error) {
	s, err := Open(path, Options{NoSync: true})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := s.Check(); err != nil {
		return 0, err
	}
	err = s.View(func(tx office.Tx) error {
		for _, err := range tx.Records() {
			if err != nil {
				return err
			}
			records++
		}
		_, err := tx.State()
		return err
	})
	return records, err
}
