package photos

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
	"gridbook/syncproto/phototest"
)

// lasting is a store that can be opened again and damaged.
type lasting struct {
	*Store
	path string
}

func (l *lasting) Reopen() error {
	if err := l.Close(); err != nil {
		return err
	}
	s, err := Open(l.path, Options{NoSync: true})
	l.Store = s
	return err
}

func (l *lasting) Damage(h syncproto.PhotoHash, i int) error {
	return l.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketChunks)
		v := bytes.Clone(b.Get(chunkKey(h, i)))
		v[len(v)/2] ^= 1
		return b.Put(chunkKey(h, i), v)
	})
}

func open(t testing.TB, o Options) *lasting {
	t.Helper()
	o.NoSync = true
	l := &lasting{path: filepath.Join(t.TempDir(), "photos.db")}
	var err error
	if l.Store, err = Open(l.path, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestContract(t *testing.T) {
	phototest.Run(t, func(t testing.TB) phototest.Store { return open(t, Options{}) })
}

func TestDiskFull(t *testing.T) {
	s := open(t, Options{MaxSize: 8 << 20})
	var last error
	for i := range 40 {
		p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(uint64(i), 400_000))
		if _, last = s.Put(p.PhotoName, "v", p.Chunks); last != nil {
			if held, err := s.Photo(p.Hash); err != nil || held.Size != 0 {
				t.Errorf("after a failed put: %+v, %v", held, err)
			}
			break
		}
	}
	if syncproto.CodeOf(last) != syncproto.CodeDiskFull {
		t.Errorf("a full disk: %v", last)
	}
	if got, err := syncproto.CheckPhotos(s); err != nil || got.Photos == 0 || len(got.Damaged) != 0 {
		t.Errorf("what was there: %+v, %v", got, err)
	}
}

func TestNotAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "photos.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no store"), 9000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("a file of something else: %v", err)
	}
}

// A copy made while photos come in is whole.
func TestSnapshot(t *testing.T) {
	s := open(t, Options{})
	p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(1, 100_000))
	if _, err := s.Put(p.PhotoName, "v", p.Chunks); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Snapshot(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got, err := syncproto.CheckPhotos(again); err != nil || got.Photos != 1 {
		t.Errorf("the copy: %+v, %v", got, err)
	}
}
