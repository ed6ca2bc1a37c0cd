package boltstore

import (
	"bytes"
	"slices"
	"sort"
)

// A list lies in its bucket as spans of neighbouring places: the first one
// stands in the key, those that follow it in the value. With a key for every
// place, each reply of a first copy would rewrite most pages of the bucket,
// for the visits of all households come mixed, and keep them in memory until
// it is saved.

// spanPlaces is how many places a span has at most.
const spanPlaces = 32

// listPrefix is how many bytes of a key in b name the list.
func (b bucket) listPrefix() int {
	if b == childrenBucket {
		return childPrefix
	}
	return 2 // collection
}

// spanOf returns a copy of all places of an entry in b, upwards, with room for
// one more.
func spanOf(b bucket, key, value []byte) ([]byte, error) {
	if len(key) != b.listPrefix()+placeSize || len(value)%placeSize != 0 {
		return nil, damaged(errShortIndex)
	}
	span := append(make([]byte, 0, 2*placeSize+len(value)), key[b.listPrefix():]...)
	return append(span, value...), nil
}

// before counts the places of a span that lie before one.
func before(span, place []byte) int {
	return sort.Search(len(span)/placeSize, func(i int) bool {
		return bytes.Compare(span[i*placeSize:(i+1)*placeSize], place) >= 0
	})
}

// spanAt returns the span that has the place of an index key or, if none has,
// would take it; nil if the list is empty.
func (tx *Tx) spanAt(b bucket, key []byte) ([]byte, error) {
	list := key[:b.listPrefix()]
	w, err := tx.down(b, append(bytes.Clone(key), 0))
	if err == nil && !bytes.HasPrefix(w.key, list) {
		w, err = tx.up(b, key)
	}
	if err != nil || !bytes.HasPrefix(w.key, list) {
		return nil, err
	}
	tx.looked[b] = look{key: w.key, sealed: w.value, changed: tx.changed[b]} // it is written next
	return spanOf(b, w.key, w.value)
}

// enter puts a place into its list.
func (tx *Tx) enter(b bucket, key []byte) error {
	list, place := key[:b.listPrefix()], key[b.listPrefix():]
	span, err := tx.spanAt(b, key)
	if err != nil {
		return err
	}
	first, at := firstOf(span), before(span, place)*placeSize
	full := len(span) == spanPlaces*placeSize
	switch {
	case bytes.HasPrefix(span[at:], place):
		return nil
	case full && (at == 0 || at == len(span)):
		// Places come in order far more often than not: the full span stays.
		return tx.respan(b, list, nil, place)
	}
	span = slices.Insert(span, at, place...)
	if full {
		const half = spanPlaces / 2 * placeSize
		if err := tx.respan(b, list, nil, span[half:]); err != nil {
			return err
		}
		span = span[:half]
	}
	return tx.respan(b, list, first, span)
}

// leave takes a place out of its list, if it is there.
func (tx *Tx) leave(b bucket, key []byte) error {
	list, place := key[:b.listPrefix()], key[b.listPrefix():]
	span, err := tx.spanAt(b, key)
	if err != nil {
		return err
	}
	first, at := firstOf(span), before(span, place)*placeSize
	if !bytes.HasPrefix(span[at:], place) {
		return nil
	}
	return tx.respan(b, list, first, slices.Delete(span, at, at+placeSize))
}

// firstOf returns a copy of the first place of a span, nil if it is empty.
func firstOf(span []byte) []byte {
	if len(span) == 0 {
		return nil
	}
	return bytes.Clone(span[:placeSize])
}

// respan writes a span, which may be empty, in place of the one that began with
// first; nil: of none. It keeps the slice.
func (tx *Tx) respan(b bucket, list, first, span []byte) error {
	if first != nil && !bytes.HasPrefix(span, first) {
		if err := tx.remove(b, slices.Concat(list, first)); err != nil {
			return err
		}
	}
	if len(span) == 0 {
		return nil
	}
	return tx.write(b, slices.Concat(list, span[:placeSize]), span[placeSize:])
}

// listing goes down the places of a list, and stays right when the transaction
// writes between two steps.
type listing struct {
	tx      *Tx
	b       bucket
	list    []byte // what its keys begin with
	w       *walk
	span    []byte // of where w stands: the places still to come
	changes int
	key     []byte // the list's name and the present place; nil at the end
}

// listing starts at the last place of a list before start, an index key.
func (tx *Tx) listing(b bucket, list, start []byte) (*listing, error) {
	l := &listing{tx: tx, b: b, list: list}
	return l, l.down(start)
}

func (l *listing) down(start []byte) (err error) {
	l.changes = l.tx.changes
	if l.w, err = l.tx.down(l.b, start); err != nil {
		return err
	}
	if err := l.load(); err != nil {
		return err
	}
	l.span = l.span[:before(l.span, start[len(l.list):])*placeSize]
	l.step()
	return nil
}

func (l *listing) next() error {
	if l.changes != l.tx.changes {
		return l.down(l.key)
	}
	if len(l.span) == 0 {
		l.w.next()
		if err := l.load(); err != nil {
			return err
		}
	}
	l.step()
	return nil
}

// load reads the span of where w stands, nothing beyond the list.
func (l *listing) load() (err error) {
	l.span = nil
	if bytes.HasPrefix(l.w.key, l.list) {
		l.span, err = spanOf(l.b, l.w.key, l.w.value)
	}
	return err
}

func (l *listing) step() {
	if l.key = nil; len(l.span) > 0 {
		last := len(l.span) - placeSize
		l.key, l.span = slices.Concat(l.list, l.span[last:]), l.span[:last]
	}
}
