package syncproto

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// settled keeps large packed streams for whoever asks for the same next: the
// laptops of a village get the same notes in their first copy. A stream is
// known by its content: what has changed since is simply another one.
type settled struct {
	limit int // bytes of all packed streams that are kept

	mu     sync.Mutex
	blocks map[blockKey]*block
	order  []blockKey // of what is packed, the oldest first
	size   int        // bytes of those
}

type blockKey struct {
	codec byte
	sum   [sha256.Size]byte
}

// block is a packed stream, or one that somebody is just packing.
type block struct {
	once   sync.Once
	codec  byte
	packed []byte
}

// settledLeast is from how many bytes before packing a stream is kept: what is
// smaller is packed nearly as fast as it is found.
const settledLeast = 256 << 10

// pack returns what compress makes of a stream, now or before. Who asks while
// another packs the same waits for it.
func (s *settled) pack(codec byte, src []byte, compress func(byte, []byte) (byte, []byte)) (byte, []byte) {
	if len(src) < settledLeast || s.limit == 0 {
		return compress(codec, src)
	}
	key := blockKey{codec, sha256.Sum256(src)}
	b := s.block(key)
	b.once.Do(func() {
		b.codec, b.packed = compress(codec, src)
		b.packed = slices.Clone(b.packed) // without the room behind it
		s.keep(key, len(b.packed))
	})
	if b.packed == nil { // who packed it panicked
		return compress(codec, src)
	}
	return b.codec, b.packed
}

func (s *settled) block(key blockKey) *block {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blocks[key]
	if b == nil {
		b = &block{}
		s.blocks[key] = b
	}
	return b
}

// keep counts a packed stream and lets the oldest go.
func (s *settled) keep(key blockKey, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order, s.size = append(s.order, key), s.size+size
	for s.size > s.limit {
		oldest := s.order[0]
		s.size -= len(s.blocks[oldest].packed)
		delete(s.blocks, oldest)
		s.order = s.order[1:]
	}
}
