package phototest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/syncsim"
)

const (
	township = "330702009"
	shaxi    = "330702009204"
	other    = "330702009205"
	quota    = 4 << 20
)

// town is a hub with its two stores in memory.
type town struct {
	t       testing.TB
	hub     *syncproto.PhotoHub
	records *syncsim.HubStore
	photos  *Memory
	now     int64
}

func newTown(t testing.TB) *town {
	source := rand.NewChaCha8([32]byte{1})
	hub := &syncproto.Hub{Policy: ledger.Policy{}, Rand: source, Codec: syncproto.NewCodec()}
	return &town{
		t: t, now: 1_780_000_000_000, photos: NewMemory(),
		hub:     &syncproto.PhotoHub{Hub: hub, Tags: ledger.PhotoTags(), Quota: quota},
		records: syncsim.NewHubStore(syncproto.HubState{Township: township, Epoch: 7}),
	}
}

func (w *town) enrol(role ledger.Role, scope string) *laptop {
	w.t.Helper()
	var rep *syncproto.JoinReply
	check(w.t, w.records.Update(func(tx syncproto.HubTx) (err error) {
		rep, err = w.hub.Hub.Enrol(tx, string(role), scope, "王书记", "电脑", w.now)
		return err
	}))
	return &laptop{town: w, token: rep.Token, photos: NewMemory()}
}

// write makes a record as the text would have brought it.
func (w *town) write(c syncproto.Collection, values map[string]syncproto.Value) (id syncproto.ID) {
	w.t.Helper()
	check(w.t, w.records.Update(func(tx syncproto.HubTx) error {
		k, err := w.hub.Hub.Write(tx, func(at syncproto.Stamp) *syncproto.Record {
			r := syncproto.NewRecord(c, at)
			for key, v := range values {
				f, ok := ledger.Must(c).FieldByKey(key)
				if !ok {
					w.t.Fatalf("no field %s", key)
				}
				r.Write(f.Tag, at, v)
			}
			return r
		}, w.now)
		id = k.ID
		return err
	}))
	return id
}

func (w *town) visit(village string) syncproto.ID {
	return w.write(ledger.Visit, map[string]syncproto.Value{"village": syncproto.TextOf(village)})
}

func (w *town) attach(visit syncproto.ID, photo []byte) syncproto.PhotoName {
	hash := syncproto.HashPhoto(photo)
	id := w.write(ledger.Attachment, map[string]syncproto.Value{
		"visit": syncproto.RefOf(visit), "sha256": syncproto.BytesOf(hash[:]), "size": syncproto.IntOf(int64(len(photo))),
	})
	return syncproto.PhotoName{Record: id, Hash: hash, Size: len(photo)}
}

// arrived is what the record says.
func (w *town) arrived(n syncproto.PhotoName) (yes bool) {
	check(w.t, w.records.View(func(tx syncproto.HubTx) error {
		st, err := tx.Record(syncproto.Key{Collection: ledger.Attachment, ID: n.Record})
		yes = st.Value(w.hub.Tags.Arrived).Bool()
		return err
	}))
	return yes
}

// serve takes bytes and gives bytes, as the real server does.
func (w *town) serve(body []byte) []byte {
	w.t.Helper()
	w.now += 1000
	q, err := syncproto.DecodePhotoRequest(body)
	check(w.t, err)
	var s *syncproto.PhotoServing
	check(w.t, w.records.View(func(tx syncproto.HubTx) error {
		s, err = w.hub.Admit(tx, q, w.now)
		return err
	}))
	check(w.t, s.Move(w.photos))
	for _, id := range s.Unsettled() {
		check(w.t, w.records.Update(func(tx syncproto.HubTx) error {
			_, err := w.hub.Settle(tx, id, w.photos, w.now)
			return err
		}))
	}
	return syncproto.AppendPhotoReply(nil, s.Reply)
}

type laptop struct {
	*town
	token  []byte
	photos *Memory
}

func (l *laptop) has(b []byte) syncproto.PhotoPart {
	l.t.Helper()
	p := syncproto.CutPhoto(syncproto.ID{}, b)
	_, err := l.photos.Put(p.PhotoName, "", p.Chunks)
	check(l.t, err)
	return p
}

// way carries a message; nil is a cut.
type way func(n int, body []byte, serve func([]byte) []byte) []byte

