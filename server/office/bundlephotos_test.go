package office_test

import (
	"crypto/rand"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/phototest"
	"gridbook/syncproto/syncsim"
)

// photoMessage is what a laptop would send to /p.
func (s *stick) photoMessage(parts ...syncproto.PhotoPart) []byte {
	return syncproto.AppendPhotoRequest(nil, &syncproto.PhotoRequest{Version: syncproto.Version, Token: s.Token, Up: parts})
}

// A bundle's photos arrive like those of the network, twice without harm, and
// the answer has the mark. Whatever is wrong with one harms nothing else.
func TestTakeBundleWithPhotos(t *testing.T) {
	h, _ := withPhotos(t)
	l := h.enrol("village", village, "刘秀")
	photo := phototest.Sample(1, 70_000)
	rec := l.attachment(photo)
	l.send(rec)
	s := l.stick()
	part := syncproto.CutPhoto(rec.ID, photo)
	whole := s.photoMessage(part)
	foreign := syncproto.AppendPhotoRequest(nil, &syncproto.PhotoRequest{Version: syncproto.Version, Token: make([]byte, syncproto.TokenSize), Up: []syncproto.PhotoPart{part}})
	spoilt := syncproto.CutPhoto(rec.ID, photo)
	spoilt.Chunks[1].Sum[0] ^= 1
	b := s.bundle()
	b.Photos = [][]byte{whole[:len(whole)/2], {1}, foreign, s.photoMessage(spoilt)}
	file := s.file(envelope.Up, township, b)
	answer, got, err := h.TakeBundle(file, "王工")
	if err != nil || got.Photos != (syncproto.PhotoTally{Damaged: 4}) || h.arrived(rec.ID) {
		t.Fatalf("damaged: %+v, %v", got, err)
	}
	replies := photoReplies(t, s, answer)
	for i := range 3 {
		if replies[i].Error == nil {
			t.Errorf("message %d was served: %+v", i, replies[i])
		}
	}
	if st := replies[3].States; len(st) != 1 || st[0].State != syncproto.PhotoParts || st[0].Missing != syncproto.ChunkSet(0).With(1) {
		t.Errorf("what is missing: %+v", st)
	}
	b.Photos = [][]byte{whole}
	rep, err := h.ForwardBundle(&syncproto.BundleRequest{Version: syncproto.Version, Token: h.enrol("township", township, "陈干事").Token, File: s.file(envelope.Up, township, b)})
	if err != nil || rep.Photos != (syncproto.PhotoTally{Arrived: 1}) {
		t.Errorf("forwarded: %+v, %v", rep, err)
	}
	for round := range 2 {
		answer, got, err = h.TakeBundle(s.file(envelope.Up, township, b), "王工")
		if err != nil || got.Photos.Arrived != 1 || !h.arrived(rec.ID) {
			t.Fatalf("round %d: %+v, %v", round, got, err)
		}
		if st := photoReplies(t, s, answer)[0].States; len(st) != 1 || st[0].State != syncproto.PhotoWhole {
			t.Errorf("round %d: %+v", round, st)
		}
	}
}

// The mark that a photo has arrived comes with the very answer, also where the
// text has nothing new.
func TestAnswerHasTheMark(t *testing.T) {
	for _, current := range []bool{false, true} {
		h, _ := withPhotos(t)
		l := h.enrol("village", village, "刘秀")
		photo := phototest.Sample(2, 70_000)
		rec := l.attachment(photo)
		l.send(rec)
		s := l.stick()
		b := s.bundle()
		if current {
			_, before := s.hand(b)
			b.Requests[0].Cursor = before.Answers[len(before.Answers)-1].Reply.Cursor
		}
		b.Photos = [][]byte{s.photoMessage(syncproto.CutPhoto(rec.ID, photo))}
		_, back := s.hand(b)
		marked := false
		for _, a := range back.Answers {
			batch, err := syncproto.NewCodec().Decode(a.Reply.Batch)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Records {
				marked = marked || r.ID == rec.ID && r.Value(ledger.PhotoTags().Arrived).Bool()
			}
		}
		last := back.Answers[len(back.Answers)-1]
		if !marked || current && last.Base.Epoch == 0 {
			t.Errorf("current %v: %d answers, marked %v, the last from %+v", current, len(back.Answers), marked, last.Base)
		}
	}
}

// hand hands a bundle in and opens the answer.
func (s *stick) hand(b *syncproto.Bundle) (office.Taken, *syncproto.Bundle) {
	s.h.t.Helper()
	answer, got, err := s.h.TakeBundle(s.file(envelope.Up, township, b), "王工")
	if err != nil {
		s.h.t.Fatal(err)
	}
	_, back, err := envelope.Open(answer, s.identity)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return got, back
}

func photoReplies(t *testing.T, s *stick, answer []byte) (out []*syncproto.PhotoReply) {
	t.Helper()
	_, b, err := envelope.Open(answer, s.identity)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range b.Photos {
		r, err := syncproto.DecodePhotoReply(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// The same for a laptop whose last comparison was unequal, so that its bundle
// asks for another: what differs and the mark come with one answer.
func TestAnswerToAComparisonHasTheMark(t *testing.T) {
	h, _ := withPhotos(t)
	l := h.enrol("village", village, "刘秀")
	c := &copyOf{h, syncsim.NewReplicaStore()}
	c.update(func(tx syncproto.ReplicaTx) error {
		_, err := syncproto.Adopt(tx, l.JoinReply, h.now)
		return err
	})
	house := c.house(village, "周大明")
	c.sync()
	c.update(func(tx syncproto.ReplicaTx) error {
		m, err := tx.Meta()
		if err != nil {
			return err
		}
		m.Verified.Equal = false
		if err := tx.SetMeta(m); err != nil {
			return err
		}
		return tx.PutAgreed(house, nil, 0)
	})
	photo := phototest.Sample(3, 70_000)
	hash := syncproto.HashPhoto(photo)
	rec := c.create(ledger.Attachment, map[string]syncproto.Value{
		"village": syncproto.TextOf(village), "sha256": syncproto.BytesOf(hash[:]), "size": syncproto.IntOf(int64(len(photo))),
	})
	s := l.stick()
	b := s.bundle()
	session := func() *syncproto.Session {
		return syncproto.NewSession(syncproto.SessionOptions{Rand: rand.Reader, Codec: h.codec})
	}
	c.update(func(tx syncproto.ReplicaTx) (err error) {
		b.Requests, err = session().BundleOut(tx, h.now)
		return err
	})
	b.Photos = [][]byte{s.photoMessage(syncproto.CutPhoto(rec.ID, photo))}
	_, back := s.hand(b)
	var done syncproto.Progress
	c.update(func(tx syncproto.ReplicaTx) (err error) {
		done, _, err = session().BundleIn(tx, back.Answers, h.now)
		return err
	})
	if c.shown(house) == nil || !c.shown(rec).Value(ledger.PhotoTags().Arrived).Bool() || !done.Verified.Equal {
		t.Errorf("has %v and %v, %+v", c.shown(house), c.shown(rec), done.Verified)
	}
}
