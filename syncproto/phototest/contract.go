package phototest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"gridbook/syncproto"
)

// Store is what the suite needs of a store that outlives its program.
type Store interface {
	syncproto.PhotoStore
	// Reopen closes the store and opens it again.
	Reopen() error
	// Damage changes a byte of a chunk on the disk.
	Damage(h syncproto.PhotoHash, i int) error
}

// Sample returns bytes that are unlike those of other seeds.
func Sample(seed uint64, size int) []byte {
	b := make([]byte, 0, size+sha256.Size)
	for n := uint64(0); len(b) < size; n++ {
		var at [16]byte
		binary.BigEndian.PutUint64(at[:], seed)
		binary.BigEndian.PutUint64(at[8:], n)
		sum := sha256.Sum256(at[:])
		b = append(b, sum[:]...)
	}
	return b[:size]
}

// Run runs the suite. Each call of open makes an empty store, which lives
// until the test ends.
func Run(t *testing.T, open func(t testing.TB) Store) {
	t.Run("Empty", func(t *testing.T) { empty(t, open(t)) })
	t.Run("InParts", func(t *testing.T) { inParts(t, open(t)) })
	t.Run("Spoilt", func(t *testing.T) { spoilt(t, open(t)) })
	t.Run("OtherSize", func(t *testing.T) { otherSize(t, open(t)) })
	t.Run("Damaged", func(t *testing.T) { damagedChunk(t, open(t)) })
	t.Run("Accounts", func(t *testing.T) { accounts(t, open(t)) })
	t.Run("Check", func(t *testing.T) { checks(t, open(t)) })
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s Store, owner string, p syncproto.PhotoPart, chunks ...int) syncproto.PhotoHeld {
	t.Helper()
	var some []syncproto.PhotoChunk
	for _, i := range chunks {
		some = append(some, p.Chunks[i])
	}
	held, err := s.Put(p.PhotoName, owner, some)
	check(t, err)
	return held
}

func held(t testing.TB, s Store, h syncproto.PhotoHash) syncproto.PhotoHeld {
	t.Helper()
	out, err := s.Photo(h)
	check(t, err)
	return out
}

func empty(t *testing.T, s Store) {
	p := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 100))
	if got := held(t, s, p.Hash); got != (syncproto.PhotoHeld{}) {
		t.Errorf("an empty store has %+v", got)
	}
	if b, err := s.Chunk(p.Hash, 0); b != nil || err != nil {
		t.Errorf("a chunk of nothing: %v, %v", b, err)
	}
	check(t, s.Drop(p.Hash))
	check(t, s.Note(p.Hash, 1))
	for _, err := range s.All() {
		check(t, err)
		t.Error("an empty store lists something")
	}
	if n, err := s.Used("v"); n != 0 || err != nil {
		t.Errorf("used %d, %v", n, err)
	}
}

// A photo comes in parts, in any order and more than once, and stays over a
// stop of the program.
func inParts(t *testing.T, s Store) {
	b := Sample(1, 3*syncproto.PhotoChunkSize+17)
	p := syncproto.CutPhoto(syncproto.ID{}, b)
	put(t, s, "v", p, 3, 1)
	put(t, s, "v", p, 1)
	check(t, s.Reopen())
	got := held(t, s, p.Hash)
	if got.Has != 0b1010 || got.Whole() || got.Size != len(b) || got.Owner != "v" || got.Lacks(len(b)) != 0b0101 {
		t.Errorf("after two chunks: %+v", got)
	}
	check(t, s.Note(p.Hash, 0b11))
	put(t, s, "v", p, 0, 2)
	check(t, s.Reopen())
	if got := held(t, s, p.Hash); !got.Whole() || got.There != 0b11 {
		t.Errorf("after all chunks: %+v", got)
	}
	whole, err := syncproto.ReadPhoto(s, p.Hash)
	check(t, err)
	if !bytes.Equal(whole, b) {
		t.Error("the photo is not what was put")
	}
	if got := put(t, s, "other", p, 0); !got.Whole() || got.Owner != "v" {
		t.Errorf("a whole photo was changed: %+v", got)
	}
}