func open(_ int, body []byte, serve func([]byte) []byte) []byte { return serve(body) }

// wire counts what a sync of photos took.
type wire struct{ messages, up, down int }

// move runs a session until it ends or is cut, and reports whether it ended.
func (l *laptop) move(work syncproto.PhotoWork, budget int, w way, used *wire) (syncproto.PhotoMoved, bool) {
	l.t.Helper()
	s := syncproto.NewPhotoSession(l.photos)
	for n := 0; ; n++ {
		if n > 1000 {
			l.t.Fatal("a session without end")
		}
		q, err := s.Next(work, l.token, budget, budget)
		check(l.t, err)
		if q == nil {
			return s.Moved(), true
		}
		body := syncproto.AppendPhotoRequest(nil, q)
		used.messages++
		used.up += len(body)
		out := w(used.messages-1, body, l.serve)
		if out == nil {
			s.Lost()
			return s.Moved(), false
		}
		used.down += len(out)
		rep, err := syncproto.DecodePhotoReply(out)
		check(l.t, err)
		if _, err := s.Receive(rep); err != nil {
			l.t.Fatal(err)
		}
	}
}

func TestUpAndDown(t *testing.T) {
	w := newTown(t)
	a, b := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleTownship, township)
	visit := w.visit(shaxi)
	var work syncproto.PhotoWork
	var all [][]byte
	for i := range 4 {
		photo := Sample(uint64(i), 30_000+100_000*i)
		a.has(photo)
		work.Send, all = append(work.Send, w.attach(visit, photo)), append(all, photo)
	}
	var up, down wire
	moved, _ := a.move(work, 256<<10, open, &up)
	if moved.Up != 4 || len(moved.Refused) != 0 {
		t.Errorf("sent: %+v", moved)
	}
	for _, n := range work.Send {
		if !w.arrived(n) {
			t.Errorf("%v: the record does not say that it arrived", n.Record)
		}
	}
	moved, _ = b.move(syncproto.PhotoWork{Fetch: work.Send}, 256<<10, open, &down)
	if moved.Down != 4 {
		t.Errorf("fetched: %+v", moved)
	}
	total := 0
	for _, photo := range all {
		got, err := syncproto.ReadPhoto(b.photos, syncproto.HashPhoto(photo))
		check(t, err)
		if !bytes.Equal(got, photo) {
			t.Error("a photo came out as another")
		}
		total += len(photo)
	}
	t.Logf("4 photos of %d B: %d messages and %d B up, %d messages and %d B down", total, up.messages, up.up, down.messages, down.down)
	if over := up.up + up.down - total; over > total/50 || up.messages > total/(256<<10)+2 {
		t.Errorf("up: %d B more than the photos, %d messages", over, up.messages)
	}
	if over := down.up + down.down - total; over > total/50 || down.messages > total/(200<<10)+2 {
		t.Errorf("down: %d B more than the photos, %d messages", over, down.messages)
	}
	var again wire
	if a.move(work, 1<<20, open, &again); again.messages != 1 || again.up > 400 {
		t.Errorf("sending what has arrived: %+v", again)
	}
}

// Every message is cut once, on its way there or back: each cut costs at most
// one message.
func TestCutAtEveryMessage(t *testing.T) {
	photo := Sample(9, 10*syncproto.PhotoChunkSize+1)
	for _, up := range []bool{true, false} {
		for _, lateCut := range []bool{false, true} {
			t.Run(fmt.Sprintf("up=%v,reply=%v", up, lateCut), func(t *testing.T) {
				w := newTown(t)
				l := w.enrol(ledger.RoleVillage, shaxi)
				name := w.attach(w.visit(shaxi), photo)
				work, whole := syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, w.photos
				l.has(photo)
				if !up {
					work, whole = syncproto.PhotoWork{Fetch: work.Send}, NewMemory()
					w.photos, l.photos = l.photos, whole
				}
				cut := map[int]bool{}
				var used wire
				flaky := func(n int, body []byte, serve func([]byte) []byte) []byte {
					held, err := whole.Photo(name.Hash)
					check(t, err)
					if at := held.Has.Count(); !cut[at] { // once at each place
						cut[at] = true
						if lateCut {
							serve(body)
						}
						return nil
					}
					return serve(body)
				}
				for n := 0; ; n++ {
					if _, ended := l.move(work, 1, flaky, &used); ended {
						break
					}
					if n > 100 {
						t.Fatal("it never arrives")
					}
				}
				if held, _ := whole.Photo(name.Hash); !held.Whole() || !w.arrived(name) {
					t.Errorf("in the end %+v, arrived %v", held, w.arrived(name))
				}
				chunks := name.All().Count()
				if most := chunks + len(cut) + 2; used.messages > most {
					t.Errorf("%d messages for %d chunks and %d cuts (at most %d)", used.messages, chunks, len(cut), most)
				}
			})
		}
	}
}

