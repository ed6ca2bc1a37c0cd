package syncer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"filippo.io/age"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// A stick waits for the sync under way, and can be left.
func TestStickWaitsItsTurn(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		wait(time.Minute)
		net.play(time.Minute, nil, nil)
		s.Wake()
		wait(6 * time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := s.BundleOut(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out while a sync runs: %v", err)
		}
		if _, err := s.BundleIn(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in while a sync runs: %v", err)
		}
	})
}

// townKeys are the hub's keys, as far as these tests need them.
type townKeys struct {
	sign   ed25519.PrivateKey
	bundle *age.X25519Identity
}

func (k townKeys) answer(t *testing.T, h envelope.Header, to string, b *syncproto.Bundle) []byte {
	t.Helper()
	r, err := age.ParseX25519Recipient(to)
	check(t, err)
	file, err := envelope.Seal(h, b, k.sign, r)
	check(t, err)
	return file
}

func stickLaptop(t *testing.T) (*laptop, *Syncer, townKeys) {
	t.Helper()
	l := newLaptop(t)
	id, err := age.GenerateX25519Identity()
	check(t, err)
	town := townKeys{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)), id}
	keys, err := newKeys(bytes.NewReader(make([]byte, 64)))
	check(t, err)
	check(t, l.Update(func(tx Tx) error {
		return errors.Join(
			tx.SetMeta(syncproto.ReplicaMeta{Replica: 3, Device: 2, Token: []byte("0123456789abcdef"), Township: township}),
			PutHub(tx, Hub{BundleKey: id.Recipient().String(), SignKey: town.sign.Public().(ed25519.PublicKey)}),
			saveSetting(tx, keysSetting, keys))
	}))
	return l, l.open(HTTPOptions{}), town
}

func TestBundleOutIsForTheHub(t *testing.T) {
	l, s, town := stickLaptop(t)
	l.write(3)
	out, err := s.BundleOut(t.Context())
	check(t, err)
	h, b, err := envelope.Open(out.File, town.bundle)
	check(t, err)
	if h.Kind != envelope.Up || h.Township != township || h.Device != 2 || h.ID != out.ID || !bytes.Equal(b.SignKey, h.Signer) {
		t.Errorf("%+v", h)
	}
	if out.Records != 3 || len(out.Nonce) == 0 {
		t.Errorf("%d records, nonce %x", out.Records, out.Nonce)
	}
	if toSend, _ := l.unsent(); toSend != 3 {
		t.Errorf("%d to send with the stick under way", toSend)
	}
}

func TestBundleInRefuses(t *testing.T) {
	_, s, town := stickLaptop(t)
	out, err := s.BundleOut(t.Context())
	check(t, err)
	_, b, err := envelope.Open(out.File, town.bundle)
	check(t, err)
	reply := &syncproto.Bundle{Version: syncproto.Version, Answers: []syncproto.Answer{{Nonce: out.Nonce, Reply: &syncproto.Reply{Version: syncproto.Version}}}}
	head := envelope.Header{Kind: envelope.Answer, Township: township, ID: out.ID}
	other, up, first := head, head, head
	other.Township, up.Kind, first.Kind = "330702010", envelope.Up, envelope.FirstCopy
	stranger := townKeys{ed25519.NewKeyFromSeed(make([]byte, 32)), town.bundle}
	revoked := *reply
	revoked.Answers = []syncproto.Answer{{Nonce: out.Nonce, Reply: &syncproto.Reply{Version: syncproto.Version, Error: &syncproto.Error{Code: syncproto.CodeRevoked, Message: "停用", Hint: "联系乡镇"}}}}
	for _, c := range []struct {
		name string
		file []byte
		want syncproto.Code
	}{
		{"of another township", town.answer(t, other, b.Recipient, reply), syncproto.CodeTownship},
		{"a bundle", town.answer(t, up, b.Recipient, reply), syncproto.CodeFileKind},
		{"a first copy", town.answer(t, first, b.Recipient, reply), syncproto.CodeFileKind},
		{"signed by a stranger", stranger.answer(t, head, b.Recipient, reply), syncproto.CodeNotAllowed},
		{"for another laptop", town.answer(t, head, town.bundle.Recipient().String(), reply), syncproto.CodeNotAllowed},
		{"torn", out.File[:50], syncproto.CodeDamaged},
		{"a refusal", town.answer(t, head, b.Recipient, &revoked), syncproto.CodeRevoked},
	} {
		if _, err := s.BundleIn(t.Context(), c.file); syncproto.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// A laptop that was set up by stick learns from an answer where the hub is.
func TestBundleInTellsWhereTheHubIs(t *testing.T) {
	l, s, town := stickLaptop(t)
	out, err := s.BundleOut(t.Context())
	check(t, err)
	_, b, err := envelope.Open(out.File, town.bundle)
	check(t, err)
	if _, err := s.SyncNow(t.Context()); syncproto.CodeOf(err) != syncproto.CodeUnreachable {
		t.Errorf("without an address: %v", err)
	}
	reply := &syncproto.Bundle{Version: syncproto.Version, Address: "https://10.0.0.5:8443", Certificate: make([]byte, 32),
		Answers: []syncproto.Answer{{Nonce: out.Nonce, Made: out.Made, Reply: &syncproto.Reply{Version: syncproto.Version, Now: out.Made, Lease: make([]byte, syncproto.LeaseSize),
			Moved: true, Cursor: syncproto.Cursor{Epoch: 7, Subs: 1, Seq: 1}}}}}
	file := town.answer(t, envelope.Header{Kind: envelope.Answer, Township: township, ID: out.ID}, b.Recipient, reply)
	in, err := s.BundleIn(t.Context(), file)
	if err != nil || !in.Heeded || in.ID != out.ID {
		t.Fatalf("%+v, %v", in, err)
	}
	check(t, l.Update(func(tx Tx) error {
		hub, err := HubOf(tx)
		if hub.Address != reply.Address || len(hub.Certificate) != 32 {
			t.Errorf("hub %+v", hub)
		}
		return err
	}))
	if in, err = s.BundleIn(t.Context(), file); err != nil || in.Heeded {
		t.Errorf("read again: %+v, %v", in, err)
	}
}
