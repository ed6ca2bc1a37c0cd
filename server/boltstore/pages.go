package boltstore

import (
	"bytes"
	"encoding/binary"
	"io"

	bolt "go.etcd.io/bbolt"
)

// bbolt trusts its file: a damaged page makes it panic, at times in a
// goroutine of its own where nobody can catch it (when it looks for free
// pages on opening, and in Tx.Check). So the pages are checked here first,
// read from the file and not from the map.
//
// The layout is that of bbolt's file format 2; numbers are little-endian on
// every machine that we build for.

const (
	pageHeader    = 16 // id 8, flags 2, count 2, overflow 4
	leafElement   = 16 // flags 4, pos 4, key size 4, value size 4
	branchElement = 16 // pos 4, key size 4, page 8
	bucketHeader  = 16 // root page 8, sequence 8

	branchPage = 0x01
	leafPage   = 0x02
	bucketLeaf = 0x01 // flag of a leaf element that holds a bucket

	// maxDepth is far beyond any tree that fits a disk.
	maxDepth = 64
)

// pageWalk visits every page that can be reached from a root.
type pageWalk struct {
	file  io.ReaderAt
	size  uint64 // of a page
	count uint64 // pages in use
	seen  []bool
	depth int
}

// checkPages reads all pages of the state that t sees.
func checkPages(file io.ReaderAt, t *bolt.Tx) error {
	size := uint64(t.DB().Info().PageSize)
	w := &pageWalk{file: file, size: size, count: uint64(t.Size()) / size}
	w.seen = make([]bool, w.count)
	return w.page(uint64(t.Cursor().Bucket().Root()), bounds{})
}

// bounds are what a page's keys must lie in: not below least, and below most;
// nil is no bound.
type bounds struct{ least, most []byte }

func (b bounds) hold(key []byte) bool {
	return (b.least == nil || bytes.Compare(b.least, key) <= 0) && (b.most == nil || bytes.Compare(key, b.most) < 0)
}

// page visits a page and all below it.
func (w *pageWalk) page(id uint64, in bounds) error {
	if w.depth++; w.depth > maxDepth {
		return damaged("page %d: too deep", id)
	}
	defer func() { w.depth-- }()
	b, err := w.read(id)
	if err != nil {
		return err
	}
	return w.elements(id, b, in)
}

// read returns a page with its overflow pages.
func (w *pageWalk) read(id uint64) ([]byte, error) {
	if id < 2 || id >= w.count {
		return nil, damaged("page %d of %d", id, w.count)
	}
	head := make([]byte, pageHeader)
	if _, err := w.file.ReadAt(head, int64(id*w.size)); err != nil {
		return nil, damaged("page %d: %v", id, err)
	}
	overflow := uint64(binary.LittleEndian.Uint32(head[12:]))
	if binary.LittleEndian.Uint64(head) != id || id+overflow >= w.count {
		return nil, damaged("page %d: header %x", id, head)
	}
	for i := id; i <= id+overflow; i++ {
		if w.seen[i] {
			return nil, damaged("page %d is used twice", i)
		}
		w.seen[i] = true
	}
	b := make([]byte, (1+overflow)*w.size)
	if _, err := w.file.ReadAt(b, int64(id*w.size)); err != nil {
		return nil, damaged("page %d: %v", id, err)
	}
	return b, nil
}

// elements checks the page in b, which for an inline bucket is its value.
func (w *pageWalk) elements(id uint64, b []byte, in bounds) error {
	if len(b) < pageHeader {
		return damaged("page %d: %d bytes", id, len(b))
	}
	flags, n := binary.LittleEndian.Uint16(b[8:]), int(binary.LittleEndian.Uint16(b[10:]))
	if flags != branchPage && flags != leafPage || flags == branchPage && n == 0 {
		return damaged("page %d: flags %x, %d elements", id, flags, n)
	}
	if len(b) < pageHeader+n*leafElement {
		return damaged("page %d: no room for %d elements", id, n)
	}
	keys := make([][]byte, n)
	for i := range keys {
		at, ok := pageHeader+i*leafElement, false
		if flags == branchPage {
			keys[i], ok = span(b, at, binary.LittleEndian.Uint32(b[at:]), binary.LittleEndian.Uint32(b[at+4:]))
		} else {
			keys[i], ok = span(b, at, binary.LittleEndian.Uint32(b[at+4:]), binary.LittleEndian.Uint32(b[at+8:]))
		}
		if !ok || !in.hold(keys[i]) || i > 0 && bytes.Compare(keys[i-1], keys[i]) >= 0 {
			return damaged("page %d: key %d is outside or out of order", id, i)
		}
	}
	if flags == branchPage {
		return w.children(b, keys, in)
	}
	return w.values(id, b, keys)
}

// children visits the pages below a branch.
func (w *pageWalk) children(b []byte, keys [][]byte, in bounds) error {
	for i, key := range keys {
		below := bounds{key, in.most}
		if i+1 < len(keys) {
			below.most = keys[i+1]
		}
		at := pageHeader + i*branchElement
		if err := w.page(binary.LittleEndian.Uint64(b[at+8:]), below); err != nil {
			return err
		}
	}
	return nil
}

// values checks the values of a leaf, and visits those that are buckets.
func (w *pageWalk) values(id uint64, b []byte, keys [][]byte) error {
	for i, key := range keys {
		at := pageHeader + i*leafElement
		flags := binary.LittleEndian.Uint32(b[at:])
		pos, size := binary.LittleEndian.Uint32(b[at+4:]), binary.LittleEndian.Uint32(b[at+12:])
		value, ok := span(b, at+len(key), pos, size)
		if !ok || flags > bucketLeaf || flags == bucketLeaf && len(value) < bucketHeader {
			return damaged("page %d: value %d is outside or of an unknown kind", id, i)
		}
		if flags != bucketLeaf {
			continue
		}
		var err error
		if root := binary.LittleEndian.Uint64(value); root != 0 {
			err = w.page(root, bounds{})
		} else {
			err = w.elements(id, value[bucketHeader:], bounds{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// span returns n bytes of b that begin pos after at.
func span(b []byte, at int, pos, n uint32) ([]byte, bool) {
	from, to := uint64(at)+uint64(pos), uint64(at)+uint64(pos)+uint64(n)
	if to > uint64(len(b)) {
		return nil, false
	}
	return b[from:to], true
}
