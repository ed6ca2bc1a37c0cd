package syncer

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"filippo.io/age"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/phototest"
)

// carried is a laptop with photos that has only sticks from now on.
type carried struct {
	*laptop
	*album
	*Syncer
	o    *office
	town townKeys
}

func withSticks(t *testing.T, o *office) *carried {
	t.Helper()
	l, a, s := withAlbum(t, o)
	id, err := age.GenerateX25519Identity()
	check(t, err)
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	check(t, l.Update(func(tx Tx) error {
		return PutHub(tx, Hub{BundleKey: id.Recipient().String(), SignKey: sign.Public().(ed25519.PublicKey)})
	}))
	return &carried{l, a, s, o, townKeys{sign, id}}
}

// out makes a bundle.
func (c *carried) out() Outgoing {
	c.o.t.Helper()
	out, err := c.BundleOut(c.o.t.Context())
	check(c.o.t, err)
	return out
}

// take is what the hub does with a bundle: the text, the photos, and the news
// that these made. change may spoil what the bundle has of photos.
func (c *carried) take(t *testing.T, file []byte, change func(*syncproto.Bundle)) []byte {
	t.Helper()
	h, b, err := envelope.Open(file, c.town.bundle)
	check(t, err)
	if change != nil {
		change(b)
	}
	back := &syncproto.Bundle{Version: syncproto.Version}
	serve := func(q *syncproto.Request) *syncproto.Reply {
		p, err := syncproto.DecodeReply(c.o.serve(syncproto.AppendRequest(nil, q)))
		check(t, err)
		back.Answers = append(back.Answers, syncproto.AnswerTo(q, p))
		return p
	}
	var last *syncproto.Reply
	for _, q := range b.Requests {
		last = serve(q)
	}
	for _, m := range b.Photos {
		reply := syncproto.AppendPhotoReply(nil, &syncproto.PhotoReply{Version: syncproto.Version, Error: &syncproto.Error{Code: syncproto.CodeMalformed}})
		if _, err := syncproto.DecodePhotoRequest(m); err == nil {
			reply = c.o.album(m)
		}
		back.Photos = append(back.Photos, reply)
	}
	if last.More = true; len(b.Photos) > 0 {
		if rest := syncproto.Rest(b.Requests[len(b.Requests)-1], last); rest != nil {
			serve(rest)
		}
	}
	last.More = false
	answer := envelope.Header{Kind: envelope.Answer, Township: township, ID: h.ID}
	return c.town.answer(t, answer, b.Recipient, back)
}

func (c *carried) read(answer []byte) Incoming {
	c.o.t.Helper()
	in, err := c.BundleIn(c.o.t.Context(), answer)
	check(c.o.t, err)
	return in
}

// restore brings the hub's photos back as they were before all.
func (o *office) restore(names []syncproto.PhotoName) {
	o.photos = phototest.NewMemory()
	hub := &syncproto.PhotoHub{Hub: o.hub, Tags: ledger.PhotoTags()}
	for _, n := range names {
		check(o.t, o.store.Update(func(tx syncproto.HubTx) error {
			_, err := hub.Settle(tx, n.Record, o.photos, o.now())
			return err
		}))
	}
}

// A photo whose text has never left goes in the same bundle, and the answer
// says that both have arrived. The answer that is read again says nothing new.
func TestStickCarriesPhotos(t *testing.T) {
	c := withSticks(t, newOffice(t))
	c.album.add(300_000)
	c.album.add(40_000)
	out := c.out()
	if out.Photos != 2 || out.PhotosLeft != 0 || out.Records != 2 {
		t.Fatalf("%+v", out)
	}
	answer := c.take(t, out.File, nil)
	in := c.read(answer)
	if in.Photos != (PhotosIn{Up: 2}) || in.Sent != 2 {
		t.Errorf("%+v", in)
	}
	for _, n := range c.names {
		if !c.arrived(n) {
			t.Errorf("%v has not arrived", n.Record)
		}
	}
	if w, err := c.Stick(); err != nil || len(w.Send) != 0 {
		t.Errorf("still to go: %+v, %v", w, err)
	}
	if in = c.read(answer); in.Heeded || in.Photos != (PhotosIn{}) {
		t.Errorf("read again: %+v", in)
	}
	if again := c.read(c.take(t, out.File, nil)); again.Photos.Up != 0 {
		t.Errorf("taken again: %+v", again)
	}
	if next := c.out(); next.Photos != 0 {
		t.Errorf("the next bundle has %d photos", next.Photos)
	}
}

