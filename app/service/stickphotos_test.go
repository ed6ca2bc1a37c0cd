package service

import (
	"slices"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func stickWork(t *testing.T, l *Laptop) syncproto.PhotoWork {
	t.Helper()
	w, err := Album{b: l.Book}.Stick()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A bundle takes the text along: photos of records that have never left go
// too, but not those whose text was refused and stays.
func TestStickTakesPhotosOfUnsentRecords(t *testing.T) {
	l, visit := photographed(t)
	one, two := addPhoto(t, l, visit, 10).IDs[0], addPhoto(t, l, visit, 60).IDs[0]
	if w := stickWork(t, l); len(w.Send) != 2 || w.Send[0].Record != one || !work(t, l, true).Empty() {
		t.Fatalf("%+v", w)
	}
	k := syncproto.Key{Collection: ledger.Attachment, ID: one}
	if err := l.Store.Update(func(tx *boltstore.Tx) error {
		d, err := tx.Delta(k)
		if err != nil {
			return err
		}
		d.Rejected = &syncproto.Rejection{Key: k, Code: syncproto.CodeScope, Message: "不归这台电脑管"}
		return tx.PutDelta(k, d)
	}); err != nil {
		t.Fatal(err)
	}
	if w := stickWork(t, l); len(w.Send) != 1 || w.Send[0].Record != two {
		t.Errorf("with a refused text: %+v", w)
	}
	hubSays(t, l, two, true)
	if w := stickWork(t, l); len(w.Send) != 0 {
		t.Errorf("arrived: %+v", w)
	}
}

// What the server refuses is still known when the laptop was closed meanwhile,
// and is forgotten when the photo is not to go any more. It comes after the
// others when it is offered again, so that it takes nobody's room.
func TestRefusedPhotoIsKept(t *testing.T) {
	l, visit := photographed(t)
	ids := []syncproto.ID{addPhoto(t, l, visit, 10).IDs[0], addPhoto(t, l, visit, 60).IDs[0], addPhoto(t, l, visit, 120).IDs[0]}
	sent(t, l)
	send := work(t, l, true).Send
	refuse(l, send[0].Hash)
	refuse(l, send[2].Hash)
	hubSays(t, l, ids[2], true)
	refuse(l, send[0].Hash)
	a := newAlbum()
	if err := l.Store.View(a.loadRefused); err != nil {
		t.Fatal(err)
	}
	no := a.refused[send[0].Hash]
	if len(a.refused) != 1 || no.err == nil || no.err.Code != syncproto.CodePhotoQuota || no.err.Hint == "" || no.at != l.Book.millis() {
		t.Errorf("kept %+v", a.refused)
	}
	later, _, _ := l.Book.album.candidates(true, l.Book.millis()+refusedFor)
	if got := []syncproto.ID{later[0].Record, later[1].Record}; !slices.Equal(got, []syncproto.ID{ids[1], ids[0]}) {
		t.Errorf("offered again as %v", got)
	}
}

// What a bundle has of photos is said when it is made, when its answer is read,
// and in the list of those that were made.
func TestStickTellsOfPhotos(t *testing.T) {
	l, c := carrying(t)
	c.photos, c.left = 3, 2
	dir := t.TempDir()
	made, err := l.StickOut(t.Context(), dir)
	if err != nil || made.Photos != 3 || made.PhotosLeft != 2 {
		t.Fatalf("%+v, %v", made, err)
	}
	answer := dir + "/b-huizhi.gridbundle"
	bundleFile(t, answer, 2, 2)
	c.in.ID, c.in.Heeded = [8]byte{1}, true
	c.in.Photos.Up, c.in.Photos.Refused, c.in.Photos.Down = 2, 1, 4
	read, err := l.StickIn(t.Context(), []string{answer})
	if err != nil || read[0].Photos != 2 || read[0].PhotosRefused != 1 || read[0].PhotosCame != 4 {
		t.Errorf("%+v, %v", read, err)
	}
	list, err := l.Sticks()
	if err != nil || list[0].Photos != 3 || list[0].PhotosArrived != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	c.in.Heeded, c.in.Photos.Up = false, 1 // the network had the text; the photos came by stick
	if read, err = l.StickIn(t.Context(), []string{answer}); err != nil || read[0].New || read[0].Photos != 1 {
		t.Errorf("overtaken: %+v, %v", read, err)
	}
	bundleFile(t, dir+"/v.gridbundle", 1, 3)
	taken, err := l.StickTake(t.Context(), []string{dir + "/v.gridbundle"})
	if err != nil || taken[0].Photos != 4 || taken[0].PhotosRefused != 3 || taken[0].PhotosDamaged != 2 || taken[0].PhotosEarly != 1 {
		t.Errorf("%+v, %v", taken, err)
	}
}
