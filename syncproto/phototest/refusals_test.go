package phototest

import (
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// What a laptop may not see, it neither gets nor sends, nor learns that it is
// there.
func TestOtherVillage(t *testing.T) {
	photo := Sample(9, 50_000)
	w := newTown(t)
	own, stranger := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, other)
	name := w.attach(w.visit(shaxi), photo)
	own.has(photo)
	stranger.has(photo)
	var used wire
	if moved, _ := stranger.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, 1<<20, open, &used); moved.Up != 0 || w.arrived(name) {
		t.Errorf("a stranger sent %+v", moved)
	}
	own.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, 1<<20, open, &used)
	stranger.photos = NewMemory()
	if moved, _ := stranger.move(syncproto.PhotoWork{Fetch: []syncproto.PhotoName{name}}, 1<<20, open, &used); moved.Down != 0 {
		t.Errorf("a stranger fetched %+v", moved)
	}
	// Nor by naming a record of its own village for the hash: the record has
	// to name it.
	lie := name
	lie.Record = w.attach(w.visit(other), Sample(8, 50_000)).Record
	if moved, _ := stranger.move(syncproto.PhotoWork{Fetch: []syncproto.PhotoName{lie}}, 1<<20, open, &used); moved.Down != 0 {
		t.Errorf("a stranger fetched by another record %+v", moved)
	}
}

// An inspector reads and does not send.
func TestReaderDoesNotSend(t *testing.T) {
	photo := Sample(9, 50_000)
	w := newTown(t)
	l := w.enrol(ledger.RoleInspector, shaxi)
	l.has(photo)
	name := w.attach(w.visit(shaxi), photo)
	var used wire
	if moved, _ := l.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, 1<<20, open, &used); moved.Up != 0 || w.arrived(name) {
		t.Errorf("an inspector sent %+v", moved)
	}
	if used.messages > 5 {
		t.Errorf("it tried %d times", used.messages)
	}
}

func TestTextFirst(t *testing.T) {
	w := newTown(t)
	l := w.enrol(ledger.RoleVillage, shaxi)
	p := l.has(Sample(9, 50_000))
	p.Record = syncproto.ID{Time: 5, Replica: 9}
	var used wire
	moved, _ := l.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{p.PhotoName}}, 1<<20, open, &used)
	if moved.Up != 0 || used.messages != 1 {
		t.Errorf("a photo without a record: %+v, %+v", moved, used)
	}
	if held, _ := w.photos.Photo(p.Hash); held.Size != 0 {
		t.Error("the hub keeps what no record names")
	}
}

func TestTooMany(t *testing.T) {
	w := newTown(t)
	l := w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	for i := range syncproto.MaxPhotosPerRecord + 2 {
		photo := Sample(uint64(i), 1000)
		l.has(photo)
		work.Send = append(work.Send, w.attach(visit, photo))
	}
	var used wire
	moved, _ := l.move(work, 1<<20, open, &used)
	if moved.Up != syncproto.MaxPhotosPerRecord || len(moved.Refused) != 2 {
		t.Errorf("%+v", moved)
	}
	for i, n := range work.Send {
		if w.arrived(n) != (i < syncproto.MaxPhotosPerRecord) {
			t.Errorf("photo %d: arrived %v", i, w.arrived(n))
		}
		if e := moved.Refused[n.Hash]; e != nil && (e.Code != syncproto.CodePhotoCount || e.Message == "" || e.Hint == "") {
			t.Errorf("photo %d: %+v", i, e)
		}
	}
}

func TestQuota(t *testing.T) {
	w := newTown(t)
	w.hub.Quota = 100_000
	l := w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	for i := range 3 {
		photo := Sample(uint64(i), 40_000)
		l.has(photo)
		work.Send = append(work.Send, w.attach(visit, photo))
	}
	var used wire
	moved, _ := l.move(work, 1<<20, open, &used)
	if moved.Up != 2 || len(moved.Refused) != 1 {
		t.Errorf("%+v", moved)
	}
	for _, e := range moved.Refused {
		if e.Code != syncproto.CodePhotoQuota {
			t.Errorf("refused: %v", e)
		}
	}
	w.hub.Quota = quota // the township has made room
	if moved, _ := l.move(work, 1<<20, open, &used); moved.Up != 3 || !w.arrived(work.Send[2]) {
		t.Errorf("afterwards: %+v", moved)
	}
}

func TestRevoked(t *testing.T) {
	w := newTown(t)
	l := w.enrol(ledger.RoleVillage, shaxi)
	l.token = make([]byte, syncproto.TokenSize)
	rep, err := syncproto.DecodePhotoReply(w.serve(syncproto.AppendPhotoRequest(nil, &syncproto.PhotoRequest{
		Version: syncproto.Version, Token: l.token, Budget: 1, Ask: []syncproto.PhotoName{{Size: 1}},
	})))
	check(t, err)
	if syncproto.CodeOf(rep.Error) != syncproto.CodeToken || len(rep.States) != 0 {
		t.Errorf("%+v", rep)
	}
}
