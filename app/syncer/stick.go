package syncer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// Sizes of the messages in a bundle, in bytes before compression: a stick
// carries any amount, but each message must stay within the limits.
const (
	stickUp   = 4 << 20
	stickDown = 8 << 20
)

// Outgoing is a bundle that is to be written to a stick.
type Outgoing struct {
	File    []byte
	ID      [envelope.IDSize]byte
	Made    int64  // ms since 1970
	Records int    // with unsent work, that are in it
	Nonce   []byte // of its last upload: unanswered as long as the bundle is
	// Photos are in it; PhotosLeft found no room and go with the next one.
	Photos, PhotosLeft int
}

// Incoming is what came of an answer.
type Incoming struct {
	ID [envelope.IDSize]byte // of the bundle that was answered
	// Heeded is false if the answer, or one to a later bundle, was read before.
	Heeded bool
	syncproto.Progress
	Photos PhotosIn
}

func (s *Syncer) stickSession() *syncproto.Session {
	return syncproto.NewSession(syncproto.SessionOptions{UpBudget: stickUp, DownBudget: stickDown, Rand: s.o.Rand, Codec: s.codec, Conflicts: s.o.Conflicts})
}

// take waits for the sync under way.
func (s *Syncer) take(ctx context.Context) (release func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// BundleOut makes a bundle of all unsent work. The work stays unsent until an
// answer comes, so that a bundle may be lost.
func (s *Syncer) BundleOut(ctx context.Context) (out Outgoing, err error) {
	release, err := s.take(ctx)
	if err != nil {
		return out, err
	}
	defer release()
	if _, err := io.ReadFull(s.o.Rand, out.ID[:]); err != nil {
		return out, fmt.Errorf("syncer: name a bundle: %w", err)
	}
	out.Made = s.o.Now()
	b := &syncproto.Bundle{Version: syncproto.Version}
	var meta syncproto.ReplicaMeta
	var hub Hub
	var keys Keys
	err = s.store.Update(func(tx Tx) (err error) {
		if hub, err = HubOf(tx); err != nil {
			return err
		}
		if keys, err = KeysOf(tx); err != nil {
			return err
		}
		if b.Requests, err = s.stickSession().BundleOut(tx, out.Made); err != nil {
			return err
		}
		meta, err = tx.Meta()
		return err
	})
	if err != nil {
		return out, fmt.Errorf("syncer: make a bundle: %w", err)
	}
	for _, q := range b.Requests {
		out.note(q, meta.Sticks)
	}
	if err := s.photosOut(b, meta.Token, &out); err != nil {
		return out, err
	}
	h := envelope.Header{Kind: envelope.Up, Township: meta.Township, Device: meta.Device, Created: out.Made, ID: out.ID}
	out.File, err = keys.seal(h, b, hub)
	return out, err
}

// note counts what a request of the bundle carries.
func (o *Outgoing) note(q *syncproto.Request, sticks []*syncproto.Upload) {
	if len(q.Nonce) == 0 {
		return
	}
	o.Nonce = q.Nonce
	for _, up := range sticks {
		if bytes.Equal(up.Nonce, q.Nonce) {
			o.Records += len(up.Gens)
		}
	}
}

// seal makes the file of a bundle for the hub.
func (k Keys) seal(h envelope.Header, b *syncproto.Bundle, hub Hub) ([]byte, error) {
	identity, err := age.ParseX25519Identity(k.Identity)
	if err != nil {
		return nil, fmt.Errorf("syncer: own key: %w", err)
	}
	to, err := age.ParseX25519Recipient(hub.BundleKey)
	if err != nil {
		return nil, fmt.Errorf("syncer: the hub's key: %w", err)
	}
	b.SignKey, b.Recipient = k.Sign.Public().(ed25519.PublicKey), identity.Recipient().String()
	return envelope.Seal(h, b, k.Sign, to)
}

// BundleIn joins the answer to a bundle. Errors: those of envelope.Open,
// CodeFileKind for what is no answer, CodeTownship, CodeNotAllowed for one that
// another server signed, and what the hub refused the bundle with.
func (s *Syncer) BundleIn(ctx context.Context, file []byte) (in Incoming, err error) {
	release, err := s.take(ctx)
	if err != nil {
		return in, err
	}
	defer release()
	var hub Hub
	var keys Keys
	var meta syncproto.ReplicaMeta
	err = s.store.Update(func(tx Tx) (err error) {
		if hub, err = HubOf(tx); err != nil {
			return err
		}
		if keys, err = KeysOf(tx); err != nil {
			return err
		}
		meta, err = tx.Meta()
		return err
	})
	if err != nil {
		return in, fmt.Errorf("syncer: read an answer: %w", err)
	}
	h, b, err := keys.open(file, hub, meta.Township)
	if err != nil {
		return in, err
	}
	in.ID = h.ID
	sent, err := s.stickWork()
	if err != nil {
		return in, err
	}
	// What the hub refused the text with is no reason to drop photos.
	err = s.joinAnswers(b, &in)
	return in, errors.Join(err, s.photosIn(b.Photos, sent.Send, &in.Photos))
}

// open opens the answer of the hub.
func (k Keys) open(file []byte, hub Hub, township string) (h envelope.Header, b *syncproto.Bundle, err error) {
	if h, err = envelope.Peek(file); err != nil {
		return h, nil, err
	}
	switch {
	case h.Kind == envelope.Up:
		return h, nil, wrongKind("这是上报的数据包，不是回执", "请把 U 盘交给乡镇(街道)并入；回执的文件名里有 huizhi。")
	case h.Kind == envelope.FirstCopy:
		return h, nil, wrongKind("这是给新电脑的首份数据，不是回执", "请在新电脑上用它加入。")
	case h.Township != township:
		return h, nil, &syncproto.Error{Code: syncproto.CodeTownship, Message: "这份回执是另一个乡镇(街道)的", Hint: "请读入本乡镇(街道)给的回执。"}
	case !bytes.Equal(h.Signer, hub.SignKey):
		return h, nil, &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "这份回执不是本乡镇(街道)的服务器签的，没有读入",
			Hint: "请向乡镇(街道)核对；他们换了服务器时，要用新的邀请码重新加入。"}
	}
	identity, err := age.ParseX25519Identity(k.Identity)
	if err != nil {
		return h, nil, fmt.Errorf("syncer: own key: %w", err)
	}
	return envelope.Open(file, identity)
}

