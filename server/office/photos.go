package office

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// PhotoStore is where an office keeps the bytes of photos.
type PhotoStore interface {
	syncproto.PhotoStore
	// Snapshot writes a copy of one state, while the store is in use.
	Snapshot(w io.Writer) (int64, error)
	Close() error
}

// DefaultPhotoQuota is how many bytes of photos a village may have at the
// server: some thousands, years of work.
const DefaultPhotoQuota = 2 << 30

// album is the office's part about photos. The bytes are in a store of their
// own; which there are, the records say.
type album struct {
	store PhotoStore // nil: this office keeps none
	hub   *syncproto.PhotoHub
	// turn is held by messages for reading and by erasures, so that no photo
	// comes in whose record is just being erased.
	turn sync.RWMutex
}

func newAlbum(o Options, hub *syncproto.Hub) album {
	quota := o.PhotoQuota
	if quota == 0 {
		quota = DefaultPhotoQuota
	}
	return album{store: o.Photos, hub: &syncproto.PhotoHub{Hub: hub, Tags: ledger.PhotoTags(), Quota: quota}}
}

// Photos answers a laptop's message about photos. What the laptop did wrong is
// in the reply; an error is a store's.
func (o *Office) Photos(q *syncproto.PhotoRequest) (*syncproto.PhotoServing, error) {
	a := &o.album
	if a.store == nil {
		return nil, fmt.Errorf("photos: %w", &syncproto.Error{Code: syncproto.CodeInternal, Message: "这个服务器不收照片。", Hint: "照片还在本机，请告诉乡镇（街道）。"})
	}
	a.turn.RLock()
	defer a.turn.RUnlock()
	now := o.now()
	var s *syncproto.PhotoServing
	err := o.store.View(func(tx Tx) (err error) {
		s, err = a.hub.Admit(tx, q, now)
		return err
	})
	if err == nil {
		err = s.Move(a.store)
	}
	if wrong := unsettled(s, err); len(wrong) > 0 {
		err = o.store.Update(func(tx Tx) error { return a.settle(tx, wrong, now) })
	}
	if err != nil {
		return nil, fmt.Errorf("photos: %w", err)
	}
	return s, nil
}

func unsettled(s *syncproto.PhotoServing, err error) []syncproto.ID {
	if err != nil {
		return nil
	}
	return s.Unsettled()
}

// settle writes into records whether their photos have arrived.
func (a *album) settle(tx Tx, ids []syncproto.ID, now int64) error {
	for _, id := range ids {
		if _, err := a.hub.Settle(tx, id, a.store, now); err != nil {
			return err
		}
	}
	return nil
}

// joined settles the records of photos that an upload has brought: their
// photo may be here already, or no more after a restore.
func (a *album) joined(tx Tx, keys []syncproto.Key, now int64) error {
	if a.store == nil {
		return nil
	}
	for _, k := range keys {
		if k.Collection != ledger.Attachment {
			continue
		}
		if err := a.settle(tx, []syncproto.ID{k.ID}, now); err != nil {
			return err
		}
	}
	return nil
}

// named lists the records of photos with what they name.
func named(tx Tx) (map[syncproto.ID]*syncproto.Record, error) {
	state, err := tx.State()
	if err != nil {
		return nil, err
	}
	ids, err := collect(tx.Scan(syncproto.AllScope(state.Township), ledger.Attachment, syncproto.ID{}, false))
	if err != nil {
		return nil, err
	}
	out := make(map[syncproto.ID]*syncproto.Record, len(ids))
	for _, id := range ids {
		st, err := tx.Record(syncproto.Key{Collection: ledger.Attachment, ID: id})
		if err != nil {
			return nil, err
		}
		if st != nil && !st.Purged {
			out[id] = st.Record
		}
	}
	return out, nil
}

// photoOf is the photo that a record names, for a purge.
func (a *album) photoOf(st *syncproto.Stored) (syncproto.PhotoHash, bool) {
	if a.store == nil || st == nil || st.Purged {
		return syncproto.PhotoHash{}, false
	}
	n, ok := a.hub.Tags.Of(st.Record)
	return n.Hash, ok
}

