package syncer

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/phototest"
)

// album is a laptop's photos in memory.
type album struct {
	l      *laptop
	store  *phototest.Memory
	names  []syncproto.PhotoName
	fetch  bool
	moved  syncproto.PhotoMoved
	onWork func()
}

func (a *album) Work(bool) (w syncproto.PhotoWork, err error) {
	if a.onWork != nil {
		a.onWork()
	}
	tags := ledger.PhotoTags()
	for _, n := range a.names {
		if a.fetch {
			w.Fetch = append(w.Fetch, n)
			continue
		}
		check(a.l.t, a.l.Update(func(tx Tx) error {
			rec, err := tx.Agreed(syncproto.Key{Collection: tags.Collection, ID: n.Record})
			if err == nil && rec != nil && !rec.Value(tags.Arrived).Bool() {
				w.Send = append(w.Send, n)
			}
			return err
		}))
	}
	return w, nil
}

// Stick is all there is: what the hub has not seen goes with the bundle.
func (a *album) Stick() (w syncproto.PhotoWork, err error) {
	if w, err = a.Work(true); err != nil || a.fetch {
		return w, err
	}
	w.Send = nil
	for _, n := range a.names {
		if !a.arrived(n) {
			w.Send = append(w.Send, n)
		}
	}
	return w, nil
}

// arrived is what the record says here.
func (a *album) arrived(n syncproto.PhotoName) (yes bool) {
	tags := ledger.PhotoTags()
	check(a.l.t, a.l.Update(func(tx Tx) error {
		rec, err := tx.Agreed(syncproto.Key{Collection: tags.Collection, ID: n.Record})
		yes = err == nil && rec != nil && rec.Value(tags.Arrived).Bool()
		return err
	}))
	return yes
}

func (a *album) Store() syncproto.PhotoStore { return a.store }

func (a *album) Moved(m syncproto.PhotoMoved) { a.moved = m }

// add takes a photo of size bytes.
func (a *album) add(size int) {
	a.l.t.Helper()
	photo := phototest.Sample(uint64(len(a.names)), size)
	p := syncproto.CutPhoto(syncproto.ID{}, photo)
	_, err := a.store.Put(p.PhotoName, "", p.Chunks)
	check(a.l.t, err)
	c, tags := collection(a.l.t, "attachment"), ledger.PhotoTags()
	check(a.l.t, a.l.Update(func(tx Tx) error {
		p.Record, err = syncproto.Create(tx, wallClock(), c.Number, []syncproto.FieldValue{
			{Tag: ledger.TagVillage, Value: syncproto.TextOf(village)}, {Tag: tags.Hash, Value: syncproto.BytesOf(p.Hash[:])},
			{Tag: tags.Size, Value: syncproto.IntOf(int64(size))},
		})
		return err
	}))
	a.names = append(a.names, p.PhotoName)
}

func withAlbum(t *testing.T, o *office) (*laptop, *album, *Syncer) {
	t.Helper()
	address, pin := listen(t, o, false)
	l := newLaptop(t)
	l.join(address, pin)
	a := &album{l: l, store: phototest.NewMemory()}
	s, err := Open(l, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader, Photos: a})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return l, a, s
}

func TestPhotosAfterText(t *testing.T) {
	o := newOffice(t)
	l, a, s := withAlbum(t, o)
	l.write(3)
	a.add(300_000)
	a.add(40_000)
	rep, err := s.SyncNow(context.Background())
	check(t, err)
	if rep.Photos.Up != 2 || rep.Photos.Problem != nil || rep.Sent != 5 || !rep.Verified.Equal {
		t.Errorf("report %+v", rep)
	}
	if w, _ := a.Work(true); len(w.Send) != 0 {
		t.Errorf("%d photos have not arrived, say the records", len(w.Send))
	}
	first := slices.Index(o.paths, syncproto.PathPhotos)
	if last := o.paths[len(o.paths)-1]; first < 2 || last != syncproto.PathExchange {
		t.Errorf("requests %v", o.paths)
	}
	before := len(o.paths)
	rep, err = s.SyncNow(context.Background())
	if check(t, err); len(o.paths)-before != 1 || rep.Photos != (PhotoReport{}) {
		t.Errorf("nothing new: %v, %+v", o.paths[before:], rep.Photos)
	}

	other := *a
	other.l, other.store, other.fetch = newLaptop(t), phototest.NewMemory(), true
	address, pin := listen(t, o, false)
	other.l.join(address, pin)
	s2, err := Open(other.l, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader, Photos: &other})
	check(t, err)
	defer s2.Close()
	if rep, err = s2.SyncNow(context.Background()); err != nil || rep.Photos.Down != 2 {
		t.Errorf("the other laptop: %+v, %v", rep.Photos, err)
	}
}