func wrongKind(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeFileKind, Message: message, Hint: hint}
}

// joinAnswers joins in one transaction what the hub did, and in another why it
// stopped: its refusal must not undo what came before.
func (s *Syncer) joinAnswers(b *syncproto.Bundle, in *Incoming) error {
	session := s.stickSession()
	good, refusal := b.Answers, []syncproto.Answer(nil)
	if n := len(good); n > 0 && good[n-1].Reply.Error != nil {
		good, refusal = good[:n-1], good[n-1:]
	}
	for _, part := range [][]syncproto.Answer{good, refusal} {
		if len(part) == 0 {
			continue
		}
		if err := s.joinPart(session, part, b, in); err != nil {
			return err
		}
	}
	return nil
}

func (s *Syncer) joinPart(session *syncproto.Session, part []syncproto.Answer, b *syncproto.Bundle, in *Incoming) error {
	var p syncproto.Progress
	var revision uint64
	var heeded bool
	err := s.store.Update(func(tx Tx) (err error) {
		revision = tx.Revision()
		if p, heeded, err = session.BundleIn(tx, part, s.o.Now()); err != nil {
			return err
		}
		if err := s.keep(tx, p); err != nil {
			return err
		}
		return learnHub(tx, b)
	})
	var said *syncproto.Error
	if errors.As(err, &said) && said == part[len(part)-1].Reply.Error {
		return said
	}
	if err != nil {
		return fmt.Errorf("syncer: join an answer: %w", err)
	}
	in.Heeded = in.Heeded || heeded
	p.Arrived = nil // those of the last answer only
	in.Progress = p
	if s.o.Received != nil && len(p.Changed)+len(p.Renamed) > 0 {
		s.o.Received(p, revision)
	}
	return nil
}

// learnHub takes where the hub is, if that was not known. It counts from the
// next start.
func learnHub(tx Tx, b *syncproto.Bundle) error {
	hub, err := HubOf(tx)
	if err != nil || hub.Address != "" || b.Address == "" {
		return err
	}
	hub.Address, hub.Certificate = b.Address, b.Certificate
	return PutHub(tx, hub)
}

// Forward hands the bundle of a village in for it, and returns what came of
// it. Errors: those of an exchange.
func (s *Syncer) Forward(ctx context.Context, file []byte) (*syncproto.BundleReply, error) {
	var token []byte
	err := s.store.Update(func(tx Tx) error {
		meta, err := tx.Meta()
		token = meta.Token
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: forward a bundle: %w", err)
	}
	q := &syncproto.BundleRequest{Version: syncproto.Version, Token: token, File: file}
	answer, err := s.transport.Exchange(ctx, syncproto.PathBundles, syncproto.AppendBundleRequest(nil, q))
	if err != nil {
		return nil, err
	}
	rep, err := syncproto.DecodeBundleReply(answer.Body)
	if err != nil {
		return nil, notOurs(fmt.Errorf("decode the reply: %w", err))
	}
	if rep.Error != nil {
		return rep, rep.Error
	}
	return rep, nil
}
