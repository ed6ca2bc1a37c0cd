package syncproto

import (
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
)

// PathPhotos is the HTTP endpoint of photos, beside PathExchange. They go by
// themselves, after the text.
const PathPhotos = "/p"

// Limits of photos. A photo goes in chunks of PhotoChunkSize bytes, the last
// one shorter, so that a cut costs little on any way.
const (
	PhotoChunkSize     = 32 << 10
	MaxPhoto           = 1536 << 10 // bytes of a photo
	MaxPhotoChunks     = MaxPhoto / PhotoChunkSize
	MaxPhotosPerRecord = 9
	MaxPhotoMessage    = 2 << 20 // bytes of an encoded photo request or reply
	MaxPhotoNames      = 256     // photos named in each list of a message
	PhotoSumSize       = 16      // bytes of SHA-256 that guard a chunk
)

// PhotoHash names a photo by the SHA-256 of its bytes.
type PhotoHash [sha256.Size]byte

// HashPhoto returns the name of a photo.
func HashPhoto(b []byte) PhotoHash { return sha256.Sum256(b) }

// ParsePhotoHash reads the hexadecimal form.
func ParsePhotoHash(text string) (h PhotoHash, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) {
		return h, malformed("%q names no photo", clip(text))
	}
	return PhotoHash(b), nil
}

// String returns the hexadecimal form.
func (h PhotoHash) String() string { return hex.EncodeToString(h[:]) }

// PhotoName is a photo and the record that names it, from which the right to
// have its bytes comes.
type PhotoName struct {
	Record ID
	Hash   PhotoHash
	Size   int // bytes
}

// All is the set of all of its chunks.
func (n PhotoName) All() ChunkSet { return AllChunks(n.Size) }

// ChunkSet is a set of chunks of one photo, by their index.
type ChunkSet uint64

// AllChunks is the set of the chunks of a photo of size bytes.
func AllChunks(size int) ChunkSet {
	return 1<<((size+PhotoChunkSize-1)/PhotoChunkSize) - 1
}

// Has reports whether chunk i is in the set.
func (s ChunkSet) Has(i int) bool { return s>>i&1 != 0 }

// With returns the set with chunk i.
func (s ChunkSet) With(i int) ChunkSet { return s | 1<<i }

// Without returns what is in s and not in o.
func (s ChunkSet) Without(o ChunkSet) ChunkSet { return s &^ o }

// Count returns how many chunks there are.
func (s ChunkSet) Count() int { return bits.OnesCount64(uint64(s)) }

// Each calls f with the chunks in order until it returns false.
func (s ChunkSet) Each(f func(i int) bool) {
	for ; s != 0; s &= s - 1 {
		if !f(bits.TrailingZeros64(uint64(s))) {
			return
		}
	}
}

// PhotoChunk is a piece of a photo on its way.
type PhotoChunk struct {
	Index int
	Sum   [PhotoSumSize]byte
	Data  []byte
}

// NewPhotoChunk returns a chunk with its sum.
func NewPhotoChunk(i int, data []byte) PhotoChunk {
	return PhotoChunk{Index: i, Sum: SumPhotoChunk(data), Data: data}
}

// SumPhotoChunk is the first half of a chunk's SHA-256.
func SumPhotoChunk(data []byte) [PhotoSumSize]byte {
	sum := sha256.Sum256(data)
	return [PhotoSumSize]byte(sum[:])
}

// fits reports whether the chunk is undamaged and as long as it must be in a
// photo of that size.
func (c PhotoChunk) fits(size int) bool {
	return c.Index >= 0 && AllChunks(size).Has(c.Index) && c.Sum == SumPhotoChunk(c.Data) &&
		len(c.Data) == min(PhotoChunkSize, size-c.Index*PhotoChunkSize)
}

// PhotoPart is some chunks of a photo.
type PhotoPart struct {
	PhotoName
	Chunks []PhotoChunk
}

// CutPhoto returns a whole photo in its chunks.
func CutPhoto(record ID, b []byte) PhotoPart {
	p := PhotoPart{PhotoName: PhotoName{Record: record, Hash: HashPhoto(b), Size: len(b)}}
	for i := 0; i*PhotoChunkSize < len(b); i++ {
		p.Chunks = append(p.Chunks, NewPhotoChunk(i, b[i*PhotoChunkSize:min((i+1)*PhotoChunkSize, len(b))]))
	}
	return p
}

// PhotoWish asks for chunks of a photo.
type PhotoWish struct {
	PhotoName
	Missing ChunkSet
}

// PhotoRequest is what a laptop sends about photos. It needs no lease: bytes
// are named by what they are, so that a copy of a laptop can do no harm.
type PhotoRequest struct {
	Version int
	Token   []byte
	Ask     []PhotoName // which of these does the hub have
	Up      []PhotoPart
	Want    []PhotoWish // in the order in which they are wanted
	Budget  int         // bytes of chunks that the reply may carry
}

// PhotoReply is the hub's answer. Its first entries are those of a Reply.
type PhotoReply struct {
	Version int
	Now     int64
	Error   *Error
	Retry   int           // seconds to wait before the next try, with Error
	States  []PhotoStatus // of everything named in the request
	Down    []PhotoPart
}

// PhotoState says what a hub has of a photo.
type PhotoState uint8

// The states. An unknown record is one that the hub does not have, that does
// not name the photo, or that the laptop may not see: the text goes first.
const (
	PhotoUnknown PhotoState = 0
	PhotoParts   PhotoState = 1 // Missing says which chunks it lacks
	PhotoWhole   PhotoState = 2
	PhotoRefused PhotoState = 3 // Error says why it does not take it
)

// PhotoStatus is the state of a photo, named by its record.
type PhotoStatus struct {
	Record  ID
	State   PhotoState
	Missing ChunkSet
	Error   *Error
}

// PhotoTags says where records name photos; package ledger knows.
type PhotoTags struct {
	Collection Collection
	Hash       Tag // bytes
	Size       Tag // int
	Deleted    Tag // bool
	// Arrived is true while the hub has the photo whole. Only the hub writes
	// it, so that the text says everywhere which photos have arrived.
	Arrived Tag
}

// Of returns the photo that a record names, false if it names none that there
// can be.
func (t PhotoTags) Of(r *Record) (PhotoName, bool) {
	hash, size := r.Value(t.Hash).Bytes(), r.Value(t.Size).Int()
	if r.Collection != t.Collection || len(hash) != sha256.Size || size <= 0 || size > MaxPhoto {
		return PhotoName{}, false
	}
	return PhotoName{Record: r.ID, Hash: PhotoHash(hash), Size: int(size)}, true
}
