// Package phototest is the contract of a store of photos as tests, and such a
// store in memory.
package phototest

import (
	"bytes"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// Memory is a syncproto.PhotoStore in memory, for one goroutine.
type Memory struct {
	held   map[syncproto.PhotoHash]syncproto.PhotoHeld
	chunks map[syncproto.PhotoHash]map[int][]byte
	bad    map[syncproto.PhotoHash]syncproto.ChunkSet
	// Fails, if set, may make Put fail.
	Fails func() error
}

var _ syncproto.PhotoStore = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		held: map[syncproto.PhotoHash]syncproto.PhotoHeld{}, chunks: map[syncproto.PhotoHash]map[int][]byte{},
		bad: map[syncproto.PhotoHash]syncproto.ChunkSet{},
	}
}

// Photo implements syncproto.PhotoStore.
func (m *Memory) Photo(h syncproto.PhotoHash) (syncproto.PhotoHeld, error) { return m.held[h], nil }

// Chunk implements syncproto.PhotoStore.
func (m *Memory) Chunk(h syncproto.PhotoHash, i int) ([]byte, error) {
	if m.bad[h].Has(i) {
		m.bad[h] = m.bad[h].Without(syncproto.ChunkSet(0).With(i))
		held := m.held[h]
		held.Has = held.Has.Without(syncproto.ChunkSet(0).With(i))
		m.held[h] = held
		delete(m.chunks[h], i)
	}
	return bytes.Clone(m.chunks[h][i]), nil
}

// Put implements syncproto.PhotoStore.
func (m *Memory) Put(n syncproto.PhotoName, owner string, chunks []syncproto.PhotoChunk) (syncproto.PhotoHeld, error) {
	if m.Fails != nil {
		if err := m.Fails(); err != nil {
			return m.held[n.Hash], err
		}
	}
	held := m.held[n.Hash]
	if held.Whole() {
		return held, nil
	}
	if held.Size != n.Size {
		held = syncproto.PhotoHeld{Hash: n.Hash, Size: n.Size, Owner: owner}
		m.chunks[n.Hash] = map[int][]byte{}
	}
	for _, c := range chunks {
		held.Has = held.Has.With(c.Index)
		m.chunks[n.Hash][c.Index] = bytes.Clone(c.Data)
	}
	m.held[n.Hash] = held
	if !held.Whole() {
		return held, nil
	}
	whole, err := syncproto.ReadPhoto(m, n.Hash)
	if err == nil && syncproto.HashPhoto(whole) != n.Hash {
		held, err = syncproto.PhotoHeld{}, syncproto.SpoiltPhoto(n.Hash)
		_ = m.Drop(n.Hash) // cannot fail
	}
	return held, err
}

// Note implements syncproto.PhotoStore.
func (m *Memory) Note(h syncproto.PhotoHash, there syncproto.ChunkSet) error {
	if held, ok := m.held[h]; ok {
		held.There = there
		m.held[h] = held
	}
	return nil
}

// Drop implements syncproto.PhotoStore.
func (m *Memory) Drop(h syncproto.PhotoHash) error {
	delete(m.held, h)
	delete(m.chunks, h)
	return nil
}

// Damage makes a chunk be found damaged when it is read next.
func (m *Memory) Damage(h syncproto.PhotoHash, i int) error {
	m.bad[h] = m.bad[h].With(i)
	return nil
}

// All implements syncproto.PhotoStore.
func (m *Memory) All() iter.Seq2[syncproto.PhotoHeld, error] {
	return func(yield func(syncproto.PhotoHeld, error) bool) {
		for _, held := range slices.Collect(maps.Values(m.held)) {
			if !yield(held, nil) {
				return
			}
		}
	}
}

// Used implements syncproto.PhotoStore.
func (m *Memory) Used(owner string) (n int64, err error) {
	for _, held := range m.held {
		if held.Owner == owner {
			n += int64(held.Size)
		}
	}
	return n, nil
}