// A photo that is not what its name says does not stay.
func spoilt(t *testing.T, s Store) {
	good := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 2*syncproto.PhotoChunkSize))
	bad := syncproto.CutPhoto(syncproto.ID{}, Sample(2, 2*syncproto.PhotoChunkSize))
	put(t, s, "v", good, 0)
	_, err := s.Put(good.PhotoName, "v", bad.Chunks[1:])
	if syncproto.CodeOf(err) != syncproto.CodePhotoSpoilt {
		t.Fatalf("a wrong photo: %v", err)
	}
	if got := held(t, s, good.Hash); got.Has != 0 {
		t.Errorf("a wrong photo stays: %+v", got)
	}
	if n, _ := s.Used("v"); n != 0 {
		t.Errorf("it still takes %d bytes", n)
	}
	if !put(t, s, "v", good, 0, 1).Whole() {
		t.Error("the right one is not taken afterwards")
	}
}

// Nobody can keep a photo from arriving by claiming another size first.
func otherSize(t *testing.T, s Store) {
	good := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 2*syncproto.PhotoChunkSize))
	lie := good
	lie.Size++
	_, err := s.Put(lie.PhotoName, "w", good.Chunks[:1])
	check(t, err)
	put(t, s, "v", good, 1)
	if got := held(t, s, good.Hash); got.Size != good.Size || got.Has != 0b10 || got.Owner != "v" {
		t.Errorf("parts of another size stay: %+v", got)
	}
	if n, _ := s.Used("w"); n != 0 {
		t.Errorf("the other still pays %d", n)
	}
}

// A chunk that the disk has damaged is noticed, asked for again and mended.
func damagedChunk(t *testing.T, s Store) {
	p := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 3*syncproto.PhotoChunkSize))
	put(t, s, "v", p, 0, 1, 2)
	check(t, s.Damage(p.Hash, 1))
	b, err := s.Chunk(p.Hash, 1)
	if b != nil || err != nil {
		t.Errorf("a damaged chunk: %d bytes, %v", len(b), err)
	}
	if got := held(t, s, p.Hash); got.Whole() || got.Lacks(p.Size) != 0b010 {
		t.Errorf("a damaged photo: %+v", got)
	}
	if !put(t, s, "v", p, 1).Whole() {
		t.Error("it was not mended")
	}
}

func accounts(t *testing.T, s Store) {
	a, b := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 1000)), syncproto.CutPhoto(syncproto.ID{}, Sample(2, 50_000))
	put(t, s, "v", a, 0)
	put(t, s, "v", b, 1) // in parts, it has its room already
	check(t, s.Reopen())
	if n, _ := s.Used("v"); n != 51_000 {
		t.Errorf("used %d", n)
	}
	check(t, s.Drop(b.Hash))
	if n, _ := s.Used("v"); n != 1000 {
		t.Errorf("used %d after a drop", n)
	}
	if got := held(t, s, b.Hash); got != (syncproto.PhotoHeld{}) {
		t.Errorf("after a drop: %+v", got)
	}
	if c, err := s.Chunk(b.Hash, 1); c != nil || err != nil {
		t.Errorf("after a drop: a chunk of %d bytes, %v", len(c), err)
	}
	n := 0
	for h, err := range s.All() {
		check(t, err)
		if n++; h.Hash != a.Hash {
			t.Errorf("listed %v", h.Hash)
		}
	}
	if n != 1 {
		t.Errorf("%d photos listed", n)
	}
}

func checks(t *testing.T, s Store) {
	a, b := syncproto.CutPhoto(syncproto.ID{}, Sample(1, 40_000)), syncproto.CutPhoto(syncproto.ID{}, Sample(2, 90_000))
	c := syncproto.CutPhoto(syncproto.ID{}, Sample(3, 70_000))
	put(t, s, "", a, 0, 1)
	put(t, s, "", b, 0, 1, 2)
	put(t, s, "", c, 2)
	check(t, s.Damage(b.Hash, 2))
	got, err := syncproto.CheckPhotos(s)
	check(t, err)
	if got.Photos != 1 || got.Parts != 1 || got.Bytes != 200_000 || len(got.Damaged) != 1 || got.Damaged[0] != b.Hash {
		t.Errorf("check: %+v", got)
	}
	if h := held(t, s, b.Hash); h.Has != 0b011 {
		t.Errorf("what is damaged still counts: %+v", h)
	}
}
