// Package photos keeps the photos of a township in one bbolt file beside the
// store of records. A chunk lies there with its sum, so that damage on the
// disk is noticed when it is read.
package photos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"gridbook/syncproto"
)

// The buckets: photos by hash, chunks by hash and index, and how many bytes
// stand on each owner's account.
var (
	bucketPhotos = []byte("photos")
	bucketChunks = []byte("chunks")
	bucketUsed   = []byte("used")
)

// Options are for Open.
type Options struct {
	// MaxSize is the greatest size of the file in bytes, 0: no limit.
	MaxSize int
	// NoSync leaves out fsync, for tests.
	NoSync bool
}

// Store is a syncproto.PhotoStore in a bbolt file. Its methods may be called
// at the same time.
type Store struct{ db *bolt.DB }

var _ syncproto.PhotoStore = (*Store)(nil)

// growth is by how many bytes the file grows at a time.
const growth = 4 << 20

// Open opens the store at path, or makes it. Errors: CodeLocked, CodeDamaged,
// CodeDiskFull.
func Open(path string, o Options) (*Store, error) {
	s := &Store{}
	err := guard(func() (err error) {
		s.db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout: time.Second, FreelistType: bolt.FreelistMapType, NoFreelistSync: true,
			NoStatistics: true, MaxSize: o.MaxSize, NoSync: o.NoSync,
		})
		if err != nil {
			return err
		}
		s.db.AllocSize = growth
		return s.db.Update(func(tx *bolt.Tx) error {
			for _, name := range [][]byte{bucketPhotos, bucketChunks, bucketUsed} {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		return nil, fmt.Errorf("open the photos: %w", err)
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// row is a photo as the file has it.
type row struct {
	Size  int
	Has   uint64
	There uint64
	Owner string
}

func (s *Store) view(f func(*bolt.Tx) error) error {
	return guard(func() error { return s.db.View(f) })
}

func (s *Store) update(f func(*bolt.Tx) error) error {
	return guard(func() error { return s.db.Update(f) })
}

func find(tx *bolt.Tx, h syncproto.PhotoHash) (out syncproto.PhotoHeld, err error) {
	v := tx.Bucket(bucketPhotos).Get(h[:])
	if v == nil {
		return out, nil
	}
	return unpack(h[:], v)
}

func unpack(hash, v []byte) (out syncproto.PhotoHeld, err error) {
	var r row
	if err := msgpack.Unmarshal(v, &r); err != nil || len(hash) != len(out.Hash) {
		return out, damaged(fmt.Errorf("photo %x: %w", hash, err))
	}
	return syncproto.PhotoHeld{
		Hash: syncproto.PhotoHash(hash), Size: r.Size, Has: syncproto.ChunkSet(r.Has), There: syncproto.ChunkSet(r.There), Owner: r.Owner,
	}, nil
}

func keep(tx *bolt.Tx, p syncproto.PhotoHeld) error {
	v, err := msgpack.Marshal(&row{p.Size, uint64(p.Has), uint64(p.There), p.Owner})
	if err != nil {
		return err
	}
	return tx.Bucket(bucketPhotos).Put(p.Hash[:], v)
}

func chunkKey(h syncproto.PhotoHash, i int) []byte { return append(h[:], byte(i)) }

// Photo implements syncproto.PhotoStore.
func (s *Store) Photo(h syncproto.PhotoHash) (out syncproto.PhotoHeld, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		out, err = find(tx, h)
		return err
	})
	return out, err
}

// Chunk implements syncproto.PhotoStore.
func (s *Store) Chunk(h syncproto.PhotoHash, i int) (out []byte, err error) {
	spoilt := false
	err = s.view(func(tx *bolt.Tx) error {
		out, spoilt = chunk(tx, h, i)
		return nil
	})
	if err == nil && spoilt {
		err = s.lose(h, i)
	}
	return out, err
}

// chunk returns nil, and whether there was one that is damaged.
func chunk(tx *bolt.Tx, h syncproto.PhotoHash, i int) (out []byte, spoilt bool) {
	v := tx.Bucket(bucketChunks).Get(chunkKey(h, i))
	if v == nil {
		return nil, false
	}
	if len(v) > syncproto.PhotoSumSize {
		data := bytes.Clone(v[syncproto.PhotoSumSize:])
		if sum := syncproto.SumPhotoChunk(data); bytes.Equal(sum[:], v[:syncproto.PhotoSumSize]) {
			return data, false
		}
	}
	return nil, true
}

// lose drops a damaged chunk.
func (s *Store) lose(h syncproto.PhotoHash, i int) error {
	return s.update(func(tx *bolt.Tx) error {
		held, err := find(tx, h)
		if err != nil || !held.Has.Has(i) {
			return err
		}
		held.Has = held.Has.Without(syncproto.ChunkSet(0).With(i))
		if err := keep(tx, held); err != nil {
			return err
		}
		return tx.Bucket(bucketChunks).Delete(chunkKey(h, i))
	})
}

// Put implements syncproto.PhotoStore.
func (s *Store) Put(n syncproto.PhotoName, owner string, chunks []syncproto.PhotoChunk) (held syncproto.PhotoHeld, err error) {
	spoilt := false
	err = s.update(func(tx *bolt.Tx) (err error) {
		if held, err = find(tx, n.Hash); err != nil || held.Whole() {
			return err
		}
		if held.Size != n.Size {
			if err := drop(tx, held); err != nil {
				return err
			}
			held = syncproto.PhotoHeld{Hash: n.Hash, Size: n.Size, Owner: owner}
			if err := charge(tx, owner, n.Size); err != nil {
				return err
			}
		}
		for _, c := range chunks {
			held.Has = held.Has.With(c.Index)
			if err := tx.Bucket(bucketChunks).Put(chunkKey(n.Hash, c.Index), append(c.Sum[:], c.Data...)); err != nil {
				return err
			}
		}
		if held.Whole() {
			if spoilt = !rightName(tx, held); spoilt {
				return drop(tx, held)
			}
		}
		return keep(tx, held)
	})
	if err == nil && spoilt {
		return syncproto.PhotoHeld{}, syncproto.SpoiltPhoto(n.Hash)
	}
	return held, err
}

// rightName reports whether a photo is what its name says.
func rightName(tx *bolt.Tx, held syncproto.PhotoHeld) bool {
	b := make([]byte, 0, held.Size)
	for i := range held.Has.Count() {
		part, spoilt := chunk(tx, held.Hash, i)
		if spoilt {
			return false
		}
		b = append(b, part...)
	}
	return syncproto.HashPhoto(b) == held.Hash
}

// charge puts bytes on an owner's account.
func charge(tx *bolt.Tx, owner string, n int) error {
	used := account(tx, owner) + int64(n)
	if used <= 0 {
		return tx.Bucket(bucketUsed).Delete([]byte("." + owner))
	}
	return tx.Bucket(bucketUsed).Put([]byte("."+owner), binary.BigEndian.AppendUint64(nil, uint64(used)))
}

func account(tx *bolt.Tx, owner string) int64 {
	v := tx.Bucket(bucketUsed).Get([]byte("." + owner)) // bbolt has no empty keys
	if len(v) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(v))
}

// drop removes a photo; one that is not there is nothing.
func drop(tx *bolt.Tx, held syncproto.PhotoHeld) error {
	if held.Size == 0 {
		return nil
	}
	in := tx.Bucket(bucketChunks).Cursor()
	var keys [][]byte
	for k, _ := in.Seek(held.Hash[:]); bytes.HasPrefix(k, held.Hash[:]); k, _ = in.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := tx.Bucket(bucketChunks).Delete(k); err != nil {
			return err
		}
	}
	if err := tx.Bucket(bucketPhotos).Delete(held.Hash[:]); err != nil {
		return err
	}
	return charge(tx, held.Owner, -held.Size)
}

