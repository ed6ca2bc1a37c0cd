package photos

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/phototest"
)

// ledgerIn is the store of a laptop, for its key.
func ledgerIn(t testing.TB, dir string) *boltstore.Store {
	t.Helper()
	l, err := boltstore.Create(dir, "沙溪村2024", boltstore.Options{
		Now: func() int64 { return 1_780_000_000_000 }, Rand: rand.Reader, KDF: boltstore.KDF{Time: 1, Memory: 8, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func openIn(dir string, l *boltstore.Store) (*Store, error) {
	return Open(dir, l.Vault(), Disk{boltstore.Guard, boltstore.Saving}, func() int64 { return 1_780_000_000_000 })
}

type lasting struct {
	*Store
	ledger *boltstore.Store
}

func newStore(t testing.TB) *lasting {
	t.Helper()
	dir := t.TempDir()
	l := ledgerIn(t, dir)
	s, err := openIn(dir, l)
	if err != nil {
		t.Fatal(err)
	}
	out := &lasting{s, l}
	t.Cleanup(func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

func (l *lasting) Reopen() (err error) {
	if err := l.Close(); err != nil {
		return err
	}
	l.Store, err = openIn(l.dir, l.ledger)
	return err
}

func (l *lasting) Damage(h syncproto.PhotoHash, i int) error {
	return l.db.Update(func(tx *bolt.Tx) error {
		b, key := tx.Bucket(bucketChunks), l.chunkKey(h, i)
		v := bytes.Clone(b.Get(key))
		v[len(v)/2] ^= 1
		return b.Put(key, v)
	})
}

func TestContract(t *testing.T) {
	phototest.Run(t, func(t testing.TB) phototest.Store { return newStore(t) })
}

// A laptop without photos has no file of photos.
func TestNoFileWithoutPhotos(t *testing.T) {
	s := newStore(t)
	if _, err := s.Photo(syncproto.PhotoHash{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	var out bytes.Buffer
	if n, err := s.Snapshot(&out); n != 0 || err != nil {
		t.Errorf("a copy of nothing: %d bytes, %v", n, err)
	}
}

// Who has the file has nothing: neither pictures nor their names.
func TestSealed(t *testing.T) {
	s := newStore(t)
	photo := bytes.Repeat([]byte("sealed at rest. "), 5000)
	p := syncproto.CutPhoto(syncproto.ID{}, photo)
	if _, err := s.Put(p.PhotoName, "06f70h48000000000010", p.Chunks); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	for what, trace := range map[string][]byte{"picture": photo[:16], "name": p.Hash[:], "record": []byte("06f70h48")} {
		if bytes.Contains(raw, trace) {
			t.Errorf("the %s can be read in the file", what)
		}
	}
	if _, err := openIn(s.dir, s.ledger); syncproto.CodeOf(err) != syncproto.CodeLocked {
		t.Errorf("opened twice: %v", err)
	}
	// Nor with the key of another laptop.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := openIn(s.dir, ledgerIn(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if held, _ := other.Photo(p.Hash); held.Size != 0 || other.Close() != nil || s.Reopen() != nil {
		t.Errorf("another laptop's key opens %+v", held)
	}
	// A chunk opens only in its own place.
	err = s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketChunks)
		v := bytes.Clone(b.Get(s.chunkKey(p.Hash, 0)))
		return b.Put(s.chunkKey(p.Hash, 1), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.Chunk(p.Hash, 1); c != nil || err != nil {
		t.Errorf("a chunk opens in another's place: %d bytes, %v", len(c), err)
	}
}

// A file that cannot be read is set aside; the laptop goes on.
func TestDamagedFile(t *testing.T) {
	s := newStore(t)
	p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(1, 100_000))
	if _, err := s.Put(p.PhotoName, "", p.Chunks); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(), bytes.Repeat([]byte("no"), 40_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	if s.Lost() == "" {
		t.Error("nobody is told")
	}
	if _, err := os.Stat(filepath.Join(s.dir, s.Lost())); err != nil {
		t.Errorf("the damaged file is gone: %v", err)
	}
	if held, _ := s.Photo(p.Hash); held.Size != 0 {
		t.Errorf("a photo from a damaged file: %+v", held)
	}
	if held, err := s.Put(p.PhotoName, "", p.Chunks); err != nil || !held.Whole() {
		t.Errorf("afterwards: %+v, %v", held, err)
	}
}

// Damaged pages cost the photos on them, and no others.
func TestDamagedPages(t *testing.T) {
	s := newStore(t)
	var all []syncproto.PhotoPart
	for i := range 6 {
		p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(uint64(i), 300_000))
		if _, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	for at := 1 << 20; at < 1<<20+20_000; at++ { // among the chunks
		raw[at] ^= 0xa5
	}
	if err := os.WriteFile(s.path(), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	check, err := syncproto.CheckPhotos(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v, set aside: %q", check, s.Lost())
	if check.Photos < 3 || check.Photos == 6 {
		t.Errorf("of 6 photos %d are left", check.Photos)
	}
	for _, p := range all {
		if held, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil || !held.Whole() {
			t.Errorf("it cannot be mended: %+v, %v", held, err)
		}
	}
}
