package photos

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"gridbook/syncproto"
)

// Lost is the name under which a damaged file was set aside since the store
// was opened, "" if it was not.
func (s *Store) Lost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// asideName is a free name for what is set aside.
func asideName(dir string, now int64) string {
	name := "photos-damaged-" + time.UnixMilli(now).UTC().Format("20060102-150405")
	for free := name; ; free += "-" {
		if _, err := os.Lstat(filepath.Join(dir, free+".db")); errors.Is(err, os.ErrNotExist) {
			return free + ".db"
		}
	}
}

// setAside gives a damaged file another name and begins a new one with what
// can still be read.
func (s *Store) setAside() error {
	old := s.db
	aside := asideName(s.dir, s.now())
	if old != nil {
		_ = s.disk.Guard(old.Close) // it is damaged; what counts is the new one
	}
	known := s.held
	s.db, s.held = nil, map[syncproto.PhotoHash]syncproto.PhotoHeld{}
	if err := os.Rename(s.path(), filepath.Join(s.dir, aside)); err != nil {
		return s.disk.Saving(s.dir, err)
	}
	s.lost = aside
	wreck := &Store{dir: s.dir, vault: s.vault, disk: s.disk, held: known}
	err := s.disk.Guard(func() (err error) {
		wreck.db, err = bolt.Open(filepath.Join(s.dir, aside), 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
		return err
	})
	if err != nil {
		return nil // nothing to be had from it
	}
	defer func() { _ = s.disk.Guard(wreck.db.Close) }()
	for _, p := range known {
		if err := s.rescue(wreck, p); err != nil {
			return err
		}
	}
	return nil
}

// rescue takes what can be read of one photo.
func (s *Store) rescue(wreck *Store, p syncproto.PhotoHeld) error {
	var chunks []syncproto.PhotoChunk
	p.Has.Each(func(i int) bool {
		_ = s.disk.Guard(func() error {
			return wreck.db.View(func(tx *bolt.Tx) error {
				if b, _ := wreck.read(tx, p.Hash, i); b != nil {
					chunks = append(chunks, syncproto.NewPhotoChunk(i, b))
				}
				return nil
			})
		})
		return true
	})
	_, err := s.put(syncproto.PhotoName{Hash: p.Hash, Size: p.Size}, p.Owner, chunks)
	if syncproto.CodeOf(err) == syncproto.CodePhotoSpoilt {
		return nil
	}
	return err
}

// opening tells a file that is damaged from one that cannot be opened now.
func opening(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return &syncproto.Error{Code: syncproto.CodeLocked, Message: "照片正被另一个程序使用", Hint: "请关掉另一个网格簿窗口，再试一次。", Err: err}
	case !errors.Is(err, berrors.ErrInvalid) && !errors.Is(err, berrors.ErrVersionMismatch) && !errors.Is(err, berrors.ErrChecksum) &&
		!strings.Contains(err.Error(), "file size too small"): // bbolt has no error value for it
		return err
	}
	return &syncproto.Error{Code: syncproto.CodeDamaged, Message: "照片文件损坏了", Hint: "请关闭网格簿再打开一次：已上传的照片会从乡镇取回。", Err: err}
}
