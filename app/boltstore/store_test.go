package boltstore

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gridbook/app/storetest"
	"gridbook/syncproto"
)

const password = "东青1号"

// options are those of a test: a clock that a test may set, cheap passwords.
func options(now *int64) Options {
	if now == nil {
		now = new(int64)
		*now = 1_700_000_000_000
	}
	return Options{
		Now:  func() int64 { return *now },
		Rand: rand.Reader,
		KDF:  KDF{Time: 1, Memory: 8, Threads: 1},
		Index: func(r *syncproto.Record) (syncproto.Key, int64, bool) {
			if r.Value(2).Bool() {
				return syncproto.Key{}, 0, false
			}
			parent := syncproto.Key{Collection: 1, ID: r.Value(4).Ref()}
			if parent.ID.IsZero() {
				parent = syncproto.Key{}
			}
			return parent, r.Value(5).Int(), r.Value(5).Kind() == syncproto.Int
		},
		IndexVersion: 1,
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newStore makes a store that is verified and closed when the test ends.
func newStore(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Create(dir, password, o)
	check(t, err)
	t.Cleanup(func() { finish(t, s) })
	return s
}

func reopened(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, password, o)
	check(t, err)
	t.Cleanup(func() { finish(t, s) })
	return s
}

func finish(t testing.TB, s *Store) {
	t.Helper()
	if db, _ := s.open(); db == nil {
		return // the test closed it
	}
	if _, err := s.Verify(); err != nil {
		t.Errorf("Verify at the end: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// replica is a Store as the contract suite wants it.
type replica struct {
	t   testing.TB
	dir string
	*Store
}

func (r *replica) View(f func(syncproto.ReplicaTx) error) error {
	return r.Store.View(func(tx *Tx) error { return f(tx) })
}

func (r *replica) Update(f func(syncproto.ReplicaTx) error) error {
	return r.Store.Update(func(tx *Tx) error { return f(tx) })
}

func (r *replica) Reopen() error {
	if _, err := r.Verify(); err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	s, err := Open(r.dir, password, r.o)
	if err == nil {
		r.Store = s
		if s.Recovered() != nil {
			err = errors.New("repaired a store that was not damaged")
		}
	}
	return err
}

func TestReplicaContract(t *testing.T) {
	storetest.Replica(t, func(t testing.TB) storetest.Store {
		dir := t.TempDir()
		s, err := Create(dir, password, options(nil))
		check(t, err)
		r := &replica{t, dir, s}
		t.Cleanup(func() { finish(t, r.Store) })
		return r
	})
}

func TestOpenAnswers(t *testing.T) {
	dir := t.TempDir()
	if Exists(dir) {
		t.Error("an empty folder is said to hold a store")
	}
	if _, err := Open(dir, password, options(nil)); syncproto.CodeOf(err) != syncproto.CodeNotJoined {
		t.Errorf("Open of an empty folder: %v", err)
	}
	s, err := Create(dir, password, options(nil))
	check(t, err)
	if _, err := Open(dir, password, options(nil)); syncproto.CodeOf(err) != syncproto.CodeLocked {
		t.Errorf("second Open: %v", err)
	}
	if _, err := Create(dir, password, options(nil)); syncproto.CodeOf(err) != syncproto.CodeLocked {
		t.Errorf("Create over an open store: %v", err)
	}
	check(t, s.Close())
	if _, err := Create(dir, password, options(nil)); syncproto.CodeOf(err) != syncproto.CodeExists {
		t.Errorf("Create over a store: %v", err)
	}
	if _, err := Open(dir, password+"x", options(nil)); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("Open with another password: %v", err)
	}
	// Full-width, as an input method writes it.
	s, err = Open(dir, "东青１号", options(nil))
	check(t, err)
	check(t, s.Close())
	if err := s.View(func(*Tx) error { return nil }); err == nil {
		t.Error("View of a closed store did not fail")
	}
	if _, err := Create(t.TempDir(), "", options(nil)); syncproto.CodeOf(err) != syncproto.CodeInput {
		t.Errorf("Create without a password: %v", err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	o := options(nil)
	s, err := Create(dir, password, o)
	check(t, err)
	check(t, s.Update(func(tx *Tx) error {
		in, err := tx.in(metaBucket)
		if err != nil {
			return err
		}
		tx.changes++
		return in.Put(formatKey, encodeFormat(Format+1))
	}))
	check(t, s.Close())
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	check(t, err)
	if _, err := Open(dir, password, o); syncproto.CodeOf(err) != syncproto.CodeVersion {
		t.Errorf("Open: %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, fileName))
	check(t, err)
	if string(before) != string(after) {
		t.Error("the file of a newer program was changed")
	}
}

func TestOnCommit(t *testing.T) {
	s := newStore(t, t.TempDir(), options(nil))
	var calls []string
	check(t, s.Update(func(tx *Tx) error {
		tx.OnCommit(func() { calls = append(calls, "one") })
		tx.OnCommit(func() { calls = append(calls, "two") })
		return tx.PutSetting("a", []byte{1})
	}))
	wanted := errors.New("wanted")
	if err := s.Update(func(tx *Tx) error {
		tx.OnCommit(func() { calls = append(calls, "failed") })
		return wanted
	}); err != wanted {
		t.Errorf("Update returned %v", err)
	}
	if len(calls) != 2 || calls[0] != "one" || calls[1] != "two" {
		t.Errorf("calls %v", calls)
	}
}

func TestPanicOfTheCallerGoesOn(t *testing.T) {
	s := newStore(t, t.TempDir(), options(nil))
	for name, run := range map[string]func(func(*Tx) error) error{"View": s.View, "Update": s.Update} {
		func() {
			defer func() {
				if p := recover(); p == nil {
					t.Errorf("%s: a nil map of the caller was taken for damage", name)
				}
			}()
			err := run(func(*Tx) error {
				var m map[string]int
				m["a"] = 1
				return nil
			})
			t.Errorf("%s returned %v", name, err)
		}()
	}
	check(t, s.Update(func(tx *Tx) error { return tx.PutSetting("a", []byte{1}) }))
}

func TestSettings(t *testing.T) {
	dir, o := t.TempDir(), options(nil)
	s, err := Create(dir, password, o)
	check(t, err)
	check(t, s.Update(func(tx *Tx) error {
		return errors.Join(tx.PutSetting("draft/1", []byte("一")), tx.PutSetting("draft/2", []byte("二")),
			tx.PutSetting("draft/3", []byte("三")), tx.PutSetting("large", []byte{}), tx.PutSetting("draft/2", nil))
	}))
	check(t, s.Close())
	s = reopened(t, dir, o)
	check(t, s.View(func(tx *Tx) error {
		got := make(map[string]string)
		for v, err := range tx.Settings("draft/") {
			check(t, err)
			got[v.Name] = string(v.Value)
		}
		if len(got) != 2 || got["draft/1"] != "一" || got["draft/3"] != "三" {
			t.Errorf("drafts %v", got)
		}
		large, err := tx.Setting("large")
		if large == nil || len(large) != 0 || err != nil {
			t.Errorf("an empty setting is %v, %v", large, err)
		}
		none, err := tx.Setting("none")
		if none != nil || err != nil {
			t.Errorf("a setting that is not there is %v, %v", none, err)
		}
		return nil
	}))
}