// Note implements syncproto.PhotoStore.
func (s *Store) Note(h syncproto.PhotoHash, there syncproto.ChunkSet) error {
	return s.update(func(tx *bolt.Tx) error {
		held, err := find(tx, h)
		if err != nil || held.Size == 0 {
			return err
		}
		held.There = there
		return keep(tx, held)
	})
}

// Drop implements syncproto.PhotoStore.
func (s *Store) Drop(h syncproto.PhotoHash) error {
	return s.update(func(tx *bolt.Tx) error {
		held, err := find(tx, h)
		if err != nil {
			return err
		}
		return drop(tx, held)
	})
}

// All implements syncproto.PhotoStore.
func (s *Store) All() iter.Seq2[syncproto.PhotoHeld, error] {
	return func(yield func(syncproto.PhotoHeld, error) bool) {
		var all []syncproto.PhotoHeld // so that the caller may write meanwhile
		err := s.view(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketPhotos).ForEach(func(k, v []byte) error {
				held, err := unpack(k, v)
				all = append(all, held)
				return err
			})
		})
		if err != nil {
			yield(syncproto.PhotoHeld{}, err)
			return
		}
		for _, held := range all {
			if !yield(held, nil) {
				return
			}
		}
	}
}

// Used implements syncproto.PhotoStore.
func (s *Store) Used(owner string) (n int64, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		n = account(tx, owner)
		return nil
	})
	return n, err
}

// Snapshot writes a copy of the file as one transaction sees it.
func (s *Store) Snapshot(w io.Writer) (n int64, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		n, err = tx.WriteTo(w)
		return err
	})
	return n, err
}

// guard runs f and gives its errors their codes. bbolt panics, or faults in
// its map of the file, when a page is damaged.
func guard(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if r := recover(); r != nil {
			err = damaged(fmt.Errorf("bbolt: %v", r))
		}
	}()
	err = f()
	var coded *syncproto.Error
	switch {
	case err == nil, errors.As(err, &coded):
		return err
	case errors.Is(err, berrors.ErrTimeout):
		return &syncproto.Error{Code: syncproto.CodeLocked, Message: "照片文件正被另一个程序使用。",
			Hint: "一个数据目录只能开一个服务，请先停止另一个。", Err: err}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum),
		strings.Contains(err.Error(), "file size too small"):
		return damaged(err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EFBIG), errors.Is(err, berrors.ErrMaxSizeReached):
		return &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "服务器的硬盘满了，照片没有保存。",
			Hint: "请清理硬盘空间；照片还在各村电脑里，会自动重传。", Err: err}
	case errors.Is(err, os.ErrPermission):
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "没有权限打开照片文件。",
			Hint: "请用运行服务的那个系统用户来执行。", Err: err}
	}
	return err
}

func damaged(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "服务器的照片文件有损坏。",
		Hint: "请停止服务，把 photos.db 移到别处再启动：各村电脑会自动重传照片；文字资料不受影响。", Err: cause}
}
