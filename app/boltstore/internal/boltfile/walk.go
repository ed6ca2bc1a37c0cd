package boltfile

import (
	"errors"
	"fmt"
	"slices"
)

// Usage says how full a file is, in pages.
type Usage struct {
	PageSize int
	Pages    int // up to the high-water mark
	Free     int // of them on the free list
}

// Visit is called for every entry of every top-level bucket, in order. The
// slices are its to keep.
type Visit func(bucket string, key, value []byte) error

// Check reads every page that the file refers to, proves that bbolt can follow
// it safely, and visits all entries. Any error but those of visit means that
// the file is damaged.
func (f *File) Check(visit Visit) (Usage, error) {
	w := &walk{File: f, visit: visit, used: make([]bool, f.meta.high)}
	w.failed = func(_ string, err error) error { return err }
	if err := w.root(); err != nil {
		return Usage{}, err
	}
	free, err := w.freelist()
	return Usage{PageSize: int(f.pageSize), Pages: int(f.meta.high), Free: free}, err
}

// Bucket visits the entries of one top-level bucket. A bucket that is not
// there has none.
func (f *File) Bucket(name string, visit Visit) error {
	w := &walk{File: f, visit: visit, used: make([]bool, f.meta.high), only: name}
	w.failed = func(_ string, err error) error { return err }
	return w.root()
}

// Salvage visits all entries that can still be reached and returns, by
// bucket, what could not be; the name "" stands for the file as a whole. It
// stops only if visit fails.
func (f *File) Salvage(visit Visit) (map[string]error, error) {
	lost := make(map[string]error)
	w := &walk{File: f, visit: visit, used: make([]bool, f.meta.high)}
	w.failed = func(bucket string, err error) error {
		lost[bucket] = errors.Join(lost[bucket], err)
		return nil
	}
	return lost, w.root()
}

type walk struct {
	*File
	visit  Visit
	failed func(bucket string, err error) error
	used   []bool // by page
	only   string
}

// visitError carries an error of visit past the handling of damage.
type visitError struct{ error }

func (v visitError) Unwrap() error { return v.error }

func (w *walk) root() error {
	err := w.tree(w.meta.root, "", span{}, 0)
	var v visitError
	if errors.As(err, &v) {
		return v.error
	}
	return err
}

// span bounds the keys of a subtree: low ≤ key < high; nil is no bound.
type span struct{ low, high []byte }

func (s span) holds(key []byte) bool {
	return (s.low == nil || string(key) >= string(s.low)) && (s.high == nil || string(key) < string(s.high))
}

// tree walks a page and all below it. bucket is "" in the tree of buckets.
func (w *walk) tree(id uint64, bucket string, in span, depth int) error {
	entries, kind, err := w.read(id, in, depth)
	if err != nil {
		return w.report(bucket, fmt.Errorf("page %d: %w", id, err))
	}
	if kind == leafPage {
		return w.leaf(entries, bucket)
	}
	for i, e := range entries {
		below := span{e.key, in.high}
		if i+1 < len(entries) {
			below.high = entries[i+1].key
		}
		if err := w.tree(e.child, bucket, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) read(id uint64, in span, depth int) ([]element, uint16, error) {
	if depth > maxDepth {
		return nil, 0, errors.New("tree too deep")
	}
	page, err := w.page(id)
	if err != nil {
		return nil, 0, err
	}
	for p := id; p <= id+overflowOf(page); p++ {
		if w.used[p] {
			return nil, 0, errors.New("used twice")
		}
		w.used[p] = true
	}
	entries, err := elements(page)
	if err != nil {
		return nil, 0, err
	}
	if kindOf(page) == leafPage && len(entries) == 0 && depth > 0 {
		return nil, 0, errors.New("leaf without entries")
	}
	for _, e := range entries {
		if !in.holds(e.key) {
			return nil, 0, errors.New("key outside its branch")
		}
	}
	return entries, kindOf(page), nil
}

func (w *walk) leaf(entries []element, bucket string) error {
	for _, e := range entries {
		isBucket := e.flags&bucketEntry != 0
		if isBucket != (bucket == "") {
			if err := w.report(bucket, errors.New("bucket or entry out of place")); err != nil {
				return err
			}
			continue
		}
		if isBucket {
			if err := w.bucket(string(e.key), e.value); err != nil {
				return err
			}
			continue
		}
		if err := w.visit(bucket, e.key, e.value); err != nil {
			return visitError{err}
		}
	}
	return nil
}

func (w *walk) bucket(name string, value []byte) error {
	if w.only != "" && name != w.only {
		return nil
	}
	if len(value) < bucketSize {
		return w.report(name, errors.New("short bucket header"))
	}
	if root := order.Uint64(value); root != 0 {
		return w.tree(root, name, span{}, 0)
	}
	inline := value[bucketSize:]
	if len(inline) < headerSize || kindOf(inline) != leafPage {
		return w.report(name, errors.New("inline bucket is no leaf"))
	}
	entries, err := elements(inline)
	if err != nil {
		return w.report(name, fmt.Errorf("inline bucket: %w", err))
	}
	return w.leaf(entries, name)
}

func (w *walk) report(bucket string, err error) error {
	if bucket != "" {
		err = fmt.Errorf("bucket %s: %w", bucket, err)
	}
	return w.failed(bucket, err)
}

// freelist proves that no page is both free and in use, which would let a
// later save overwrite it, and returns how many are free.
func (w *walk) freelist() (int, error) {
	if w.meta.freelist == noFreelist {
		return 0, nil
	}
	page, err := w.page(w.meta.freelist)
	if err != nil {
		return 0, fmt.Errorf("free list: %w", err)
	}
	if kindOf(page) != freelistPage {
		return 0, fmt.Errorf("free list: page of kind %#x", kindOf(page))
	}
	for p := w.meta.freelist; p <= w.meta.freelist+overflowOf(page); p++ {
		if w.used[p] {
			return 0, fmt.Errorf("free list: page %d used twice", p)
		}
		w.used[p] = true
	}
	ids, count := page[headerSize:], uint64(countOf(page))
	if count == 0xFFFF { // bbolt then writes the count before the ids
		if len(ids) < 8 {
			return 0, errors.New("free list: no count")
		}
		count, ids = order.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return 0, fmt.Errorf("free list: %d pages do not fit", count)
	}
	for id := range slices.Chunk(ids[:8*count], 8) {
		p := order.Uint64(id)
		if p < 2 || p >= w.meta.high || w.used[p] {
			return 0, fmt.Errorf("free list: page %d is in use", p)
		}
		w.used[p] = true
	}
	return int(count), nil
}
