// Package boltfile reads the pages of a bbolt file and trusts nothing in them.
//
// bbolt maps its file into memory and follows what it finds there: a damaged
// page makes it panic, in the worst case by a fault that no program survives.
// So the laptop's store reads a file with this package before bbolt sees it,
// and takes from a damaged file what can still be read.
//
// The layout is bbolt's own, version 2, in the byte order of the machine:
// two meta pages, then branch, leaf and freelist pages of equal size.
package boltfile

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

const (
	magic       = 0xED0CDAED
	version     = 2
	minPageSize = 1024
	maxPageSize = 64 << 10
	headerSize  = 16 // of a page
	elementSize = 16 // of a branch or leaf element
	bucketSize  = 16 // of a bucket's header
	metaSize    = 64
	maxDepth    = 64

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketEntry  = 0x01
	noFreelist   = ^uint64(0)
)

var order = binary.NativeEndian

// File is an opened bbolt file.
type File struct {
	// BadMeta says that only one of the two meta pages is whole: a crash
	// while the other was written, or damage that cost the last transaction.
	BadMeta bool

	r        io.ReaderAt
	pageSize int64
	meta     meta
}

type meta struct {
	pageSize uint32
	root     uint64
	freelist uint64
	high     uint64 // number of pages
	txid     uint64
}

// Open reads the meta pages. It fails if neither is whole or if the file is
// shorter than the newer one says.
func Open(r io.ReaderAt, size int64) (*File, error) {
	first, firstErr := metaAt(r, 0)
	var second meta
	var secondErr error
	if firstErr == nil {
		second, secondErr = metaAt(r, int64(first.pageSize))
	} else {
		for at := int64(minPageSize); at <= maxPageSize; at *= 2 {
			if second, secondErr = metaAt(r, at); secondErr == nil && int64(second.pageSize) == at {
				break
			}
		}
	}
	f := &File{r: r, meta: first, BadMeta: firstErr != nil || secondErr != nil}
	switch {
	case firstErr != nil && secondErr != nil:
		return nil, fmt.Errorf("no whole meta page: %w", firstErr)
	case firstErr != nil, secondErr == nil && second.txid > first.txid:
		f.meta = second
	}
	f.pageSize = int64(f.meta.pageSize)
	if f.meta.high < 3 || f.meta.high > uint64(size/f.pageSize) {
		return nil, fmt.Errorf("file has %d bytes but %d pages of %d", size, f.meta.high, f.pageSize)
	}
	return f, nil
}

func metaAt(r io.ReaderAt, at int64) (meta, error) {
	var b [headerSize + metaSize]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return meta{}, fmt.Errorf("read meta page: %w", err)
	}
	m := b[headerSize:]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	if order.Uint32(m) != magic || order.Uint32(m[4:]) != version || order.Uint64(m[56:]) != sum.Sum64() {
		return meta{}, fmt.Errorf("meta page at %d is not whole", at)
	}
	out := meta{
		pageSize: order.Uint32(m[8:]),
		root:     order.Uint64(m[16:]),
		freelist: order.Uint64(m[32:]),
		high:     order.Uint64(m[40:]),
		txid:     order.Uint64(m[48:]),
	}
	if s := out.pageSize; s < minPageSize || s > maxPageSize || s&(s-1) != 0 {
		return meta{}, fmt.Errorf("page size %d", s)
	}
	return out, nil
}

// page reads a page with its overflow into memory of its own.
func (f *File) page(id uint64) ([]byte, error) {
	if id < 2 || id >= f.meta.high {
		return nil, fmt.Errorf("page %d of %d", id, f.meta.high)
	}
	b := make([]byte, f.pageSize)
	if _, err := f.r.ReadAt(b, int64(id)*f.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	if got := order.Uint64(b); got != id {
		return nil, fmt.Errorf("page %d says that it is %d", id, got)
	}
	over := uint64(order.Uint32(b[12:]))
	if over == 0 {
		return b, nil
	}
	if id+over >= f.meta.high {
		return nil, fmt.Errorf("page %d overflows by %d beyond the end", id, over)
	}
	long := make([]byte, int64(over+1)*f.pageSize)
	if _, err := f.r.ReadAt(long, int64(id)*f.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return long, nil
}

func kindOf(page []byte) uint16 { return order.Uint16(page[8:]) }
func countOf(page []byte) int   { return int(order.Uint16(page[10:])) }
func overflowOf(page []byte) uint64 {
	return uint64(order.Uint32(page[12:]))
}

// element is an entry of a branch or leaf page.
type element struct {
	flags      uint32
	key, value []byte // of a leaf
	child      uint64 // of a branch
}

// elements reads the entries of a branch or leaf page, proving that they lie
// inside it and are in order.
func elements(page []byte) ([]element, error) {
	kind, n := kindOf(page), countOf(page)
	if kind != branchPage && kind != leafPage {
		return nil, fmt.Errorf("page of kind %#x", kind)
	}
	if kind == branchPage && n == 0 {
		return nil, fmt.Errorf("branch page without entries")
	}
	table := headerSize + n*elementSize
	if table > len(page) {
		return nil, fmt.Errorf("%d entries in a page of %d bytes", n, len(page))
	}
	out := make([]element, n)
	for i := range out {
		at := headerSize + i*elementSize
		e, err := elementAt(page, at, table, kind)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		if i > 0 && string(out[i-1].key) >= string(e.key) {
			return nil, fmt.Errorf("entry %d: keys out of order", i)
		}
		out[i] = e
	}
	return out, nil
}

func elementAt(page []byte, at, table int, kind uint16) (e element, err error) {
	var pos, keyLen, valueLen uint64
	if kind == branchPage {
		pos, keyLen = uint64(order.Uint32(page[at:])), uint64(order.Uint32(page[at+4:]))
		e.child = order.Uint64(page[at+8:])
	} else {
		e.flags = order.Uint32(page[at:])
		pos, keyLen = uint64(order.Uint32(page[at+4:])), uint64(order.Uint32(page[at+8:]))
		valueLen = uint64(order.Uint32(page[at+12:]))
		if e.flags&^bucketEntry != 0 {
			return e, fmt.Errorf("flags %#x", e.flags)
		}
	}
	start := uint64(at) + pos
	if start < uint64(table) || start+keyLen+valueLen > uint64(len(page)) || keyLen == 0 {
		return e, fmt.Errorf("lies outside its page")
	}
	e.key = page[start : start+keyLen : start+keyLen]
	e.value = page[start+keyLen : start+keyLen+valueLen : start+keyLen+valueLen]
	return e, nil
}
