package phototest

import (
	"bytes"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

const roomy = 32 << 20

// load makes the messages of a bundle.
func (l *laptop) load(w syncproto.PhotoWork, up, down int) syncproto.PhotoLoad {
	l.t.Helper()
	out, err := syncproto.LoadPhotos(l.photos, w, l.token, syncproto.PhotoBudget{Up: up, Down: down})
	check(l.t, err)
	for i, m := range out.Messages {
		if len(m) > syncproto.MaxPhotoMessage {
			l.t.Errorf("message %d has %d bytes", i, len(m))
		}
	}
	return out
}

// take is the hub's side: a reply for each message.
func (w *town) take(load syncproto.PhotoLoad) (replies [][]byte) {
	for _, m := range load.Messages {
		replies = append(replies, w.serve(m))
	}
	return replies
}

// read takes the replies in.
func (l *laptop) read(replies [][]byte, w syncproto.PhotoWork) syncproto.PhotoMoved {
	l.t.Helper()
	s := syncproto.NewPhotoSession(l.photos)
	for _, b := range replies {
		p, err := syncproto.DecodePhotoReply(b)
		check(l.t, err)
		_, err = s.ReceiveStick(p, w)
		check(l.t, err)
	}
	return s.Moved()
}

// Photos go with a stick, more than fill one message, and come to another
// laptop with another stick. What is taken or read twice counts once.
func TestStickUpAndDown(t *testing.T) {
	w := newTown(t)
	a, b := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	var all [][]byte
	for i := range 5 {
		photo := Sample(uint64(i), 100+syncproto.PhotoChunkSize*9*i)
		a.has(photo)
		work.Send, all = append(work.Send, w.attach(visit, photo)), append(all, photo)
	}
	load := a.load(work, roomy, roomy)
	if load.Photos != 5 || load.Left != 0 || len(load.Messages) < 2 {
		t.Fatalf("%d photos, %d left, %d messages", load.Photos, load.Left, len(load.Messages))
	}
	replies := w.take(load)
	for _, n := range work.Send {
		if !w.arrived(n) {
			t.Errorf("%v has not arrived", n.Record)
		}
	}
	if again := w.take(load); len(again) != len(replies) {
		t.Errorf("taken twice: %d replies", len(again))
	}
	if m := a.read(replies, work); m.Up != 5 || m.Down != 0 || len(m.Refused) != 0 {
		t.Errorf("%+v", m)
	}
	// By now the records say that they have arrived: nothing is to go any more.
	if m := a.read(replies, syncproto.PhotoWork{}); m.Up != 0 {
		t.Errorf("read again: %+v", m)
	}

	wanted := syncproto.PhotoWork{Fetch: work.Send}
	ask := b.load(wanted, roomy, roomy)
	if ask.Wanted != 5 || ask.Photos != 0 {
		t.Fatalf("%+v", ask)
	}
	replies = w.take(ask)
	if m := b.read(replies, wanted); m.Down != 5 || m.Up != 0 {
		t.Errorf("came: %+v", m)
	}
	if m := b.read(replies, wanted); m.Down != 0 {
		t.Errorf("came twice: %+v", m)
	}
	for i, photo := range all {
		got, err := syncproto.ReadPhoto(b.photos, work.Send[i].Hash)
		check(t, err)
		if !bytes.Equal(got, photo) {
			t.Errorf("photo %d came out as another", i)
		}
	}
}

// A photo goes whole, whatever the hub is thought to have: it may have been
// restored since. What it has of it already does no harm.
func TestStickTrustsNoHint(t *testing.T) {
	for name, there := range map[string]syncproto.ChunkSet{"some": 3, "all": syncproto.AllChunks(100_000)} {
		w := newTown(t)
		l := w.enrol(ledger.RoleVillage, shaxi)
		photo := Sample(1, 100_000)
		part := l.has(photo)
		n := w.attach(w.visit(shaxi), photo)
		check(t, l.photos.Note(n.Hash, there))
		_, err := w.photos.Put(n, shaxi, part.Chunks[3:])
		check(t, err)
		work := syncproto.PhotoWork{Send: []syncproto.PhotoName{n}}
		if m := l.read(w.take(l.load(work, roomy, roomy)), work); m.Up != 1 || !w.arrived(n) {
			t.Errorf("%s: %+v, arrived %v", name, m, w.arrived(n))
		}
	}
}

// What does not fit goes with the next stick, and what is not asked for now is
// asked for then.
func TestStickBudget(t *testing.T) {
	w := newTown(t)
	l, other := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	for i := range 3 {
		photo := Sample(uint64(i), 100_000)
		l.has(photo)
		work.Send = append(work.Send, w.attach(visit, photo))
	}
	first := l.load(work, 250_000, roomy)
	if first.Photos != 2 || first.Left != 1 {
		t.Fatalf("%+v", first)
	}
	l.read(w.take(first), work)
	work.Send = work.Send[2:] // the marks of the others have come
	second := l.load(work, 250_000, roomy)
	if m := l.read(w.take(second), work); second.Photos != 1 || second.Left != 0 || m.Up != 1 {
		t.Errorf("%+v, %+v", second, m)
	}
	fetch := syncproto.PhotoWork{Fetch: work.Send}
	if ask := other.load(fetch, roomy, 99_999); ask.Wanted != 0 || len(ask.Messages) != 0 {
		t.Errorf("asked for more than is wanted: %+v", ask)
	}
}

// One photo on two records goes once and arrives on both.
func TestStickSamePhotoTwice(t *testing.T) {
	w := newTown(t)
	l := w.enrol(ledger.RoleVillage, shaxi)
	photo := Sample(1, 100_000)
	l.has(photo)
	one, two := w.attach(w.visit(shaxi), photo), w.attach(w.visit(shaxi), photo)
	work := syncproto.PhotoWork{Send: []syncproto.PhotoName{one, two}}
	load := l.load(work, 100_000, 0)
	if m := l.read(w.take(load), work); load.Photos != 2 || load.Left != 0 || m.Up != 2 || !w.arrived(one) || !w.arrived(two) {
		t.Errorf("%+v, %+v", load, m)
	}
}

// The hub says of each photo what became of it: refused, or its text is not
// there. Neither counts as arrived, and the others do not suffer.
func TestStickSaysWhatBecame(t *testing.T) {
	w := newTown(t)
	l := w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	for i := range syncproto.MaxPhotosPerRecord + 1 {
		photo := Sample(uint64(i), 2000+i)
		l.has(photo)
		work.Send = append(work.Send, w.attach(visit, photo))
	}
	stray := Sample(99, 3000)
	l.has(stray)
	unknown := syncproto.PhotoName{Record: syncproto.Stamp{Time: 1, Replica: 7}, Hash: syncproto.HashPhoto(stray), Size: 3000}
	work.Send = append(work.Send, unknown)
	m := l.read(w.take(l.load(work, roomy, roomy)), work)
	last := work.Send[syncproto.MaxPhotosPerRecord]
	if m.Up != syncproto.MaxPhotosPerRecord || len(m.Refused) != 1 || m.Refused[last.Hash].Code != syncproto.CodePhotoCount {
		t.Errorf("%+v", m)
	}
	if held, _ := l.photos.Photo(unknown.Hash); held.There != 0 {
		t.Errorf("without its text: %+v", held)
	}
}

// What is damaged here is not sent, and what comes damaged is asked for again.
func TestStickDamaged(t *testing.T) {
	w := newTown(t)
	l, other := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, shaxi)
	photo := Sample(1, 100_000)
	l.has(photo)
	n := w.attach(w.visit(shaxi), photo)
	work := syncproto.PhotoWork{Send: []syncproto.PhotoName{n}}
	l.read(w.take(l.load(work, roomy, roomy)), work)
	fetch := syncproto.PhotoWork{Fetch: work.Send}
	reply := w.take(other.load(fetch, roomy, roomy))[0]
	p, err := syncproto.DecodePhotoReply(reply)
	check(t, err)
	p.Down[0].Chunks[1].Sum[0] ^= 1
	if m := other.read([][]byte{syncproto.AppendPhotoReply(nil, p)}, fetch); m.Down != 0 || m.Spoilt != 1 {
		t.Errorf("damaged: %+v", m)
	}
	again := other.load(fetch, roomy, roomy)
	if m := other.read(w.take(again), fetch); m.Down != 1 || again.Wanted != 1 {
		t.Errorf("again: %+v", m)
	}
	// Nobody asked for it any more: what comes late is not kept.
	late := w.enrol(ledger.RoleVillage, shaxi)
	if m := late.read([][]byte{reply}, syncproto.PhotoWork{}); m.Down != 0 {
		t.Errorf("not wanted: %+v", m)
	}
	check(t, l.photos.Damage(n.Hash, 2))
	if load := l.load(work, roomy, roomy); load.Photos != 0 || len(load.Messages) != 0 {
		t.Errorf("damaged here: %+v", load)
	}
}
