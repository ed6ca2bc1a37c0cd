package boltstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"sort"

	"gridbook/syncproto"
)

// Place is where a record stands in a list by day: the zero Place is before
// the newest.
type Place struct {
	Day int64 // days since 1970-01-01
	ID  syncproto.ID
}

// Entry is a record in a list by day.
type Entry struct {
	Place
	*syncproto.Record
}

// Children lists records of c under a parent, newest day first: at most limit
// of them, starting after the given place. The Place of the last one leads on
// to the next page.
func (tx *Tx) Children(parent syncproto.Key, c syncproto.Collection, after Place, limit int) ([]Entry, error) {
	prefix := binary.BigEndian.AppendUint16(parent.Bytes(), uint16(c))
	below := bytes.Repeat([]byte{0xff}, placeSize+1)
	if after != (Place{}) {
		below = after.ID.Append(orderedDay(nil, after.Day))
	}
	var out []Entry
	for e, err := range tx.byDay(childrenBucket, prefix, below, c) {
		if err != nil {
			return nil, err
		}
		if len(out) == limit {
			break
		}
		out = append(out, e)
	}
	return out, nil
}

// Dates lists the records of c dated from one day to another, both included,
// newest first, whatever their parent.
func (tx *Tx) Dates(c syncproto.Collection, from, to int64) iter.Seq2[Entry, error] {
	prefix := binary.BigEndian.AppendUint16(nil, uint16(c))
	below := append(orderedDay(nil, to), bytes.Repeat([]byte{0xff}, syncproto.StampSize+1)...)
	return func(yield func(Entry, error) bool) {
		for e, err := range tx.byDay(datesBucket, prefix, below, c) {
			if err == nil && e.Day < from || !yield(e, err) {
				return
			}
		}
	}
}

// byDay goes down an index below prefix ‖ below: the keys of what is agreed,
// and among them those of the unsent, which replace what is agreed of the same
// records.
func (tx *Tx) byDay(b bucket, prefix, below []byte, c syncproto.Collection) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		start := append(bytes.Clone(prefix), below...)
		un, err := tx.unsent()
		if err != nil {
			yield(Entry{}, err)
			return
		}
		w, err := tx.listing(b, prefix, start)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		own := un.below(b, string(start))
		for {
			agreed := w.key != nil
			unsent := len(own) > 0 && bytes.HasPrefix([]byte(own[0]), prefix)
			var key []byte
			switch {
			case !agreed && !unsent:
				return
			case unsent && (!agreed || own[0] > string(w.key)):
				key, own = []byte(own[0]), own[1:]
			default:
				key = w.key
				if err := w.next(); err != nil {
					yield(Entry{}, err)
					return
				}
				if un.has(c, key) {
					continue
				}
			}
			e, err := tx.entryAt(key[len(prefix):], c)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (tx *Tx) entryAt(place []byte, c syncproto.Collection) (Entry, error) {
	if len(place) != placeSize {
		return Entry{}, damaged(errShortIndex)
	}
	id, err := syncproto.StampOf(place[4:])
	if err != nil {
		return Entry{}, damaged(err)
	}
	r, err := tx.Get(syncproto.Key{Collection: c, ID: id})
	if err == nil && r == nil {
		err = damaged(errDangling)
	}
	return Entry{Place{dayOf(place), id}, r}, err
}

// unsent is where the records with unsent changes stand. It is made when a
// list is asked for, and not kept in the file: a saved edit then touches the
// pages of its own value only, and what is unsent is little.
type unsent struct {
	txid    int
	changes int
	keys    map[syncproto.Key]bool
	lists   map[bucket][]string // keys of an index, greatest first
}

func (u *unsent) has(c syncproto.Collection, indexKey []byte) bool {
	if len(u.keys) == 0 || len(indexKey) < syncproto.StampSize {
		return false
	}
	id, _ := syncproto.StampOf(indexKey[len(indexKey)-syncproto.StampSize:])
	return u.keys[syncproto.Key{Collection: c, ID: id}]
}

// below returns those keys of a list that are less than start.
func (u *unsent) below(b bucket, start string) []string {
	list := u.lists[b]
	return list[sort.Search(len(list), func(i int) bool { return list[i] < start }):]
}

func (tx *Tx) unsent() (*unsent, error) {
	if tx.own != nil && tx.own.changes == tx.changes {
		return tx.own, nil
	}
	if cached := tx.cache.Load(); !tx.bolt.Writable() && cached != nil && cached.txid == tx.txid {
		return cached, nil
	}
	u := &unsent{txid: tx.txid, changes: tx.changes, keys: make(map[syncproto.Key]bool), lists: make(map[bucket][]string)}
	for d, err := range tx.eachDelta() {
		if err != nil {
			return nil, err
		}
		agreed, err := tx.Agreed(d.Key)
		if err != nil {
			return nil, err
		}
		u.keys[d.Key] = true
		for b, key := range tx.entries(shown(agreed, d)).each() {
			u.lists[b] = append(u.lists[b], key)
		}
	}
	for _, list := range u.lists {
		slices.SortFunc(list, func(a, b string) int { return cmp.Compare(b, a) })
	}
	tx.own = u
	if !tx.bolt.Writable() {
		tx.cache.Store(u)
	}
	return u, nil
}

// eachDelta lists the deltas by key.
func (tx *Tx) eachDelta() iter.Seq2[*syncproto.Delta, error] {
	return func(yield func(*syncproto.Delta, error) bool) {
		for k, err := range tx.deltaKeys() {
			var d *syncproto.Delta
			if err == nil {
				d, err = tx.Delta(k)
			}
			if err == nil && d == nil {
				continue // removed since
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (tx *Tx) deltaKeys() iter.Seq2[syncproto.Key, error] {
	return func(yield func(syncproto.Key, error) bool) {
		w, err := tx.up(deltasBucket, nil)
		if err != nil {
			yield(syncproto.Key{}, err)
			return
		}
		for ; w.key != nil; w.next() {
			k, err := syncproto.KeyOf(w.key)
			if err != nil {
				yield(k, damaged(err))
				return
			}
			if !yield(k, nil) {
				return
			}
		}
	}
}

// Deltas implements syncproto.ReplicaTx. One that is removed while the list is
// read is no longer in it; one that is put need not be.
func (tx *Tx) Deltas() iter.Seq2[*syncproto.Delta, error] {
	return func(yield func(*syncproto.Delta, error) bool) {
		turns, err := tx.turns()
		if err != nil {
			yield(nil, err)
			return
		}
		changed := tx.changed[deltasBucket]
		for _, t := range turns {
			row, err := t.row, error(nil)
			if tx.changed[deltasBucket] != changed {
				row, err = tx.row(t.key)
			}
			if err == nil && row == nil {
				continue
			}
			var d *syncproto.Delta
			if err == nil {
				d, err = row.delta(t.key)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// turn is a delta that is to be sent. What is unsent is little enough to be
// held in memory.
type turn struct {
	key syncproto.Key
	row *deltaRow
}

// turns lists all deltas in the order in which they are to be sent.
func (tx *Tx) turns() ([]turn, error) {
	var out []turn
	for k, err := range tx.deltaKeys() {
		if err != nil {
			return nil, err
		}
		row, err := tx.row(k)
		if err != nil {
			return nil, err
		}
		if row != nil {
			out = append(out, turn{k, row})
		}
	}
	slices.SortFunc(out, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.row.Order, b.row.Order), a.key.Compare(b.key))
	})
	return out, nil
}
