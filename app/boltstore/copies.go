package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// How old the newest copy may become, in ms. A day's changes that came from
// the hub can be fetched again; edits that exist nowhere else are copied
// sooner.
const (
	minuteMillis = int64(time.Minute / time.Millisecond)
	closingAge   = 10 * minuteMillis // with edits, when the store is closed
	editsAge     = 60 * minuteMillis // with edits, while it is open
	changesAge   = 24 * 60 * minuteMillis
	manyEdits    = 200 // are copied at once
)

// copyNames are the copies, newest first.
func copyNames() []string { return []string{"gridbook-1.db", "gridbook-2.db", "gridbook-3.db"} }

// CopyDue reports whether it is time for Copy: after many edits, an hour after
// one, a day after any change.
func (s *Store) CopyDue() (bool, error) { return s.copyDue(editsAge) }

func (s *Store) copyDue(editsAge int64) (due bool, err error) {
	err = s.View(func(tx *Tx) error {
		st, err := tx.state()
		if err != nil {
			return err
		}
		edits, changes := st.Edits-st.CopiedEdits, st.Changes-st.CopiedChanges
		age := s.o.Now() - st.CopiedAt
		due = edits >= manyEdits || edits > 0 && age >= editsAge || changes > 0 && age >= changesAge || age < 0
		return nil
	})
	return due, err
}

// Copy makes a copy beside the store while it is in use, reads it back in
// full, and keeps it with the two before it. Its failure harms nothing.
func (s *Store) Copy() error {
	made, err := s.copyTo(s.dir)
	if err != nil {
		return s.watch(err)
	}
	names := copyNames()
	for i := len(names) - 1; i > 0; i-- {
		err := os.Rename(filepath.Join(s.dir, names[i-1]), filepath.Join(s.dir, names[i]))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Join(fmt.Errorf("boltstore: rotate copies: %w", err), os.Remove(made.path))
		}
	}
	if err := replace(s.dir, made.path, names[0]); err != nil {
		return err
	}
	return s.Update(func(tx *Tx) error {
		st, err := tx.state()
		if err != nil {
			return err
		}
		st.CopiedAt, st.CopiedEdits, st.CopiedChanges = s.o.Now(), made.edits, made.changes+1
		tx.stDirty = true
		return nil
	})
}

// Backup writes a verified copy to path, replacing what is there only when the
// new one is whole. It holds everything, and opens with the same passwords.
func (s *Store) Backup(path string) error {
	made, err := s.copyTo(filepath.Dir(path))
	if err != nil {
		return s.watch(err)
	}
	if err := replace(filepath.Dir(path), made.path, filepath.Base(path)); err != nil {
		return errors.Join(err, os.Remove(made.path))
	}
	return nil
}

// madeCopy is a copy under a temporary name, and how much it holds.
type madeCopy struct {
	path           string
	edits, changes uint64
}

func (s *Store) copyTo(dir string) (made madeCopy, err error) {
	if made.path, err = tempName(dir); err != nil {
		return made, err
	}
	defer func() {
		if err != nil {
			os.Remove(made.path)
		}
	}()
	err = s.View(func(tx *Tx) error {
		st, err := tx.state()
		if err != nil {
			return err
		}
		made.edits, made.changes = st.Edits, st.Changes
		return saving(dir, writeCopy(tx.bolt, made.path))
	})
	if err != nil {
		return made, err
	}
	// Read back what the disk holds: a copy that was never read is a hope.
	if _, err = inspect(made.path, knownKey{s.seal.key, s.slot}, true); err != nil {
		return made, fmt.Errorf("boltstore: read the copy back: %w", err)
	}
	return made, nil
}

func writeCopy(tx *bolt.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("boltstore: copy: %w", err)
	}
	_, err = tx.WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("boltstore: copy: %w", err)
	}
	return nil
}

// knownKey unlocks the copies of an open store.
type knownKey struct {
	dataKey []byte
	slot    string
}

func (k knownKey) unlock(*keyring) ([]byte, string, error) { return k.dataKey, k.slot, nil }

// Restore makes a store in dir from a backup and opens it. It never replaces
// one: CodeExists. A township's hub notices that the copy is older than what
// it knows of the laptop, and sends the rest.
func Restore(dir, backup, password string, o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, saving(dir, fmt.Errorf("boltstore: make the data folder: %w", err))
	}
	lock, err := acquire(dir, o)
	if err != nil {
		return nil, err
	}
	s, err := restore(dir, backup, byPassword(password), o, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func restore(dir, backup string, key unlocker, o Options, lock *os.File) (*Store, error) {
	if Exists(dir) {
		return nil, exists()
	}
	if _, err := os.Stat(backup); err != nil {
		return nil, noBackup(err)
	}
	in, err := inspect(backup, key, true)
	if err != nil {
		return nil, err
	}
	if err := install(dir, backup); err != nil {
		return nil, err
	}
	return start(dir, o, lock, in, nil)
}

// install puts a copy of a closed file in the store's place.
func install(dir, from string) error {
	path, err := tempName(dir)
	if err != nil {
		return err
	}
	if err := copyFile(path, from); err != nil {
		os.Remove(path)
		return saving(dir, err)
	}
	return replace(dir, path, fileName)
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("boltstore: read a copy: %w", err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("boltstore: write a copy: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("boltstore: write a copy: %w", err)
	}
	return nil
}

// wasteful reports whether so much of the file is not in use that writing it
// anew is worth it. A first copy in several transactions leaves 5 % of it free
// and its pages less full than they might be; a day's edits leave 3 %.
func wasteful(db *bolt.DB) bool {
	var size int64
	err := guard(func() error {
		return db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	})
	stats := db.Stats()
	free := int64(stats.FreePageN+stats.PendingPageN) * int64(db.Info().PageSize)
	return err == nil && size > 1<<20 && free > size/24
}

// compact rewrites the closed file without its free pages.
func compact(dir string, o Options) error {
	path, err := tempName(dir)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	from, err := openBolt(filepath.Join(dir, fileName), o)
	if err != nil {
		return err
	}
	to, err := openBolt(path, o)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	to.NoSync = true // nobody knows of the new file before it is whole
	const perCommit = 2 << 20
	err = guard(func() error { return errors.Join(bolt.Compact(to, from, perCommit), to.Sync()) })
	if err = errors.Join(err, guard(to.Close), guard(from.Close)); err != nil {
		return saving(dir, fmt.Errorf("boltstore: compact: %w", err))
	}
	return replace(dir, path, fileName)
}
