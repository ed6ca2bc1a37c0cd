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
	if _, err := openIn(s.dir, ledgerIn(t, t.TempDir())); syncproto.CodeOf(err) != syncproto.CodePhotosShut {
		t.Errorf("another laptop's key: %v", err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	if held, _ := s.Photo(p.Hash); !held.Whole() {
		t.Errorf("trying another key has cost %+v", held)
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

// filled has six photos of ten chunks, and is closed.
func filled(t *testing.T) (*lasting, []syncproto.PhotoPart, []byte) {
	t.Helper()
	s := newStore(t)
	var all []syncproto.PhotoPart
	for i := range 6 {
		p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(uint64(i), 300_000))
		if _, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	var sealed []byte
	err := s.db.View(func(tx *bolt.Tx) error {
		sealed = bytes.Clone(tx.Bucket(bucketChunks).Get(s.chunkKey(all[3].Hash, 4)))
		return nil
	})
	if err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	return s, all, sealed
}

func (l *lasting) spoil(t *testing.T, f func(raw []byte)) {
	t.Helper()
	raw, err := os.ReadFile(l.path())
	if err != nil {
		t.Fatal(err)
	}
	f(raw)
	if err := os.WriteFile(l.path(), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
}

// What the disk has spoilt of one photo costs that photo.
func TestSpoiltBytes(t *testing.T) {
	s, all, sealed := filled(t)
	s.spoil(t, func(raw []byte) {
		at := bytes.Index(raw, sealed)
		for i := range 3000 {
			raw[at+500+i] ^= 0xa5
		}
	})
	check, err := syncproto.CheckPhotos(s)
	if err != nil || check.Photos != 5 || len(check.Damaged) != 1 || check.Damaged[0] != all[3].Hash || s.Lost() != "" {
		t.Errorf("%+v, %v, set aside %q", check, err, s.Lost())
	}
	if held, _ := s.Photo(all[3].Hash); held.Lacks(all[3].Size) != syncproto.ChunkSet(0).With(4) {
		t.Errorf("what is missing: %b", held.Lacks(all[3].Size))
	}
}

// Damage of the only row is no other key.
func TestSpoiltRow(t *testing.T) {
	s := newStore(t)
	p := syncproto.CutPhoto(syncproto.ID{}, phototest.Sample(1, 30_000))
	if _, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketPhotos).Put(s.key(p.Hash), []byte("spoilt")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil || !held.Whole() {
		t.Errorf("it cannot be put again: %+v, %v", held, err)
	}
}

// Wherever pages are spoilt, the laptop goes on, and all can be put again.
func TestSpoiltPages(t *testing.T) {
	for part := range 8 {
		s, all, _ := filled(t)
		s.spoil(t, func(raw []byte) {
			from := 4*4096 + (len(raw)-4*4096)*part/8
			for at := from; at < min(from+20_000, len(raw)); at++ {
				raw[at] ^= 0xa5
			}
		})
		check, err := syncproto.CheckPhotos(s)
		if err != nil {
			t.Errorf("part %d: %v", part, err)
		}
		t.Logf("part %d: %d whole, %d damaged, set aside %q", part, check.Photos, len(check.Damaged), s.Lost())
		for _, p := range all {
			if held, err := s.Put(p.PhotoName, "r", p.Chunks); err != nil || !held.Whole() {
				t.Errorf("part %d: it cannot be mended: %+v, %v", part, held, err)
			}
			if b, err := syncproto.ReadPhoto(s, p.Hash); err != nil || syncproto.HashPhoto(b) != p.Hash {
				t.Errorf("part %d: it cannot be read: %v", part, err)
			}
		}
	}
}

// A call that was in flight when the store was closed opens no file: nobody
// would close it, and the next to unlock would find it held.
func TestNothingOpensAfterClose(t *testing.T) {
	s, parts, _ := filled(t)
	p := parts[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	more := syncproto.CutPhoto(syncproto.ID{}, []byte("one more"))
	_, err := s.Put(more.PhotoName, "", more.Chunks)
	for what, err := range map[string]error{
		"Put": err, "Note": s.Note(p.Hash, 1), "Drop": s.Drop(p.Hash),
	} {
		if err == nil {
			t.Errorf("%s after Close went through", what)
		}
	}
	if _, err := s.Chunk(p.Hash, 0); err == nil {
		t.Error("Chunk after Close went through")
	}
	again, err := openIn(s.dir, s.ledger)
	if err != nil {
		t.Fatalf("the next to open: %v", err)
	}
	if err := errors.Join(again.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}
