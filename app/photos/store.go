// Package photos keeps a laptop's photos, sealed, in a bbolt file beside the
// ledger, and makes them fit: turned upright, small enough for a slow way,
// without anything but the picture.
package photos

import (
	"errors"
	"io"
	"iter"
	"path/filepath"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// FileName is the name of the file in the data folder. It is made with the
// first photo.
const FileName = "photos.db"

var (
	bucketPhotos = []byte("photos")
	bucketChunks = []byte("chunks")
)

// Vault seals what is written: boltstore.Vault.
type Vault interface {
	Seal(place string, key, plain []byte) ([]byte, error)
	Open(place string, key, sealed []byte) (plain []byte, ok bool)
	Name(place string, name []byte) []byte
}

// Disk is how bbolt is run on a disk that may be damaged or full:
// boltstore.Guard and boltstore.Saving.
type Disk struct {
	Guard  func(f func() error) error
	Saving func(dir string, err error) error
}

// Store is a syncproto.PhotoStore in a data folder. The owner of a photo is
// the id of the record with which it came here. Its methods may be called at
// the same time.
type Store struct {
	dir   string
	vault Vault
	disk  Disk
	now   func() int64

	mu     sync.Mutex // guards what follows, and writing
	db     *bolt.DB   // nil: no photos yet
	closed bool       // a call in flight opens no file any more
	held   map[syncproto.PhotoHash]syncproto.PhotoHeld
	lost   string // where a damaged file was set aside
}

var _ syncproto.PhotoStore = (*Store)(nil)

func (s *Store) path() string { return filepath.Join(s.dir, FileName) }

// errClosed is of a call that was in flight when the laptop was locked.
func errClosed() error {
	return &syncproto.Error{Code: syncproto.CodePassword, Message: "网格簿已锁定", Hint: "请输入密码打开，再试一次。"}
}

// Close closes the file. What is written afterwards fails with CodePassword.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db = nil
	return s.disk.Guard(db.Close)
}

// row is a photo as the file has it.
type row struct {
	Hash  []byte
	Size  int
	Has   uint64
	There uint64
	Owner string
}

const (
	photoPlace = "photo"
	chunkPlace = "photo chunk"
)

func (s *Store) unpack(key, v []byte) (out syncproto.PhotoHeld, ok bool) {
	plain, ok := s.vault.Open(photoPlace, key, v)
	var r row
	if !ok || msgpack.Unmarshal(plain, &r) != nil || len(r.Hash) != len(out.Hash) {
		return out, false
	}
	return syncproto.PhotoHeld{
		Hash: syncproto.PhotoHash(r.Hash), Size: r.Size, Has: syncproto.ChunkSet(r.Has), There: syncproto.ChunkSet(r.There), Owner: r.Owner,
	}, true
}

// The names of photos would tell who has one of them: they are hidden.
func (s *Store) key(h syncproto.PhotoHash) []byte { return s.vault.Name(photoPlace, h[:]) }

func (s *Store) chunkKey(h syncproto.PhotoHash, i int) []byte { return append(s.key(h), byte(i)) }

// write changes the file and then what is known of one photo; nil: gone.
func (s *Store) write(h syncproto.PhotoHash, f func(tx *bolt.Tx) (*syncproto.PhotoHeld, error)) error {
	if s.closed {
		return errClosed()
	}
	if s.db == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	was := s.held[h]
	var after *syncproto.PhotoHeld
	err := s.disk.Guard(func() error {
		return s.db.Update(func(tx *bolt.Tx) (err error) {
			if after, err = f(tx); err != nil || after == nil {
				return err
			}
			plain, err := msgpack.Marshal(&row{h[:], after.Size, uint64(after.Has), uint64(after.There), after.Owner})
			if err != nil {
				return err
			}
			sealed, err := s.vault.Seal(photoPlace, s.key(h), plain)
			if err != nil {
				return err
			}
			return tx.Bucket(bucketPhotos).Put(s.key(h), sealed)
		})
	})
	if syncproto.CodeOf(err) == syncproto.CodeDamaged {
		return errors.Join(err, s.setAside())
	}
	if err != nil {
		return errors.Join(s.disk.Saving(s.dir, err), s.reopen(h, was))
	}
	if after == nil {
		delete(s.held, h)
	} else {
		s.held[h] = *after
	}
	return nil
}

// reopen opens the file again after a failed commit: what bbolt has in memory
// may then be ahead of the disk.
func (s *Store) reopen(h syncproto.PhotoHash, was syncproto.PhotoHeld) error {
	if was.Size > 0 {
		s.held[h] = was
	}
	err := s.disk.Guard(s.db.Close)
	s.db = nil
	return errors.Join(err, s.open())
}

// Photo implements syncproto.PhotoStore. It reads no disk.
func (s *Store) Photo(h syncproto.PhotoHash) (syncproto.PhotoHeld, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[h], nil
}