// What a person writes while photos go does not wait for them: it goes between
// two messages.
func TestTextInterruptsPhotos(t *testing.T) {
	o := newOffice(t)
	l, a, s := withAlbum(t, o)
	for range 4 {
		a.add(1 << 20)
	}
	sent := 0
	o.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == syncproto.PathPhotos {
			if sent++; sent == 2 {
				l.write(1)
				s.Wake()
			}
		}
		return false
	}
	rep, err := s.SyncNow(context.Background())
	check(t, err)
	if sent != 2 || rep.Photos.Up == 4 {
		t.Fatalf("%d messages with photos, %+v", sent, rep.Photos)
	}
	rep, err = s.SyncNow(context.Background()) // as Run does after a moment
	check(t, err)
	if n, _ := l.unsent(); n != 0 || rep.Photos.Up == 0 {
		t.Errorf("%d unsent, report %+v", n, rep)
	}
	if text := slices.Index(o.paths[2:], syncproto.PathExchange) + 2; o.holds(collection(t, "household").Number) != 1 || text > 5 {
		t.Errorf("requests %v", o.paths)
	}
	if w, _ := a.Work(true); len(w.Send) != 0 {
		t.Errorf("%d photos have not arrived", len(w.Send))
	}
}

// Whoever wants to sync does not wait for photos either.
func TestSyncNowInterruptsPhotos(t *testing.T) {
	o := newOffice(t)
	_, a, s := withAlbum(t, o)
	for range 4 {
		a.add(1 << 20)
	}
	second := make(chan error, 1)
	var once atomic.Bool
	o.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == syncproto.PathPhotos && once.CompareAndSwap(false, true) {
			go func() {
				_, err := s.SyncNow(context.Background())
				second <- err
			}()
			for s.queued.Load() == 0 {
			}
		}
		return false
	}
	rep, err := s.SyncNow(context.Background())
	if err != nil || rep.Photos.Up == 4 {
		t.Errorf("the first went on: %+v, %v", rep.Photos, err)
	}
	check(t, <-second)
	if w, _ := a.Work(true); len(w.Send) != 0 {
		t.Errorf("%d photos have not arrived", len(w.Send))
	}
}

// A photo that does not get through does not make the text fail.
func TestPhotosCut(t *testing.T) {
	o := newOffice(t)
	l, a, s := withAlbum(t, o)
	l.write(2)
	a.add(500_000)
	var open atomic.Bool
	o.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != syncproto.PathPhotos || open.Load() {
			return false
		}
		c, _, err := http.NewResponseController(w).Hijack()
		check(t, err)
		c.Close()
		return true
	}
	rep, err := s.SyncNow(context.Background())
	if err != nil || rep.Sent != 3 || !rep.Verified.Equal || rep.Photos.Problem == nil {
		t.Errorf("%+v, %v", rep, err)
	}
	st := s.Status()
	if st.Phase != Idle || st.LastSync == 0 || st.Photos || s.lastError() == nil {
		t.Errorf("status %+v, %v", st, s.lastError())
	}
	open.Store(true)
	if rep, err = s.SyncNow(context.Background()); err != nil || rep.Photos.Up != 1 {
		t.Errorf("afterwards: %+v, %v", rep.Photos, err)
	}
}

// A hub of an older version knows nothing of photos: they wait, and cost next
// to nothing.
func TestHubWithoutPhotos(t *testing.T) {
	o := newOffice(t)
	_, a, s := withAlbum(t, o)
	a.add(500_000)
	var old atomic.Bool
	old.Store(true)
	o.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == syncproto.PathPhotos && old.Load() {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	for i := range 3 {
		rep, err := s.SyncNow(context.Background())
		if err != nil || rep.Photos.Problem != nil {
			t.Errorf("%+v, %v", rep.Photos, err)
		}
		if i > 0 && rep.PayloadUp > 16_000 { // less than a chunk
			t.Errorf("sync %d: %d bytes up: %+v %v", i, rep.PayloadUp, rep, o.paths)
		}
	}
	old.Store(false)
	if rep, err := s.SyncNow(context.Background()); err != nil || rep.Photos.Up != 1 {
		t.Errorf("a newer hub: %+v, %v", rep.Photos, err)
	}
}
