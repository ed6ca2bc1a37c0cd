package syncproto

import (
	"crypto/sha256"
	"fmt"
	"iter"
)

// PhotoStore keeps the bytes of photos, in chunks. Each method is a
// transaction of its own; what one has put is on the disk when it returns.
// Package phototest is its contract. Errors: CodeDiskFull, CodeDamaged.
type PhotoStore interface {
	// Photo says what is here; the zero PhotoHeld: nothing.
	Photo(PhotoHash) (PhotoHeld, error)
	// Chunk returns a chunk, nil if it is not here. One that is damaged on
	// the disk is dropped first: from then on it is not here.
	Chunk(h PhotoHash, i int) ([]byte, error)
	// Put adds chunks that fit (see GoodChunks) and reserves the photo's room
	// on owner's account. A photo whose last chunk has come is checked as a
	// whole: if it is not what its name says, all of it is dropped and the
	// error is CodePhotoSpoilt. Parts of another size are replaced; a whole
	// photo stays as it is.
	Put(n PhotoName, owner string, chunks []PhotoChunk) (PhotoHeld, error)
	// Note remembers which chunks the other side has.
	Note(h PhotoHash, there ChunkSet) error
	// Drop removes a photo with all that is known of it.
	Drop(PhotoHash) error
	// All lists the photos, in no particular order.
	All() iter.Seq2[PhotoHeld, error]
	// Used is how many bytes stand on an owner's account.
	Used(owner string) (int64, error)
}

// PhotoHeld is what a store has of a photo.
type PhotoHeld struct {
	Hash  PhotoHash
	Size  int
	Has   ChunkSet
	There ChunkSet // what the other side is known to have, a hint
	Owner string
}

// Whole reports whether all chunks are here.
func (p PhotoHeld) Whole() bool { return p.Size > 0 && p.Has == AllChunks(p.Size) }

// Lacks is what is missing of a photo of that size.
func (p PhotoHeld) Lacks(size int) ChunkSet {
	if p.Size != size {
		return AllChunks(size)
	}
	return AllChunks(size).Without(p.Has)
}

// ReadPhoto returns a whole photo, nil if it is not here.
func ReadPhoto(s PhotoStore, h PhotoHash) ([]byte, error) {
	held, err := s.Photo(h)
	if err != nil || !held.Whole() {
		return nil, err
	}
	out := make([]byte, 0, held.Size)
	for i := range held.Has.Count() {
		b, err := s.Chunk(h, i)
		if err != nil || b == nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// SpoiltPhoto is the error of a photo that is not what its name says.
func SpoiltPhoto(h PhotoHash) error {
	return &Error{Code: CodePhotoSpoilt, Message: "照片在路上损坏了", Hint: "程序会自动重新传一遍。", Err: fmt.Errorf("photo %s", h)}
}

// GoodChunks returns the chunks of a part that came undamaged.
func (p PhotoPart) GoodChunks() []PhotoChunk {
	out := make([]PhotoChunk, 0, len(p.Chunks))
	for _, c := range p.Chunks {
		if c.fits(p.Size) {
			out = append(out, c)
		}
	}
	return out
}

// PhotoCheck is the outcome of CheckPhotos.
type PhotoCheck struct {
	Photos  int         `json:"photos"` // whole
	Parts   int         `json:"parts"`  // on their way
	Bytes   int64       `json:"bytes"`
	Damaged []PhotoHash `json:"damaged"` // those that have lost chunks
}

// CheckPhotos reads everything. Damaged chunks are dropped, so that they are
// asked for again.
func CheckPhotos(s PhotoStore) (out PhotoCheck, err error) {
	var all []PhotoHeld
	for held, err := range s.All() {
		if err != nil {
			return out, err
		}
		all = append(all, held)
	}
	for _, held := range all {
		good, err := checkPhoto(s, held)
		switch {
		case err != nil:
			return out, err
		case !good:
			out.Damaged = append(out.Damaged, held.Hash)
		case held.Whole():
			out.Photos++
		default:
			out.Parts++
		}
		out.Bytes += int64(held.Size)
	}
	return out, nil
}

func checkPhoto(s PhotoStore, held PhotoHeld) (good bool, err error) {
	sum := sha256.New()
	good = true
	held.Has.Each(func(i int) bool {
		var b []byte
		b, err = s.Chunk(held.Hash, i)
		good = good && b != nil
		sum.Write(b)
		return err == nil
	})
	if err != nil || !good || !held.Whole() || PhotoHash(sum.Sum(nil)) == held.Hash {
		return good, err
	}
	return false, s.Drop(held.Hash)
}
