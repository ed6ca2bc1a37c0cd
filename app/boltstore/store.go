package boltstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Options are what a store needs from outside. Now and Rand are required.
type Options struct {
	Now  func() int64 // wall clock, ms since 1970
	Rand io.Reader    // cryptographically strong
	// KDF is the cost of passwords that are set from now on; zero: DefaultKDF.
	KDF KDF
	// LockTimeout is how long Open waits for another program to let go of the
	// store; 0: not at all.
	LockTimeout time.Duration
	// Index places records in the lists of Children and Dates; nil: nowhere.
	// A change of what it answers needs another IndexVersion: the lists are
	// then made anew at the next Open.
	Index        Index
	IndexVersion int
	// MaxSize bounds the file in bytes, as a small disk would; 0: no bound.
	MaxSize int
}

func (o Options) check() error {
	if o.Now == nil || o.Rand == nil {
		return badCall("Options without Now or Rand")
	}
	return nil
}

func (o Options) kdf() KDF {
	if o.KDF == (KDF{}) {
		return DefaultKDF()
	}
	return o.KDF
}

const (
	fileName   = "gridbook.db"
	lockName   = "gridbook.lock"
	openName   = "gridbook.open"
	tempPrefix = "gridbook-tmp-"
	// allocSize is by how much the file grows. bbolt's own 16 MB would be
	// more than a village's whole ledger.
	allocSize = 128 << 10
)

// Store is an open store. Its methods may be called at the same time.
type Store struct {
	dir       string
	o         Options
	lock      *os.File
	seal      *sealer
	slot      string // of the person whose password opened it; "": recovery
	person    string
	recovered *Recovered
	unsent    atomic.Pointer[unsent]
	known     atomic.Pointer[knownState]

	mu      sync.Mutex // guards what follows
	db      *bolt.DB
	broken  error // why db is nil
	suspect bool  // damage was met: the next start checks everything
}

// FileName is the name of the ledger's own file in the data folder; copies and
// marks beside it begin with "gridbook" too.
const FileName = fileName

// Exists reports whether dir holds a store, or copies of one.
func Exists(dir string) bool {
	for _, name := range append([]string{fileName}, copyNames()...) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// Person is the name under which the password was set that opened the store.
func (s *Store) Person() string { return s.person }

// Recovered tells what was done if the store was found damaged at Open; nil if
// it was not.
func (s *Store) Recovered() *Recovered { return s.recovered }

// View runs f in a transaction that cannot write and sees the store as it was
// when it began. View and Update must not be called within each other.
func (s *Store) View(f func(*Tx) error) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	return s.watch(guard(func() error {
		return db.View(func(b *bolt.Tx) error {
			tx := s.tx(b)
			return guard(func() error { return f(tx) })
		})
	}))
}

// Update runs f in a transaction that is saved as a whole when f returns nil:
// one commit, which is on the disk when Update returns. If f or the commit
// fails, nothing changes. CodeDiskFull says that there was no room.
func (s *Store) Update(f func(*Tx) error) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	var tx *Tx
	var failed error
	err = guard(func() error {
		return db.Update(func(b *bolt.Tx) error {
			tx = s.tx(b)
			failed = guard(func() error {
				if err := f(tx); err != nil {
					return err
				}
				if err := tx.flush(); err != nil {
					return err
				}
				if tx.changes == 0 {
					return errUnchanged // bbolt would sync twice all the same
				}
				return nil
			})
			return failed
		})
	})
	if err == errUnchanged {
		return nil
	}
	if err != nil {
		if failed == nil && !errors.Is(err, bolt.ErrDatabaseNotOpen) {
			err = s.reopen(saving(s.dir, err))
		}
		return s.watch(err)
	}
	tx.saved()
	for _, done := range tx.onCommit {
		done()
	}
	return nil
}

func (s *Store) tx(b *bolt.Tx) *Tx {
	return &Tx{seal: s.seal, index: s.o.Index, bolt: b, txid: b.ID(), cache: &s.unsent, known: &s.known}
}

func (s *Store) open() (*bolt.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.db, s.broken
}

// watch remembers damage, so that the next start looks at everything.
func (s *Store) watch(err error) error {
	if isDamage(err) {
		s.mu.Lock()
		s.suspect = true
		s.mu.Unlock()
	}
	return err
}

// reopen closes the file after a failed commit and opens it again. What bbolt
// keeps in memory may then be ahead of the disk; the disk is what counts.
func (s *Store) reopen(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return cause
	}
	err := guard(s.db.Close)
	s.db = nil
	s.unsent.Store(nil)
	s.known.Store(nil)
	if err == nil {
		s.db, err = openBolt(filepath.Join(s.dir, fileName), s.o)
	}
	if err != nil {
		s.broken = fmt.Errorf("boltstore: reopen after a failed save: %w", err)
		return errors.Join(cause, err)
	}
	return cause
}

func openBolt(path string, o Options) (db *bolt.DB, err error) {
	err = guard(func() error {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			// The lock file keeps others out; this is for programs that
			// know only bbolt.
			Timeout: time.Second,
			// The free list is small and stays on the disk: without it a
			// failed commit would walk the whole file to find the free pages.
			NoFreelistSync: false,
			FreelistType:   bolt.FreelistArrayType, // neighbours are written as one
			MaxSize:        o.MaxSize,
			NoStatistics:   false,
		})
		return err
	})
	switch {
	case errors.Is(err, bolt.ErrTimeout):
		return nil, alreadyOpen(err)
	case errors.Is(err, bolt.ErrInvalid), errors.Is(err, bolt.ErrVersionMismatch), errors.Is(err, bolt.ErrChecksum):
		return nil, damaged(err)
	case err != nil:
		return nil, saving(filepath.Dir(path), fmt.Errorf("boltstore: open: %w", err))
	}
	db.AllocSize = allocSize
	return db, nil
}

// Close makes a copy if one is due, gives back what the file no longer needs,
// and lets go of the store. The store is closed even if it returns an error.
func (s *Store) Close() error {
	s.mu.Lock()
	db, suspect := s.db, s.suspect
	s.mu.Unlock()
	if db == nil {
		return s.release(true)
	}
	var copying error
	if due, err := s.copyDue(closingAge); err != nil {
		copying = err
	} else if due {
		copying = s.Copy()
	}
	s.mu.Lock()
	suspect = s.suspect
	s.db, s.broken = nil, notHere()
	s.mu.Unlock()
	slack := wasteful(db)
	err := guard(db.Close)
	if slack && err == nil && !suspect {
		err = compact(s.dir, s.o)
	}
	return errors.Join(copying, err, s.release(suspect || err != nil))
}

// release removes the mark that the store is open, unless the next start is to
// check everything, and the lock.
func (s *Store) release(suspect bool) error {
	var err error
	if !suspect {
		err = os.Remove(filepath.Join(s.dir, openName))
	}
	return errors.Join(err, s.lock.Close())
}
