package service

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// pictureFile is a picture of a camera, the same for the same shade.
func pictureFile(t testing.TB, shade byte) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 320, 240))
	for i := range m.Pix {
		m.Pix[i] = shade + byte(i%7)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// photographed is a laptop with a visit.
func photographed(t *testing.T) (*Laptop, string) {
	l, _ := joinedLaptop(t, secretary())
	return l, visited(t, l)
}

func visited(t *testing.T, l *Laptop) string {
	t.Helper()
	v := settle(t, l.Book)
	return put(t, l.Book, "visit", map[string]any{"household": v.first, "date": "2024-03-05", "mode": "door", "visitor_name": "吕建国"})
}

func addPhoto(t *testing.T, l *Laptop, visit string, shade byte) Written {
	t.Helper()
	w, err := l.Book.AddPhoto("visit", visit, pictureFile(t, shade), "院墙")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func photosOf(t *testing.T, l *Laptop, visit string) PhotoList {
	t.Helper()
	list, err := l.Book.Photos("visit", visit)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func work(t *testing.T, l *Laptop, quick bool) syncproto.PhotoWork {
	t.Helper()
	w, err := Album{b: l.Book}.Work(quick)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// hubSays does what the server does when it has a photo: it says so.
func hubSays(t *testing.T, l *Laptop, id syncproto.ID, yes bool) {
	t.Helper()
	k := syncproto.Key{Collection: ledger.Attachment, ID: id}
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		tag := ledger.PhotoTags().Arrived
		rec.Write(tag, syncproto.Stamp{Time: rec.Newest() + 1, Replica: syncproto.HubReplica}, syncproto.BoolOf(yes))
		return tx.PutAgreed(k, rec, 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

func TestAddPhoto(t *testing.T) {
	l, visit := photographed(t)
	w := addPhoto(t, l, visit, 10)
	list := photosOf(t, l, visit)
	if list.Total != 1 || list.Here != 1 || list.Arrived != 0 || !list.CanAdd {
		t.Fatalf("%+v", list)
	}
	row := list.Rows[0]
	if row.ID != w.IDs[0].String() || row.Caption != "院墙" || row.Width != 320 || row.Date != "2024-03-05" || row.By != "王书记" || row.Sync != StateToSend {
		t.Errorf("%+v", row)
	}
	// The text goes first.
	if got := work(t, l, true); !got.Empty() {
		t.Errorf("photos go before their text: %+v", got)
	}
	sent(t, l)
	if got := work(t, l, true); len(got.Send) != 1 || got.Send[0].Record != w.IDs[0] {
		t.Errorf("%+v", got)
	}
	if s, err := l.SyncStatus(); err != nil || s.PhotosToSend != 1 || s.PhotosMissing != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	// Only what the server says counts as arrived, and it can take it back.
	hubSays(t, l, w.IDs[0], true)
	if list := photosOf(t, l, visit); list.Arrived != 1 || !work(t, l, true).Empty() {
		t.Errorf("arrived: %+v", list)
	}
	hubSays(t, l, w.IDs[0], false)
	if list := photosOf(t, l, visit); list.Arrived != 0 || len(work(t, l, true).Send) != 1 {
		t.Errorf("taken back: %+v", list)
	}
}

func TestPhotoRefusals(t *testing.T) {
	l, visit := photographed(t)
	addPhoto(t, l, visit, 0)
	_, err := l.Book.AddPhoto("visit", visit, pictureFile(t, 0), "")
	wantCode(t, "the same photo twice", err, syncproto.CodeExists)
	_, err = l.Book.AddPhoto("visit", visit, []byte("no picture"), "")
	wantCode(t, "no picture", err, syncproto.CodePhotoKind)
	_, err = l.Book.AddPhoto("household", visit, pictureFile(t, 1), "")
	wantCode(t, "a kind without photos", err, syncproto.CodeUsage)
	_, err = l.Book.AddPhoto("visit", "06f70h48000000000010", pictureFile(t, 1), "")
	wantCode(t, "no such visit", err, syncproto.CodeReference)
	for i := 1; i < syncproto.MaxPhotosPerRecord; i++ {
		addPhoto(t, l, visit, byte(20*i))
	}
	_, err = l.Book.AddPhoto("visit", visit, pictureFile(t, 250), "")
	wantCode(t, "one too many", err, syncproto.CodePhotoCount)
	held := 0
	for range l.Photos.All() {
		held++
	}
	if held != syncproto.MaxPhotosPerRecord {
		t.Errorf("%d photos are kept", held)
	}
	// Nobody but the server says that one has arrived.
	id := photosOf(t, l, visit).Rows[0].ID
	edits, err := saveEdits(ledger.Must(ledger.Attachment), mustID(t, id), map[string]any{"arrived": true})
	if err == nil {
		_, err = l.Book.Write(edits)
	}
	wantCode(t, "a claim that it arrived", err, syncproto.CodeNotAllowed)
}

// A photo that was removed can be brought back: its bytes stay.
func TestRemovePhotoAndUndo(t *testing.T) {
	l, visit := photographed(t)
	w := addPhoto(t, l, visit, 10)
	sent(t, l)
	removed, err := l.Book.Write(w.Undo)
	if err != nil {
		t.Fatal(err)
	}
	if list := photosOf(t, l, visit); list.Total != 0 || !work(t, l, true).Empty() {
		t.Errorf("removed: %+v", list)
	}
	if err := l.Book.sweepPhotos(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Book.Write(removed.Undo); err != nil {
		t.Fatal(err)
	}
	if list := photosOf(t, l, visit); list.Total != 1 || list.Here != 1 {
		t.Errorf("brought back: %+v", list)
	}
}

// leave takes a record from the laptop, as when it is erased or moves away.
func leave(t *testing.T, l *Laptop, id syncproto.ID) {
	t.Helper()
	k := syncproto.Key{Collection: ledger.Attachment, ID: id}
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		if err := tx.PutDelta(k, nil); err != nil {
			return err
		}
		return tx.PutAgreed(k, nil, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

// What leaves a laptop takes its photo along, once the server has it; before
// that the photo still goes up.
func TestPhotoOfARecordThatLeft(t *testing.T) {
	l, visit := photographed(t)
	w := addPhoto(t, l, visit, 10)
	sent(t, l)
	name := work(t, l, true).Send[0]
	leave(t, l, w.IDs[0])
	if got := work(t, l, true); len(got.Send) != 1 || got.Send[0] != name {
		t.Fatalf("an unsent photo does not go up any more: %+v", got)
	}
	if s, err := l.SyncStatus(); err != nil || s.PhotosToSend != 1 || s.PhotosRefused != 0 {
		t.Errorf("nobody is told that it waits: %+v, %v", s, err)
	}
	refuse(l, name.Hash)
	if s, err := l.SyncStatus(); err != nil || s.PhotosToSend != 0 || s.PhotosRefused != 1 || !work(t, l, true).Empty() {
		t.Errorf("refused: %+v, %v, to move %+v", s, err, work(t, l, true))
	}
	if err := l.Photos.Note(name.Hash, name.All()); err != nil {
		t.Fatal(err)
	}
	if err := l.Book.sweepPhotos(); err != nil {
		t.Fatal(err)
	}
	if held, _ := l.Photos.Photo(name.Hash); held.Size != 0 {
		t.Errorf("it stays: %+v", held)
	}
	if s, err := l.SyncStatus(); err != nil || s.PhotosToSend+s.PhotosRefused != 0 {
		t.Errorf("afterwards: %+v, %v", s, err)
	}
}

// What was erased by law does not stay, sent or not.
func TestPhotoOfAnErasedRecord(t *testing.T) {
	l, visit := photographed(t)
	w := addPhoto(t, l, visit, 10)
	sent(t, l)
	name := work(t, l, true).Send[0]
	at := syncproto.Stamp{Time: syncproto.TimeAt(l.Book.millis()), Replica: syncproto.HubReplica}
	trace := (ledger.Policy{}).Erased(at, syncproto.Erasure{Of: syncproto.Key{Collection: ledger.Attachment, ID: w.IDs[0]}, Home: shaxi, Reason: "本人要求"})
	if err := l.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(trace.Key, trace, 1) }); err != nil {
		t.Fatal(err)
	}
	leave(t, l, w.IDs[0])
	if held, _ := l.Photos.Photo(name.Hash); held.Size != 0 || !work(t, l, true).Empty() {
		t.Errorf("it stays: %+v", held)
	}
}

// Photos of others come unasked on a quick way only, the newest first; one
// that somebody looks for comes before all.
func TestFetch(t *testing.T) {
	l, visit := photographed(t)
	var ids []syncproto.ID
	for i := range 3 {
		w := addPhoto(t, l, visit, byte(20*i))
		ids = append(ids, w.IDs[0])
	}
	sent(t, l)
	for _, id := range ids {
		hubSays(t, l, id, true)
	}
	rows := photosOf(t, l, visit).Rows
	for held := range l.Photos.All() { // as if others had added them
		if err := l.Photos.Drop(held.Hash); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := l.SyncStatus(); err != nil || s.PhotosMissing != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if got := work(t, l, false); len(got.Fetch) != 0 {
		t.Errorf("fetched unasked on a slow way: %+v", got)
	}
	if got := work(t, l, true); len(got.Fetch) != 3 || got.Fetch[0].Record != ids[2] {
		t.Errorf("on a quick way: %+v", got)
	}
	h, err := syncproto.ParsePhotoHash(rows[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := l.Book.Photo(h); b != nil || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if got := work(t, l, false); len(got.Fetch) != 1 || got.Fetch[0].Record != ids[0] || !photosOf(t, l, visit).Rows[0].Wanted {
		t.Errorf("what somebody looks for: %+v", got)
	}
}

func refuse(l *Laptop, h syncproto.PhotoHash) {
	Album{b: l.Book}.Moved(syncproto.PhotoMoved{Refused: map[syncproto.PhotoHash]*syncproto.Error{
		h: {Code: syncproto.CodePhotoQuota, Message: "空间用完了", Hint: "请告诉乡镇"},
	}})
}

// What the server refuses is told, and not offered again at once.
func TestRefusedPhoto(t *testing.T) {
	l, visit := photographed(t)
	addPhoto(t, l, visit, 10)
	sent(t, l)
	name := work(t, l, true).Send[0]
	refuse(l, name.Hash)
	if row := photosOf(t, l, visit).Rows[0]; row.Problem == nil || row.Problem.Code != "photo_quota" || row.Problem.Hint == "" {
		t.Errorf("%+v", row)
	}
	if s, err := l.SyncStatus(); err != nil || s.PhotosRefused != 1 || s.PhotosToSend != 0 || !work(t, l, true).Empty() {
		t.Errorf("%+v, %v", s, err)
	}
}

// A laptop of before photos opens as it is, and a stop between the two files
// leaves nothing.
func TestPhotosBesideAnOldStore(t *testing.T) {
	l, visit := photographed(t)
	if n := photosOf(t, l, visit).Total; n != 0 {
		t.Errorf("%d photos", n)
	}
	p := syncproto.CutPhoto(syncproto.ID{}, []byte("a photo whose record was never written"))
	if _, err := l.Photos.Put(p.PhotoName, "", p.Chunks); err != nil {
		t.Fatal(err)
	}
	l.Book.album.unknown = true // as at the next start
	if err := l.Book.sweepPhotos(); err != nil {
		t.Fatal(err)
	}
	if held, _ := l.Photos.Photo(p.Hash); held.Size != 0 {
		t.Errorf("it stays: %+v", held)
	}
}

// spoil damages a chunk of each photo on the disk, and opens the file again.
func spoil(t *testing.T, l *Laptop, o Options) {
	t.Helper()
	if err := l.Photos.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(filepath.Join(o.Dir, photos.FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, values := tx.Bucket([]byte("chunks")), map[string][]byte{}
		err := b.ForEach(func(k, v []byte) error {
			values[string(k)] = bytes.Clone(v)
			return nil
		})
		for k, v := range values {
			v[len(v)/2] ^= 1
			err = errors.Join(err, b.Put([]byte(k), v))
		}
		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if l.Photos, err = o.photos(l.Store); err != nil {
		t.Fatal(err)
	}
	l.Book.KeepPhotos(l.Photos)
}

// lost checks whether the one photo of a visit is told to be lost.
func lost(t *testing.T, l *Laptop, visit string, want bool) {
	t.Helper()
	n, err := l.Book.LostPhotos()
	if row := photosOf(t, l, visit).Rows[0]; err != nil || row.Lost != want || n != order(want) {
		t.Errorf("%d lost, %v, the photo is %+v", n, err, row)
	}
}

// A photo whose bytes were lost here before they went up is added again: to
// the record that names it, not as another.
func TestAddALostPhotoAgain(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *Laptop, Options, syncproto.PhotoHash){
		"a damaged chunk": func(t *testing.T, l *Laptop, o Options, _ syncproto.PhotoHash) { spoil(t, l, o) },
		"dropped": func(t *testing.T, l *Laptop, _ Options, h syncproto.PhotoHash) {
			if err := l.Photos.Drop(h); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, newClock(), secretary())
			l, err := Join(t.Context(), o, invitation(), "村委电脑", password)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
			visit := visited(t, l)
			first := addPhoto(t, l, visit, 10)
			sent(t, l)
			photo := work(t, l, true).Send[0]
			lose(t, l, o, photo.Hash)
			if _, err := syncproto.CheckPhotos(l.Photos); err != nil {
				t.Fatal(err)
			}
			if list := photosOf(t, l, visit); list.Total != 1 || list.Here != 0 {
				t.Fatalf("nothing was lost: %+v", list)
			}
			lost(t, l, visit, true)
			again := addPhoto(t, l, visit, 10)
			if len(again.IDs) != 1 || again.IDs[0] != first.IDs[0] || len(again.Undo) != 0 {
				t.Errorf("added as %+v, was %v", again, first.IDs)
			}
			if list := photosOf(t, l, visit); list.Total != 1 || list.Here != 1 {
				t.Errorf("%+v", list)
			}
			lost(t, l, visit, false)
			if held := l.Book.album.held(photo.Hash); held.Owner != first.IDs[0].String() {
				t.Errorf("it belongs to %q", held.Owner)
			}
			if got := work(t, l, true); len(got.Send) != 1 || got.Send[0] != photo {
				t.Errorf("to send: %+v", got)
			}
			_, err = l.Book.AddPhoto("visit", visit, pictureFile(t, 10), "")
			wantCode(t, "a third time", err, syncproto.CodeExists)
		})
	}
}
