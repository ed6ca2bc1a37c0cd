package office_test

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"testing"

	"gridbook/server/office"
	"gridbook/server/photos"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/phototest"
)

// withPhotos gives a town's office a place for photos.
func withPhotos(t *testing.T) (*town, *photos.Store) {
	t.Helper()
	h := newTown(t)
	store, err := photos.Open(filepath.Join(t.TempDir(), "photos.db"), photos.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	h.Office = office.New(h.store, office.Options{
		Policy: ledger.Policy{}, Now: func() int64 { return h.now }, Rand: rand.Reader, Photos: store,
	})
	return h, store
}

func (l *laptop) attachment(photo []byte) *syncproto.Record {
	at, c, hash := l.stamp(), ledger.Must(ledger.Attachment), syncproto.HashPhoto(photo)
	r := syncproto.NewRecord(ledger.Attachment, at)
	r.Write(ledger.TagVillage, at, syncproto.TextOf(l.Scope))
	r.Write(c.Tag("sha256"), at, syncproto.BytesOf(hash[:]))
	r.Write(c.Tag("size"), at, syncproto.IntOf(int64(len(photo))))
	return r
}

func nameOf(t *testing.T, r *syncproto.Record) syncproto.PhotoName {
	t.Helper()
	n, ok := ledger.PhotoTags().Of(r)
	if !ok {
		t.Fatal("the record names no photo")
	}
	return n
}

// up sends a whole photo and returns what the server has of it.
func (l *laptop) up(n syncproto.PhotoName, photo []byte) syncproto.PhotoStatus {
	l.h.t.Helper()
	part := syncproto.CutPhoto(n.Record, photo)
	s, err := l.h.Photos(&syncproto.PhotoRequest{Version: 1, Token: l.Token, Up: []syncproto.PhotoPart{part}})
	if err != nil {
		l.h.t.Fatal(err)
	}
	if s.Reply.Error != nil || len(s.Reply.States) != 1 {
		l.h.t.Fatalf("reply %+v", s.Reply)
	}
	return s.Reply.States[0]
}

// arrived is what the record at the server says.
func (h *town) arrived(id syncproto.ID) (yes bool) {
	h.t.Helper()
	err := h.store.View(func(tx office.Tx) error {
		st, err := tx.Record(syncproto.Key{Collection: ledger.Attachment, ID: id})
		if err == nil && st != nil {
			yes = st.Value(ledger.PhotoTags().Arrived).Bool()
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return yes
}

func TestPhotoArrives(t *testing.T) {
	h, _ := withPhotos(t)
	l, other := h.enrol("village", village, "刘秀"), h.enrol("village", village, "陈委员")
	photo := phototest.Sample(1, 70_000)
	rec := l.attachment(photo)
	name := nameOf(t, rec)
	if s := l.up(name, photo); s.State != syncproto.PhotoUnknown {
		t.Errorf("before its text: %+v", s)
	}
	l.send(rec)
	if h.arrived(rec.ID) {
		t.Error("arrived with the text alone")
	}
	if s := l.up(name, photo); s.State != syncproto.PhotoWhole || !h.arrived(rec.ID) {
		t.Errorf("sent: %+v, arrived %v", s, h.arrived(rec.ID))
	}
	// The same photo on another laptop: its text is enough.
	again := other.attachment(photo)
	other.send(again)
	if !h.arrived(again.ID) {
		t.Error("a photo that is here already has not arrived")
	}
	s, err := h.Status()
	if err != nil || s.Photos != 1 || s.PhotoBytes != 70_000 || s.PhotosWaiting != 0 {
		t.Errorf("status %+v, %v", s, err)
	}
	if v, err := h.VerifyPhotos(); err != nil || v != (office.PhotosVerified{Photos: 1, Bytes: 70_000}) {
		t.Errorf("verify %+v, %v", v, err)
	}
}

// Nobody but the server says that a photo has arrived.
func TestArrivedIsTheServers(t *testing.T) {
	h, _ := withPhotos(t)
	l := h.enrol("village", village, "刘秀")
	rec := l.attachment(phototest.Sample(1, 100))
	rec.Write(ledger.PhotoTags().Arrived, rec.ID, syncproto.BoolOf(true))
	if rep := l.send(rec); len(rep.Rejections) != 1 || rep.Rejections[0].Code != syncproto.CodeNotAllowed {
		t.Errorf("rejections %+v", rep.Rejections)
	}
	// Even under the server's number.
	rec = l.attachment(phototest.Sample(1, 100))
	rec.Write(ledger.PhotoTags().Arrived, syncproto.Stamp{Time: rec.ID.Time + 9, Replica: syncproto.HubReplica}, syncproto.BoolOf(true))
	l.lease = nil
	rep := l.send(rec)
	if h.arrived(rec.ID) {
		t.Errorf("a forged arrival stands: %+v", rep)
	}
}

// An erased record takes its photo along, unless another names it too.
func TestPurgeDropsPhotos(t *testing.T) {
	h, store := withPhotos(t)
	l := h.enrol("village", village, "刘秀")
	photo := phototest.Sample(1, 70_000)
	one, two := l.attachment(photo), l.attachment(photo)
	l.send(one, two)
	l.up(nameOf(t, one), photo)
	for i, rec := range []*syncproto.Record{one, two} {
		if _, err := h.Purge(rec.ID, "本人要求", "王工"); err != nil {
			t.Fatal(err)
		}
		held, err := store.Photo(nameOf(t, one).Hash)
		if err != nil || held.Whole() != (i == 0) {
			t.Errorf("after erasure %d: %+v, %v", i+1, held, err)
		}
	}
	if s := l.up(nameOf(t, one), photo); s.State != syncproto.PhotoUnknown {
		t.Errorf("the photo of an erased record is taken: %+v", s)
	}
}

// A restored server whose photos are lost says so, and takes them again.
func TestRestoredWithoutPhotos(t *testing.T) {
	h, store := withPhotos(t)
	l := h.enrol("village", village, "刘秀")
	photo := phototest.Sample(1, 70_000)
	rec := l.attachment(photo)
	l.send(rec)
	l.up(nameOf(t, rec), photo)
	if err := store.Drop(nameOf(t, rec).Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Restored("王工", "backup.db"); err != nil {
		t.Fatal(err)
	}
	if h.arrived(rec.ID) {
		t.Error("the record says that a lost photo is there")
	}
	if s := l.up(nameOf(t, rec), photo); s.State != syncproto.PhotoWhole || !h.arrived(rec.ID) {
		t.Errorf("sent again: %+v", s)
	}
}

func TestPhotosSnapshot(t *testing.T) {
	h, _ := withPhotos(t)
	if h.HasPhotos() {
		t.Error("photos of nothing")
	}
	l := h.enrol("village", village, "刘秀")
	photo := phototest.Sample(1, 70_000)
	rec := l.attachment(photo)
	l.send(rec)
	l.up(nameOf(t, rec), photo)
	var out bytes.Buffer
	if n, err := h.SnapshotPhotos(&out); err != nil || !h.HasPhotos() || n != int64(out.Len()) || n < 70_000 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