// A chunk that a way damages is noticed there and sent again.
func TestDamagedOnTheWay(t *testing.T) {
	photo := Sample(9, 5*syncproto.PhotoChunkSize)
	w := newTown(t)
	a, b := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, shaxi)
	name := w.attach(w.visit(shaxi), photo)
	a.has(photo)
	spoil := func(body []byte) []byte {
		body = bytes.Clone(body)
		body[len(body)-20_000] ^= 1 // in the middle of the last chunk
		return body
	}
	var up, down wire
	moved, _ := a.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, 64<<10, func(n int, body []byte, serve func([]byte) []byte) []byte {
		if n == 1 {
			body = spoil(body)
		}
		return serve(body)
	}, &up)
	if moved.Up != 1 || !w.arrived(name) {
		t.Errorf("up: %+v", moved)
	}
	moved, _ = b.move(syncproto.PhotoWork{Fetch: []syncproto.PhotoName{name}}, 64<<10, func(n int, body []byte, serve func([]byte) []byte) []byte {
		if body = serve(body); n == 1 {
			return spoil(body)
		}
		return body
	}, &down)
	if moved.Down != 1 || moved.Spoilt == 0 {
		t.Errorf("down: %+v", moved)
	}
}

// A chunk that the hub's disk loses is noticed when somebody fetches it; the
// record no longer says that the photo has arrived, and who has it sends what
// is missing.
func TestDamagedAtTheHub(t *testing.T) {
	photo := Sample(9, 5*syncproto.PhotoChunkSize)
	w := newTown(t)
	a, b := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleTownship, township)
	name := w.attach(w.visit(shaxi), photo)
	a.has(photo)
	send, fetch := syncproto.PhotoWork{Send: []syncproto.PhotoName{name}}, syncproto.PhotoWork{Fetch: []syncproto.PhotoName{name}}
	var used wire
	a.move(send, 1<<20, open, &used)
	check(t, w.photos.Damage(name.Hash, 2))
	if moved, _ := b.move(fetch, 1<<20, open, &used); moved.Down != 0 || w.arrived(name) {
		t.Errorf("fetched %+v, arrived %v", moved, w.arrived(name))
	}
	used = wire{}
	a.move(send, 1<<20, open, &used)
	if !w.arrived(name) || used.up > 2*syncproto.PhotoChunkSize {
		t.Errorf("mended %v with %d B", w.arrived(name), used.up)
	}
	if moved, _ := b.move(fetch, 1<<20, open, &used); moved.Down != 1 {
		t.Errorf("fetched %+v", moved)
	}
}

// Two laptops with the same photo are one photo at the hub.
func TestSamePhotoTwice(t *testing.T) {
	photo := Sample(9, 5*syncproto.PhotoChunkSize)
	w := newTown(t)
	a, b := w.enrol(ledger.RoleVillage, shaxi), w.enrol(ledger.RoleVillage, shaxi)
	visit := w.visit(shaxi)
	one, two := w.attach(visit, photo), w.attach(visit, photo)
	a.has(photo)
	b.has(photo)
	var first, second wire
	a.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{one}}, 1<<20, open, &first)
	// The text of the second says at once that it has arrived; here it comes
	// to the question.
	b.move(syncproto.PhotoWork{Send: []syncproto.PhotoName{two}}, 0, open, &second)
	if !w.arrived(one) || !w.arrived(two) || second.up > 200 {
		t.Errorf("arrived %v and %v; the second cost %d B", w.arrived(one), w.arrived(two), second.up)
	}
	if n, _ := w.photos.Used(shaxi); n != int64(len(photo)) {
		t.Errorf("%d bytes on the village's account", n)
	}
}
