package service

import (
	"cmp"
	"slices"
	"sync"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// album is what a Book knows of photos: which records name them, and where
// their bytes are. Whether one has arrived at the server, its record says.
type album struct {
	// adding is held while a photo is put and named, so that no sweep takes it
	// for one that nobody names.
	adding sync.Mutex

	mu      sync.Mutex    // guards what follows
	store   *photos.Store // nil: this laptop keeps none
	notes   map[syncproto.ID]photoNote
	of      map[syncproto.Key][]syncproto.ID // by the record that they belong to, in no order
	wanted  map[syncproto.PhotoHash]bool     // somebody looked for them
	refused map[syncproto.PhotoHash]refusedPhoto
	unknown bool // photos may be here that no record names
}

// photoNote is a record that names a photo.
type photoNote struct {
	syncproto.PhotoName
	parent           syncproto.Key
	arrived, deleted bool
}

// unaskedRoom bounds, in bytes, the photos that a laptop fetches without
// anybody having looked at them: a township's is not to be filled by them.
const unaskedRoom = 1 << 30

func newAlbum() *album {
	return &album{
		notes: map[syncproto.ID]photoNote{}, of: map[syncproto.Key][]syncproto.ID{},
		wanted: map[syncproto.PhotoHash]bool{}, refused: map[syncproto.PhotoHash]refusedPhoto{}, unknown: true,
	}
}

// put notes what a record says of a photo; nil: it is gone.
func (a *album) put(k syncproto.Key, rec *syncproto.Record) {
	if k.Collection != ledger.Attachment {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if old, ok := a.notes[k.ID]; ok {
		delete(a.notes, k.ID)
		a.of[old.parent] = slices.DeleteFunc(a.of[old.parent], func(id syncproto.ID) bool { return id == k.ID })
		if len(a.of[old.parent]) == 0 {
			delete(a.of, old.parent)
		}
	}
	if rec == nil {
		a.unknown = true
		return
	}
	tags := ledger.PhotoTags()
	name, ok := tags.Of(rec)
	if !ok {
		return
	}
	n := photoNote{PhotoName: name, arrived: rec.Value(tags.Arrived).Bool(), deleted: ledger.Deleted(rec)}
	n.parent, _ = ledger.Parent(rec)
	a.notes[k.ID] = n
	a.of[n.parent] = append(a.of[n.parent], k.ID)
}

// under lists the photos of a record that stand, in the order in which they
// were added.
func (a *album) under(k syncproto.Key) []photoNote {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []photoNote
	for _, id := range a.of[k] {
		if n := a.notes[id]; !n.deleted {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(x, y photoNote) int { return x.Record.Compare(y.Record) })
	return out
}

// standing lists all photos that stand, in no order.
func (a *album) standing() (out []photoNote) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.notes {
		if !n.deleted {
			out = append(out, n)
		}
	}
	return out
}

// kept is where the photos are; nil while it is not known which are here.
func (a *album) kept() *photos.Store {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.store
}

// held says what is here of a photo.
func (a *album) held(h syncproto.PhotoHash) syncproto.PhotoHeld {
	store := a.kept()
	if store == nil {
		return syncproto.PhotoHeld{}
	}
	held, _ := store.Photo(h) // it reads no disk
	return held
}

// want notes that somebody looks for a photo that is not here.
func (a *album) want(h syncproto.PhotoHash) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted[h] = true
}

// photoCounts is how photos stand.
type photoCounts struct{ toSend, missing, refused int }

func (a *album) counts() (c photoCounts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store == nil {
		return c
	}
	for _, n := range a.notes {
		if n.deleted {
			continue
		}
		held, _ := a.store.Photo(n.Hash)
		_, no := a.refused[n.Hash]
		switch {
		case !held.Whole():
			c.missing++
		case !n.arrived && no:
			c.refused++
		case !n.arrived:
			c.toSend++
		}
	}
	for _, n := range a.unnamed() {
		if _, no := a.refused[n.Hash]; no {
			c.refused++
		} else {
			c.toSend++
		}
	}
	return c
}

// unnamed lists the photos that are here, not yet through, and whose records
// have gone to another place. The caller holds a.mu.
func (a *album) unnamed() (out []syncproto.PhotoName) {
	if a.store == nil || !a.unknown {
		return nil
	}
	named := make(map[syncproto.PhotoHash]bool, len(a.notes))
	for _, n := range a.notes {
		named[n.Hash] = true
	}
	for held, err := range a.store.All() {
		if err != nil {
			break // it is in memory: there is none
		}
		id, err := syncproto.ParseStamp(held.Owner)
		if err == nil && !named[held.Hash] && held.Whole() && held.There != held.Has {
			out = append(out, syncproto.PhotoName{Record: id, Hash: held.Hash, Size: held.Size})
		}
	}
	return out
}

// candidates sorts the photos: those that are here and have not arrived, the
// oldest first; those that are wanted, and with quick all that have arrived
// and are not here, the newest first. Late ones are here, not yet through, and
// their records have gone to another place.
func (a *album) candidates(quick bool, now int64) (send, fetch, late []syncproto.PhotoName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store == nil {
		return nil, nil, nil
	}
	quick = quick && a.store.Total() < unaskedRoom
	rests := func(h syncproto.PhotoHash) bool {
		no, refused := a.refused[h]
		return refused && now-no.at < refusedFor
	}
	for _, n := range a.notes {
		held, _ := a.store.Photo(n.Hash)
		switch {
		case n.deleted:
		case held.Whole() && !n.arrived && !rests(n.Hash):
			send = append(send, n.PhotoName)
		case !held.Whole() && (a.wanted[n.Hash] || quick && n.arrived):
			fetch = append(fetch, n.PhotoName)
		}
	}
	late = slices.DeleteFunc(a.unnamed(), func(n syncproto.PhotoName) bool { return rests(n.Hash) })
	slices.SortFunc(send, func(x, y syncproto.PhotoName) int {
		// Those that were refused before are not to take the others' room.
		return cmp.Or(cmp.Compare(order(a.isRefused(x.Hash)), order(a.isRefused(y.Hash))), x.Record.Compare(y.Record))
	})
	slices.SortFunc(fetch, func(x, y syncproto.PhotoName) int {
		return cmp.Or(cmp.Compare(order(a.wanted[y.Hash]), order(a.wanted[x.Hash])), y.Record.Compare(x.Record))
	})
	return send, fetch, late
}

func order(first bool) int {
	if first {
		return 1
	}
	return 0
}

// Album moves a laptop's photos: syncer.Photos.
type Album struct {
	b *Book
	// told, which may be nil, is told after every message.
	told func()
}

// Work implements syncer.Photos. Only photos go of which the server has the
// text, and which this laptop may send.
func (x Album) Work(quick bool) (w syncproto.PhotoWork, err error) {
	return x.work(quick, func(r reader, k syncproto.Key) (*syncproto.Record, error) { return r.tx.Agreed(k) })
}

// Stick implements syncer.Photos. A bundle takes the unsent text along, and
// brings as much as there is room for.
func (x Album) Stick() (syncproto.PhotoWork, error) {
	return x.work(true, func(r reader, k syncproto.Key) (*syncproto.Record, error) {
		if d, err := r.tx.Delta(k); err != nil || d != nil && d.Rejected != nil {
			return nil, err // its text stays here
		}
		return r.tx.Get(k)
	})
}

// work is what there is to move; the server has, or gets first, the records
// that get returns.
func (x Album) work(quick bool, get func(reader, syncproto.Key) (*syncproto.Record, error)) (w syncproto.PhotoWork, err error) {
	send, fetch, late := x.b.album.candidates(quick, x.b.millis())
	w.Fetch = fetch
	if len(send)+len(late) == 0 {
		return w, nil
	}
	err = x.b.read(func(r reader) error {
		for _, n := range send {
			rec, err := get(r, syncproto.Key{Collection: ledger.Attachment, ID: n.Record})
			if err != nil {
				return err
			}
			if rec != nil && ledger.MayWrite(r.me.Role, r.me.Scope, ledger.Attachment, r.home(rec)) {
				w.Send = append(w.Send, n)
			}
		}
		w.Send = append(w.Send, late...)
		return nil
	})
	return w, err
}

// Store implements syncer.Photos.
func (x Album) Store() syncproto.PhotoStore {
	if store := x.b.album.kept(); store != nil {
		return store
	}
	return nil // and not a store that is nil
}

// Moved implements syncer.Photos.
func (x Album) Moved(m syncproto.PhotoMoved) {
	a := x.b.album
	a.mu.Lock()
	for _, h := range m.Fetched {
		delete(a.wanted, h)
	}
	a.mu.Unlock()
	if len(m.Refused) > 0 {
		_ = x.b.noteRefused(m.Refused) // the server says it again
	}
	if x.told != nil {
		x.told()
	}
}

// KeepPhotos gives the book a place for photos. It belongs to the caller.
func (b *Book) KeepPhotos(s *photos.Store) {
	b.album.mu.Lock()
	b.album.store = s
	b.album.mu.Unlock()
}

// sweepPhotos drops the photos that no record here names any more: of records
// that were erased, or that have left this laptop's scope, once the server has
// them. Those that are still to go up stay.
func (b *Book) sweepPhotos() error {
	a := b.album
	a.adding.Lock()
	defer a.adding.Unlock()
	a.mu.Lock()
	store, due := a.store, a.unknown
	named := make(map[syncproto.PhotoHash]bool, len(a.notes))
	for _, n := range a.notes {
		named[n.Hash] = true
	}
	a.mu.Unlock()
	if store == nil || !due {
		return nil
	}
	var gone, late []syncproto.PhotoHeld
	for held, err := range store.All() {
		switch {
		case err != nil:
			return err
		case named[held.Hash]:
		case held.Owner == "" || held.There == held.Has:
			gone = append(gone, held)
		default:
			late = append(late, held)
		}
	}
	erased, err := b.erasedOf(late)
	if err != nil {
		return err
	}
	for _, held := range append(gone, erased...) {
		if err := store.Drop(held.Hash); err != nil {
			return err
		}
	}
	a.mu.Lock()
	a.unknown = len(late) > len(erased)
	a.mu.Unlock()
	return nil
}

// erasedOf picks the photos whose records were erased by law.
func (b *Book) erasedOf(late []syncproto.PhotoHeld) (out []syncproto.PhotoHeld, err error) {
	if len(late) == 0 {
		return nil, nil
	}
	err = b.store.View(func(tx *boltstore.Tx) error {
		gone := map[string]bool{}
		for rec, err := range tx.Scan(ledger.Erased) {
			if err != nil {
				return err
			}
			if e, ok := (ledger.Policy{}).ReadErased(rec); ok && e.Of.Collection == ledger.Attachment {
				gone[e.Of.ID.String()] = true
			}
		}
		for _, held := range late {
			if gone[held.Owner] {
				out = append(out, held)
			}
		}
		return nil
	})
	return out, err
}
