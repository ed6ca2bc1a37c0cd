package boltstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// Create makes a new store in dir, opened by password, and opens it. It fails
// with CodeExists if there is one.
func Create(dir, password string, o Options) (*Store, error) {
	return CreateFor(dir, "", password, o)
}

// CreateFor is Create with the name of the person whose password it is.
func CreateFor(dir, person, password string, o Options) (*Store, error) {
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
	s, err := create(dir, person, password, o, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func create(dir, person, password string, o Options, lock *os.File) (*Store, error) {
	if Exists(dir) {
		return nil, exists()
	}
	dataKey := make([]byte, dataKeySize)
	if _, err := io.ReadFull(o.Rand, dataKey); err != nil {
		return nil, fmt.Errorf("boltstore: draw the data key: %w", err)
	}
	seal, err := newSealer(dataKey, o.Rand)
	if err != nil {
		return nil, err
	}
	name := slotKey(1)
	first, err := seal.newSlot(name, person, password, o.kdf(), &keyring{})
	if err != nil {
		return nil, err
	}
	st := &state{Index: o.IndexVersion, CopiedAt: o.Now()}
	err = build(dir, fileName, o, seal, st, func(tx *Tx) error {
		in, err := tx.in(keysBucket)
		if err != nil {
			return err
		}
		return in.Put(name, first)
	})
	if err != nil {
		return nil, err
	}
	return start(dir, o, lock, &inspected{seal: seal, slot: string(name), person: person, state: st}, nil)
}

// build writes a new store file under a temporary name, fills it, and moves it
// into place when it is whole.
func build(dir, name string, o Options, seal *sealer, st *state, fill func(*Tx) error) error {
	path, err := tempName(dir)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	db, err := openBolt(path, o)
	if err != nil {
		return err
	}
	err = guard(func() error {
		return db.Update(func(b *bolt.Tx) error {
			for i := range buckets {
				if _, err := b.CreateBucket([]byte(i.String())); err != nil {
					return err
				}
			}
			tx := &Tx{seal: seal, bolt: b, index: o.Index, st: st, stDirty: true, txid: b.ID(), cache: new(atomic.Pointer[unsent]), known: new(atomic.Pointer[knownState])}
			meta, err := tx.in(metaBucket)
			if err != nil {
				return err
			}
			if err := meta.Put(formatKey, encodeFormat(Format)); err != nil {
				return err
			}
			if err := fill(tx); err != nil {
				return err
			}
			return tx.flush()
		})
	})
	if err = errors.Join(err, guard(db.Close)); err != nil {
		return saving(dir, fmt.Errorf("boltstore: write a new file: %w", err))
	}
	return replace(dir, path, name)
}

// replace moves a file into place for good.
func replace(dir, from, name string) error {
	if err := os.Rename(from, filepath.Join(dir, name)); err != nil {
		return saving(dir, fmt.Errorf("boltstore: move a file into place: %w", err))
	}
	if err := syncDir(dir); err != nil {
		return saving(dir, fmt.Errorf("boltstore: sync the data folder: %w", err))
	}
	return nil
}

func tempName(dir string) (string, error) {
	f, err := os.CreateTemp(dir, tempPrefix)
	if err != nil {
		return "", saving(dir, fmt.Errorf("boltstore: make a temporary file: %w", err))
	}
	return f.Name(), f.Close()
}

// Open unlocks the store in dir. It fails with CodePassword, with CodeLocked
// if a program has it open, with CodeVersion if a newer program wrote it, and
// with CodeNotJoined if there is none.
//
// If the file is damaged, Open keeps it aside, takes the newest good copy,
// joins what can still be read of the damaged file's unsent work, and opens
// that: Recovered then tells. It fails with CodeDamaged only if there is
// nothing to go on from.
func Open(dir, password string, o Options) (*Store, error) {
	return openWith(dir, byPassword(password), o)
}

func openWith(dir string, key unlocker, o Options) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if !Exists(dir) {
		return nil, notHere()
	}
	lock, err := acquire(dir, o)
	if err != nil {
		return nil, err
	}
	s, err := openLocked(dir, key, o, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func openLocked(dir string, key unlocker, o Options, lock *os.File) (*Store, error) {
	sweep(dir)
	_, err := os.Stat(filepath.Join(dir, openName))
	unclean := err == nil
	in, err := inspect(filepath.Join(dir, fileName), key, unclean)
	var recovered *Recovered
	switch {
	case isDamage(err):
		in, recovered, err = repair(dir, key, o, err)
	case err == nil && in.badMeta && !unclean:
		recovered = &Recovered{At: o.Now(), Copy: o.Now(), Cause: errLastSave,
			Message: "数据文件有一处损坏，已经自动修好；最后一次保存的内容可能没有了",
			Hint:    "请看看最近写的一条还在不在，不在就再写一次。"}
	}
	if err != nil {
		return nil, err
	}
	return start(dir, o, lock, in, recovered)
}

var errLastSave = errors.New("one of two meta pages is damaged")

// start opens an inspected file for use.
func start(dir string, o Options, lock *os.File, in *inspected, recovered *Recovered) (*Store, error) {
	s := &Store{dir: dir, o: o, lock: lock, seal: in.seal, slot: in.slot, person: in.person, recovered: recovered}
	s.seal.rand = o.Rand
	var err error
	if s.db, err = openBolt(filepath.Join(dir, fileName), o); err != nil {
		return nil, err
	}
	if in.state.Index != o.IndexVersion || in.format < Format {
		err = s.Update(func(tx *Tx) error { return tx.rebuildIndexes(o.IndexVersion) })
	}
	if err == nil {
		err = markOpen(dir)
	}
	if err == nil && in.state.Meta.Clock.Last != 0 {
		err = s.Update(func(tx *Tx) error { return syncproto.Opened(tx, o.Rand) })
	}
	if err != nil {
		return nil, errors.Join(err, guard(s.db.Close))
	}
	return s, nil
}

// markOpen leaves the mark that the store is open.
func markOpen(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, openName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return saving(dir, fmt.Errorf("boltstore: mark the store as open: %w", err))
	}
	return nil
}

// acquire takes the lock file.
func acquire(dir string, o Options) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, saving(dir, fmt.Errorf("boltstore: open the lock file: %w", err))
	}
	err = tryLock(f)
	const pause = 20 * time.Millisecond
	for left := o.LockTimeout; err != nil && left > 0; left -= pause {
		time.Sleep(pause)
		err = tryLock(f)
	}
	if err != nil {
		f.Close()
		return nil, alreadyOpen(err)
	}
	return f, nil
}

// sweep removes what an interrupted copy or restore left behind.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