// erase drops photos that no record names any more. It runs before the
// erasure of the records is on the disk: after a crash in between, the laptops
// send the photo again, and nothing that was to go stays.
func (a *album) erase(tx Tx, photos []syncproto.PhotoHash) error {
	if len(photos) == 0 {
		return nil
	}
	records, err := named(tx)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if n, ok := a.hub.Tags.Of(rec); ok {
			photos = slices.DeleteFunc(photos, func(h syncproto.PhotoHash) bool { return h == n.Hash })
		}
	}
	for _, h := range photos {
		if err := a.store.Drop(h); err != nil {
			return err
		}
	}
	return nil
}

// settleAll compares all records with the photos.
func (a *album) settleAll(tx Tx, now int64) (changed int, err error) {
	if a.store == nil {
		return 0, nil
	}
	records, err := named(tx)
	if err != nil {
		return 0, err
	}
	for id := range records {
		wrong, err := a.hub.Settle(tx, id, a.store, now)
		if err != nil {
			return changed, err
		}
		if wrong {
			changed++
		}
	}
	return changed, nil
}

// PhotosVerified is the outcome of a full check of the photos.
type PhotosVerified struct {
	Photos  int   `json:"photos"`        // whole
	Parts   int   `json:"photo_parts"`   // on their way
	Bytes   int64 `json:"photo_bytes"`   // of both
	Waiting int   `json:"photo_waiting"` // named by records, not here yet
	Unnamed int   `json:"photo_unnamed"` // here, and no record names them
	Damaged int   `json:"photo_damaged"` // found damaged now; laptops send them again
}

// VerifyPhotos reads every photo. Of those that are damaged the records no
// longer say that they have arrived, so that the laptops send them again.
func (o *Office) VerifyPhotos() (v PhotosVerified, err error) {
	a := &o.album
	if a.store == nil {
		return v, nil
	}
	a.turn.Lock()
	defer a.turn.Unlock()
	check, err := syncproto.CheckPhotos(a.store)
	if err != nil {
		return v, fmt.Errorf("verify photos: %w", err)
	}
	v.Photos, v.Parts, v.Bytes, v.Damaged = check.Photos, check.Parts, check.Bytes, len(check.Damaged)
	err = o.store.Update(func(tx Tx) error {
		_, err := a.settleAll(tx, o.now())
		return err
	})
	if err == nil {
		err = o.store.View(func(tx Tx) error { return a.count(tx, &v) })
	}
	if err != nil {
		return v, fmt.Errorf("verify photos: %w", err)
	}
	return v, nil
}

// count compares what is named with what is here.
func (a *album) count(tx Tx, v *PhotosVerified) error {
	records, err := named(tx)
	if err != nil {
		return err
	}
	known := map[syncproto.PhotoHash]bool{}
	v.Waiting = 0
	for _, rec := range records {
		n, ok := a.hub.Tags.Of(rec)
		known[n.Hash] = true
		if ok && !ledger.Deleted(rec) && !rec.Value(a.hub.Tags.Arrived).Bool() {
			v.Waiting++
		}
	}
	v.Unnamed = 0
	for held, err := range a.store.All() {
		if err != nil {
			return err
		}
		if !known[held.Hash] {
			v.Unnamed++
		}
	}
	return nil
}

// photoStatus counts without reading the photos.
func (o *Office) photoStatus(tx Tx, s *Status) error {
	a := &o.album
	if a.store == nil {
		return nil
	}
	for held, err := range a.store.All() {
		if err != nil {
			return err
		}
		if held.Whole() {
			s.Photos++
		}
		s.PhotoBytes += int64(held.Size)
	}
	var v PhotosVerified
	err := a.count(tx, &v)
	s.PhotosWaiting = v.Waiting
	return err
}

// HasPhotos reports whether there is anything that SnapshotPhotos would copy.
func (o *Office) HasPhotos() bool {
	if o.album.store == nil {
		return false
	}
	for _, err := range o.album.store.All() {
		return err == nil
	}
	return false
}

// SnapshotPhotos writes a copy of the photos while they are in use. Made after
// that of the records, it has every photo of which they say that it arrived.
func (o *Office) SnapshotPhotos(w io.Writer) (int64, error) { return o.album.store.Snapshot(w) }