// Two bundles are under way, and their answers come in the wrong order.
func TestStickPhotosOutOfOrder(t *testing.T) {
	c := withSticks(t, newOffice(t))
	c.album.add(50_000)
	first := c.out()
	c.album.add(60_000)
	second := c.out()
	if second.Photos != 2 {
		t.Fatalf("what is unanswered goes again: %+v", second)
	}
	a, b := c.take(t, first.File, nil), c.take(t, second.File, nil)
	if in := c.read(b); in.Photos.Up != 2 {
		t.Errorf("the later answer: %+v", in)
	}
	if in := c.read(a); in.Photos.Up != 0 {
		t.Errorf("the earlier answer: %+v", in)
	}
	if w, _ := c.Stick(); len(w.Send) != 0 {
		t.Errorf("still to go: %+v", w)
	}
}

// A message about photos that the hub could not read touches nothing else, and
// its photos go with the next bundle.
func TestStickPhotosDamaged(t *testing.T) {
	c := withSticks(t, newOffice(t))
	c.album.add(50_000)
	answer := c.take(t, c.out().File, func(b *syncproto.Bundle) {
		q, err := syncproto.DecodePhotoRequest(b.Photos[0])
		check(t, err)
		q.Up[0].Chunks[1].Data[7] ^= 1
		q.Token[0] ^= 1 // refused as a whole
		bad := syncproto.AppendPhotoRequest(nil, q)
		q.Token[0] ^= 1
		b.Photos = [][]byte{bad, syncproto.AppendPhotoRequest(nil, q)}
	})
	in := c.read(answer)
	if in.Sent != 1 || in.Photos.Up != 0 || in.Photos.Problem == nil || c.arrived(c.names[0]) {
		t.Errorf("%+v", in)
	}
	if in = c.read(c.take(t, c.out().File, nil)); in.Photos.Up != 1 || !c.arrived(c.names[0]) {
		t.Errorf("the next bundle: %+v", in)
	}
}

// A message that nobody can read counts as one photo, however many were in it:
// nothing here relies on that number. None of them is taken for one that has
// arrived, and all go again.
func TestStickPhotosUnreadable(t *testing.T) {
	c := withSticks(t, newOffice(t))
	for range 3 {
		c.album.add(50_000)
	}
	out := c.out()
	answer := c.take(t, out.File, func(b *syncproto.Bundle) {
		if len(b.Photos) != 1 {
			t.Fatalf("%d messages", len(b.Photos))
		}
		b.Photos[0] = b.Photos[0][:len(b.Photos[0])/2]
	})
	in := c.read(answer)
	if out.Photos != 3 || in.Sent != 3 || in.Photos.Up != 0 || in.Photos.Problem == nil {
		t.Errorf("%+v", in)
	}
	if w, err := c.Stick(); err != nil || len(w.Send) != 3 {
		t.Errorf("%d are to go again, %v", len(w.Send), err)
	}
	if in = c.read(c.take(t, c.out().File, nil)); in.Photos.Up != 3 {
		t.Errorf("the next bundle: %+v", in)
	}
}

// The hub lost its photos after it had said that it has them: they go again,
// whole, with the first bundle that knows.
func TestStickPhotosAfterRestore(t *testing.T) {
	c := withSticks(t, newOffice(t))
	c.album.add(50_000)
	c.read(c.take(t, c.out().File, nil))
	c.o.restore(c.names)
	if in := c.read(c.take(t, c.out().File, nil)); in.Photos.Up != 0 || c.arrived(c.names[0]) {
		t.Errorf("the mark is taken back: %+v", in)
	}
	if in := c.read(c.take(t, c.out().File, nil)); in.Photos.Up != 1 || !c.arrived(c.names[0]) {
		t.Errorf("sent again: %+v", in)
	}
}

// Another laptop of the village asks with its bundle for what it lacks.
func TestStickBringsPhotos(t *testing.T) {
	o := newOffice(t)
	c, other := withSticks(t, o), withSticks(t, o)
	c.album.add(50_000)
	c.read(c.take(t, c.out().File, nil))
	other.fetch, other.names = true, c.names
	out := other.out()
	in := other.read(other.take(t, out.File, nil))
	if in.Photos.Down != 1 || out.Photos != 0 {
		t.Errorf("%+v, %+v", out, in)
	}
	if got, err := syncproto.ReadPhoto(other.album.store, c.names[0].Hash); err != nil || len(got) != 50_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// What finds no room is counted, and goes with the next bundle.
func TestStickPhotosLeft(t *testing.T) {
	c := withSticks(t, newOffice(t))
	const one = syncproto.MaxPhoto
	for range stickPhotos/one + 2 {
		c.album.add(one)
	}
	out := c.out()
	if out.Photos != stickPhotos/one || out.PhotosLeft != 2 {
		t.Fatalf("%d photos, %d left", out.Photos, out.PhotosLeft)
	}
	c.read(c.take(t, out.File, nil))
	if next := c.out(); next.Photos != 2 || next.PhotosLeft != 0 {
		t.Errorf("next: %d photos, %d left", next.Photos, next.PhotosLeft)
	}
}
