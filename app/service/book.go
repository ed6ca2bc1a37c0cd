package service

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Book is a laptop's ledger after unlocking: the store, the rosters in memory
// and what is derived from both. It is safe for concurrent use.
type Book struct {
	store *boltstore.Store
	now   func() time.Time
	me    Identity
	// wrote, which may be nil, is told of every commit that changed records.
	wrote func(keys []syncproto.Key, remote bool)

	mu      sync.RWMutex // guards all below
	roster  *roster.Roster
	derived *derived
	authors map[syncproto.ReplicaID]author

	proposals proposals
	album     *album // locks itself

	absorbing sync.Mutex // one commit after the other is taken in
	loading   chan struct{}
	stop      chan struct{}
	stopOnce  sync.Once
}

// author is who writes under a replica number.
type author struct {
	Person, Device string
	Scope          string // place code
}

// Index tells the store where records stand in its lists: logs and dated
// records under their parent, newest first.
func Index(rec *syncproto.Record) (parent syncproto.Key, day int64, ok bool) {
	c, known := ledger.Lookup(rec.Collection)
	if !known || c.Class != ledger.Log {
		return syncproto.Key{}, 0, false
	}
	date, has := c.FieldByKey("date")
	if !has {
		return syncproto.Key{}, 0, false
	}
	parent, _ = ledger.Parent(rec)
	return parent, rec.Value(date.Tag).Int(), true
}

// IndexVersion is the number of the rules of Index; it grows when they change,
// so that a store makes its lists anew.
const IndexVersion = 1

// NewBook reads the rosters of an opened store. now is the laptop's clock, in
// the zone of its calendar. It fails with CodeNotJoined before the laptop was
// enrolled. Logs are read on in the background: see Loaded and Close.
func NewBook(store *boltstore.Store, now func() time.Time, wrote func(keys []syncproto.Key, remote bool)) (*Book, error) {
	rosters := roster.New()
	b := &Book{
		store: store, now: now, wrote: wrote, roster: rosters, derived: newDerived(rosters.Group),
		authors: map[syncproto.ReplicaID]author{}, album: newAlbum(),
		loading: make(chan struct{}), stop: make(chan struct{}),
	}
	err := store.View(func(tx *boltstore.Tx) error {
		var err error
		if b.me, err = readIdentity(tx); err != nil {
			return err
		}
		if b.me, err = b.me.current(tx); err != nil {
			return err
		}
		return b.load(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("service: open the book: %w", err)
	}
	go b.loadLogs()
	return b, nil
}

// Close ends the reading in the background. It does not close the store.
func (b *Book) Close() {
	b.stopOnce.Do(func() { close(b.stop) })
	<-b.loading
}

// Loaded waits until the logs have been read: from then on figures about
// visits and conflicts are complete.
func (b *Book) Loaded() { <-b.loading }

func (b *Book) isLoading() bool {
	select {
	case <-b.loading:
		return false
	default:
		return true
	}
}

// Identity returns whom and what this laptop is for.
func (b *Book) Identity() Identity {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.me
}

// load reads what stays in memory.
func (b *Book) load(tx *boltstore.Tx) error {
	if err := b.loadOwn(tx); err != nil {
		return err
	}
	if c, ok := ledger.ByKey(deviceKey); ok {
		for rec, err := range tx.Scan(c.Number) {
			if err != nil {
				return err
			}
			b.readAuthor(rec)
		}
	}
	for _, c := range roster.Collections() {
		for rec, err := range tx.Scan(c) {
			if err != nil {
				return err
			}
			b.roster.Put(rec)
			b.derived.put(rec)
		}
	}
	b.roster.Settle()
	for rec, err := range tx.Scan(ledger.Attachment) {
		if err != nil {
			return err
		}
		b.album.put(rec.Key, rec)
	}
	return b.album.loadRefused(tx)
}

// loadLogs goes through what does not stay in memory, for what is derived from
// it. Records that were written meanwhile are left alone: they are newer.
func (b *Book) loadLogs() {
	defer close(b.loading)
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.derived.touched = nil
	}()
	for _, c := range ledger.All() {
		if roster.Holds(c.Number) {
			continue
		}
		// A read transaction of its own for each collection: a long one would
		// keep the store from using its free pages again.
		err := b.store.View(func(tx *boltstore.Tx) error { return b.loadLog(tx, c.Number) })
		if err != nil {
			return // the store was closed or is damaged; whoever reads next is told
		}
	}
	b.mu.RLock()
	keys := slices.Collect(maps.Keys(b.derived.conflicts))
	b.mu.RUnlock()
	_ = b.noteLost(keys) // the same
}

// loadedAtOnce is how many records are taken in under one lock.
const loadedAtOnce = 256

func (b *Book) loadLog(tx *boltstore.Tx, c syncproto.Collection) error {
	batch := make([]*syncproto.Record, 0, loadedAtOnce)
	flush := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, rec := range batch {
			if !b.derived.touched[rec.Key] {
				b.derived.put(rec)
			}
		}
		batch = batch[:0]
	}
	for rec, err := range tx.Scan(c) {
		if err != nil {
			return err
		}
		if batch = append(batch, rec); len(batch) == cap(batch) {
			select {
			case <-b.stop:
				return errStopped
			default:
			}
			flush()
		}
	}
	flush()
	return nil
}

var errStopped = &syncproto.Error{Code: syncproto.CodeInternal, Message: "已经停止", Hint: "请重新打开网格簿。"}

// Absorb takes changed records into memory after a commit, from the state that
// the store has now, and tells whoever listens.
func (b *Book) Absorb(keys []syncproto.Key, remote bool) error {
	return b.absorb(News{Keys: keys}, remote)
}

func (b *Book) absorb(news News, remote bool) error {
	keys := news.Keys
	if len(keys) == 0 {
		return nil
	}
	b.absorbing.Lock()
	defer b.absorbing.Unlock()
	err := b.store.View(func(tx *boltstore.Tx) error {
		records, err := news.records(tx)
		if err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if err := b.loadOwn(tx); err != nil {
			return err
		}
		for i, k := range keys {
			b.takeIn(k, records[i])
		}
		b.roster.Settle()
		return nil
	})
	if err != nil {
		return fmt.Errorf("service: take in changed records: %w", err)
	}
	if err := b.noteLost(keys); err != nil {
		return err
	}
	if b.wrote != nil {
		b.wrote(keys, remote)
	}
	return nil
}

// records are the changed ones as they are shown now; nil: removed. What has
// just arrived is not read again, unless the store has changed since.
func (n News) records(tx *boltstore.Tx) (out []*syncproto.Record, err error) {
	out = make([]*syncproto.Record, len(n.Keys))
	arrived := n.Arrived
	if tx.Revision() != n.Revision {
		arrived = nil
	}
	for i, k := range n.Keys {
		if len(arrived) > 0 && arrived[0].Key == k {
			out[i], arrived = arrived[0].Record, arrived[1:]
		} else if out[i], err = tx.Get(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *Book) takeIn(k syncproto.Key, rec *syncproto.Record) {
	if b.derived.touched != nil {
		b.derived.touched[k] = true
	}
	b.album.put(k, rec)
	if rec == nil {
		b.roster.Remove(k)
		b.derived.remove(k)
		return
	}
	b.roster.Put(rec)
	b.derived.put(rec)
	b.readAuthor(rec)
}

// view runs f with the rosters and a read transaction that agree.
func (b *Book) view(f func(tx *boltstore.Tx) error) error {
	return b.store.View(func(tx *boltstore.Tx) error {
		b.mu.RLock()
		defer b.mu.RUnlock()
		return f(tx)
	})
}