// Chunk implements syncproto.PhotoStore.
func (s *Store) Chunk(h syncproto.PhotoHash, i int) (out []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held[h]
	if s.closed {
		return nil, errClosed()
	}
	if s.db == nil || !held.Has.Has(i) {
		return nil, nil
	}
	err = s.disk.Guard(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			out, _ = s.read(tx, h, i)
			return nil
		})
	})
	if syncproto.CodeOf(err) == syncproto.CodeDamaged {
		return nil, s.setAside()
	}
	if err != nil || out != nil {
		return out, err
	}
	return nil, s.write(h, func(tx *bolt.Tx) (*syncproto.PhotoHeld, error) {
		held.Has = held.Has.Without(syncproto.ChunkSet(0).With(i))
		return &held, tx.Bucket(bucketChunks).Delete(s.chunkKey(h, i))
	})
}

func (s *Store) read(tx *bolt.Tx, h syncproto.PhotoHash, i int) ([]byte, bool) {
	key := s.chunkKey(h, i)
	return s.vault.Open(chunkPlace, key, tx.Bucket(bucketChunks).Get(key))
}

// Put implements syncproto.PhotoStore.
func (s *Store) Put(n syncproto.PhotoName, owner string, chunks []syncproto.PhotoChunk) (syncproto.PhotoHeld, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(n, owner, chunks)
}

func (s *Store) put(n syncproto.PhotoName, owner string, chunks []syncproto.PhotoChunk) (syncproto.PhotoHeld, error) {
	held := s.held[n.Hash]
	if held.Whole() {
		return held, nil
	}
	spoilt := false
	err := s.write(n.Hash, func(tx *bolt.Tx) (*syncproto.PhotoHeld, error) {
		if held.Size != n.Size {
			if err := s.drop(tx, held); err != nil {
				return nil, err
			}
			held = syncproto.PhotoHeld{Hash: n.Hash, Size: n.Size, Owner: owner}
		}
		for _, c := range chunks {
			key := s.chunkKey(n.Hash, c.Index)
			sealed, err := s.vault.Seal(chunkPlace, key, c.Data)
			if err != nil {
				return nil, err
			}
			if err := tx.Bucket(bucketChunks).Put(key, sealed); err != nil {
				return nil, err
			}
			held.Has = held.Has.With(c.Index)
		}
		if held.Whole() {
			if spoilt = !s.rightName(tx, held); spoilt {
				return nil, s.drop(tx, held)
			}
		}
		return &held, nil
	})
	if err == nil && spoilt {
		return syncproto.PhotoHeld{}, syncproto.SpoiltPhoto(n.Hash)
	}
	if err != nil {
		return s.held[n.Hash], err
	}
	return held, nil
}

func (s *Store) rightName(tx *bolt.Tx, held syncproto.PhotoHeld) bool {
	whole := make([]byte, 0, held.Size)
	for i := range held.Has.Count() {
		b, _ := s.read(tx, held.Hash, i)
		whole = append(whole, b...)
	}
	return syncproto.HashPhoto(whole) == held.Hash
}

func (s *Store) drop(tx *bolt.Tx, held syncproto.PhotoHeld) error {
	var err error
	held.Has.Each(func(i int) bool {
		err = tx.Bucket(bucketChunks).Delete(s.chunkKey(held.Hash, i))
		return err == nil
	})
	if err != nil || held.Size == 0 {
		return err
	}
	return tx.Bucket(bucketPhotos).Delete(s.key(held.Hash))
}

// Note implements syncproto.PhotoStore.
func (s *Store) Note(h syncproto.PhotoHash, there syncproto.ChunkSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.held[h]
	if !ok || held.There == there {
		return nil
	}
	return s.write(h, func(*bolt.Tx) (*syncproto.PhotoHeld, error) {
		held.There = there
		return &held, nil
	})
}

// Own notes the record with which a photo came here, if it has none yet.
func (s *Store) Own(h syncproto.PhotoHash, owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.held[h]
	if !ok || held.Owner != "" {
		return nil
	}
	return s.write(h, func(*bolt.Tx) (*syncproto.PhotoHeld, error) {
		held.Owner = owner
		return &held, nil
	})
}

// Drop implements syncproto.PhotoStore.
func (s *Store) Drop(h syncproto.PhotoHash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.held[h]
	if !ok {
		return nil
	}
	return s.write(h, func(tx *bolt.Tx) (*syncproto.PhotoHeld, error) { return nil, s.drop(tx, held) })
}

// All implements syncproto.PhotoStore.
func (s *Store) All() iter.Seq2[syncproto.PhotoHeld, error] {
	return func(yield func(syncproto.PhotoHeld, error) bool) {
		s.mu.Lock()
		all := make([]syncproto.PhotoHeld, 0, len(s.held))
		for _, p := range s.held {
			all = append(all, p)
		}
		s.mu.Unlock()
		for _, p := range all {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Used implements syncproto.PhotoStore.
func (s *Store) Used(owner string) (n int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.held {
		if p.Owner == owner {
			n += int64(p.Size)
		}
	}
	return n, nil
}

// Total is how many bytes of photos there are.
func (s *Store) Total() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.held {
		n += int64(p.Size)
	}
	return n
}

// Snapshot writes a copy of the file, sealed as it is; 0 bytes if there is
// none.
func (s *Store) Snapshot(w io.Writer) (n int64, err error) {
	s.mu.Lock()
	db := s.db
	s.mu.Unlock()
	if db == nil {
		return 0, nil
	}
	err = s.disk.Guard(func() error {
		return db.View(func(tx *bolt.Tx) error {
			n, err = tx.WriteTo(w)
			return err
		})
	})
	return n, err
}
