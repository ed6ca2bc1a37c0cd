package boltstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
)

// commits returns how many transactions the file has seen.
func commits(t testing.TB, s *Store) (n int) {
	t.Helper()
	if err := s.db.View(func(b *bolt.Tx) error { n = b.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSharedCommit: updates that wait while another runs share one commit.
func TestSharedCommit(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{})
	defer s.Close()
	const waiting = 40
	before := commits(t, s)
	entered, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Update(func(tx office.Tx) error {
			close(entered)
			<-release
			return tx.PutSetting("first", []byte{1})
		}); err != nil {
			t.Error(err)
		}
	})
	<-entered
	bad := errors.New("bad")
	for i := range waiting {
		all.Go(func() {
			err := s.Update(func(tx office.Tx) error {
				if err := tx.PutSetting(fmt.Sprint(i), []byte{1}); err != nil {
					return err
				}
				if i%4 == 0 {
					return bad
				}
				return nil
			})
			if (i%4 == 0) != errors.Is(err, bad) {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	for len(s.writer.jobs) < waiting { // until all wait
		runtime.Gosched()
	}
	close(release)
	all.Wait()
	if n := commits(t, s) - before; n > 2 {
		t.Errorf("%d updates took %d commits", waiting+1, n)
	}
	if err := s.View(func(tx office.Tx) error {
		for i := range waiting {
			if v, err := tx.Setting(fmt.Sprint(i)); err != nil || (v == nil) != (i%4 == 0) {
				t.Errorf("setting %d: %v, %v", i, v, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestFailedAlone: a commit of which every part fails writes nothing.
func TestFailedAlone(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{})
	defer s.Close()
	before := commits(t, s)
	bad := errors.New("bad")
	if err := s.Update(func(tx office.Tx) error {
		return errors.Join(tx.PutSetting("a", []byte{1}), bad)
	}); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if n := commits(t, s) - before; n != 0 {
		t.Errorf("took %d commits", n)
	}
}

// TestPanicPasses: a mistake in an update reaches its caller, and only it.
func TestPanicPasses(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{})
	defer s.Close()
	func() {
		defer func() {
			if r := recover(); r != "a mistake" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = s.Update(func(tx office.Tx) error {
			if err := tx.PutSetting("a", []byte{1}); err != nil {
				return err
			}
			panic("a mistake")
		})
	}()
	if err := s.Update(func(tx office.Tx) error {
		if v, err := tx.Setting("a"); v != nil || err != nil {
			t.Errorf("%v, %v", v, err)
		}
		return tx.PutSetting("b", []byte{1})
	}); err != nil {
		t.Error(err)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 20} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := create(b, filepath.Join(b.TempDir(), "gridbookd.db"), Options{})
			defer s.Close()
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Update(put(300)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
