package photos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"gridbook/syncproto"
)

// Open opens the photos of a data folder. What is damaged as a whole, or no
// file at all, is set aside, and what can be read of it is taken over: see
// Lost. What may be sound and cannot be opened now is left as it is: that fails
// with CodeLocked if another program has it, else with CodePhotosShut.
func Open(dir string, vault Vault, disk Disk, now func() int64) (*Store, error) {
	s := &Store{dir: dir, vault: vault, disk: disk, now: now, held: map[syncproto.PhotoHash]syncproto.PhotoHeld{}}
	info, err := os.Stat(s.path())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s, nil
	case err == nil && (!info.Mode().IsRegular() || info.Size() == 0):
		err = opening(berrors.ErrInvalid) // bbolt would make an empty one of an empty file
	case err == nil:
		err = s.open()
	}
	if err == nil {
		err = s.load()
	}
	if syncproto.CodeOf(err) == syncproto.CodeDamaged {
		err = s.setAside()
	}
	if err != nil {
		return nil, errors.Join(shut(err), s.Close())
	}
	return s, nil
}

// Renew sets aside what Open cannot open, whatever it is, so that the next
// Open begins with nothing. It returns its new name.
func Renew(dir string, now int64) (aside string, err error) {
	aside = asideName(dir, now)
	if err := os.Rename(filepath.Join(dir, FileName), filepath.Join(dir, aside)); err != nil {
		return "", shut(err)
	}
	return aside, nil
}

// shut says of a file that may be sound why it cannot be opened.
func shut(err error) error {
	switch syncproto.CodeOf(err) {
	case syncproto.CodeLocked, syncproto.CodeDiskFull, syncproto.CodeDamaged, syncproto.CodePhotosShut:
		return fmt.Errorf("photos: open: %w", err)
	}
	hint := "请看看磁盘是不是坏了，再试一次；文字资料不受影响。"
	if errors.Is(err, os.ErrPermission) {
		hint = "没有读写照片文件 photos.db 的权限。请找管电脑的人改好权限，再试一次；文字资料不受影响。"
	}
	return &syncproto.Error{Code: syncproto.CodePhotosShut, Message: "照片库打不开", Hint: hint, Err: err}
}

// growth is by how many bytes the file grows.
const growth = 1 << 20

// open opens the file, or makes it.
func (s *Store) open() error {
	err := s.disk.Guard(func() (err error) {
		// The free list is on the disk: without it, opening would walk the
		// whole file, and fail where a page is damaged.
		s.db, err = bolt.Open(s.path(), 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
		if err != nil {
			return opening(err)
		}
		s.db.AllocSize = growth
		if s.formed() {
			return nil // what may turn out to be another laptop's is not written to
		}
		return s.db.Update(func(tx *bolt.Tx) error {
			for _, name := range [][]byte{bucketPhotos, bucketChunks} {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if syncproto.CodeOf(err) == syncproto.CodeLocked || errors.Is(err, os.ErrPermission) {
		return err
	}
	return s.disk.Saving(s.dir, err)
}

// formed reports whether the file has its buckets.
func (s *Store) formed() (yes bool) {
	_ = s.db.View(func(tx *bolt.Tx) error {
		yes = tx.Bucket(bucketPhotos) != nil && tx.Bucket(bucketChunks) != nil
		return nil
	})
	return yes
}

// load reads which photos there are. It fails with CodePhotosShut if the file
// was written under another key: an empty store would then be a lie, and what
// is in the file would be overwritten.
func (s *Store) load() error {
	rows := 0
	err := s.disk.Guard(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketPhotos).ForEach(func(k, v []byte) error {
				rows++
				if p, ok := s.unpack(k, v); ok {
					s.held[p.Hash] = p
				}
				return nil // what does not open is as if it were not there
			})
		})
	})
	if err != nil || rows == 0 || len(s.held) > 0 {
		return err
	}
	return s.foreign()
}

// probed is how many chunks are tried to tell another key from damage.
const probed = 8

// foreign tells rows that are damaged, all of them, from those of another key:
// of that no chunk opens either.
func (s *Store) foreign() error {
	found := false
	err := s.disk.Guard(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			c := tx.Bucket(bucketChunks).Cursor()
			k, v := c.First()
			for i := 0; i < probed && k != nil && !found; i++ {
				_, found = s.vault.Open(chunkPlace, k, v)
				k, v = c.Next()
			}
			return nil
		})
	})
	if err != nil || found {
		return err
	}
	return &syncproto.Error{Code: syncproto.CodePhotosShut, Message: "照片库不是这台电脑的，打不开",
		Hint: "照片文件 photos.db 可能是从别的电脑或旧备份拷来的。请把它放回原处；找不回来了，就换上新的，这个文件会另存，不会删除。"}
}
