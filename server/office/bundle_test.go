package office_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"filippo.io/age"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// stick is what a laptop needs to make bundles.
type stick struct {
	*laptop
	key      ed25519.PrivateKey
	identity *age.X25519Identity
}

func (l *laptop) stick() *stick {
	l.h.t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		l.h.t.Fatal(err)
	}
	return &stick{l, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(l.Device)}, ed25519.SeedSize)), id}
}

func (s *stick) bundle() *syncproto.Bundle {
	return &syncproto.Bundle{
		Version: syncproto.Version, SignKey: s.key.Public().(ed25519.PublicKey), Recipient: s.identity.Recipient().String(),
		Requests: []*syncproto.Request{{
			Version: syncproto.Version, Token: s.Token, Lease: s.lease, Nonce: []byte("12345678"), Now: s.h.now, Stick: true, Budget: 1 << 20,
		}},
	}
}

func (s *stick) file(kind envelope.Kind, township string, b *syncproto.Bundle) []byte {
	s.h.t.Helper()
	to, err := age.ParseX25519Recipient(s.BundleKey)
	if err != nil {
		s.h.t.Fatal(err)
	}
	h := envelope.Header{Kind: kind, Township: township, Device: s.Device, Created: s.h.now - 5000, ID: [8]byte{4}}
	file, err := envelope.Seal(h, b, s.key, to)
	if err != nil {
		s.h.t.Fatal(err)
	}
	return file
}

func TestTakeBundle(t *testing.T) {
	h := newTown(t)
	s := h.enrol("village", village, "张三").stick()
	file := s.file(envelope.Up, township, s.bundle())
	for range 2 {
		answer, got, err := h.TakeBundle(file, "王工")
		if err != nil || got.Person != "张三" || got.Device != s.Device || got.Scope != village || got.Made != h.now-5000 {
			t.Fatalf("%+v, %v", got, err)
		}
		head, b, err := envelope.Open(answer, s.identity)
		if err != nil || head.Kind != envelope.Answer || head.ID != [8]byte{4} || !bytes.Equal(head.Signer, s.SignKey) {
			t.Fatalf("answer %+v, %v", head, err)
		}
		if len(b.Answers) != 1 || b.Answers[0].Reply.Error != nil || b.Address == "" || len(b.Certificate) != 32 {
			t.Fatalf("answer %+v", b)
		}
	}
	entries, err := h.Audit(0)
	if err != nil || len(entries) < 2 || entries[len(entries)-1].Act != office.ActBundle || entries[len(entries)-1].Who != "王工" {
		t.Errorf("audit %+v, %v", entries, err)
	}
}

func TestTakeBundleRefuses(t *testing.T) {
	h := newTown(t)
	s := h.enrol("village", village, "张三").stick()
	gone := h.enrol("village", village, "李四").stick()
	if _, err := h.Revoke(gone.Device, "王工", "丢失"); err != nil {
		t.Fatal(err)
	}
	up := s.bundle()
	stranger, unsigned, empty := s.bundle(), s.bundle(), s.bundle()
	stranger.Requests[0].Token = make([]byte, syncproto.TokenSize)
	unsigned.SignKey = make([]byte, ed25519.PublicKeySize)
	empty.Requests = nil
	for _, c := range []struct {
		name string
		file []byte
		want syncproto.Code
	}{
		{"nothing", nil, syncproto.CodeDamaged},
		{"a picture", []byte("\x89PNG\r\n\x1a\nand what follows"), syncproto.CodeFileKind},
		{"an answer", s.file(envelope.Answer, township, up), syncproto.CodeFileKind},
		{"a first copy", s.file(envelope.FirstCopy, township, up), syncproto.CodeFileKind},
		{"another township's", s.file(envelope.Up, "330702010", up), syncproto.CodeTownship},
		{"an unknown laptop's", s.file(envelope.Up, township, stranger), syncproto.CodeToken},
		{"a revoked laptop's", gone.file(envelope.Up, township, gone.bundle()), syncproto.CodeRevoked},
		{"signed by another", s.file(envelope.Up, township, unsigned), syncproto.CodeFileKind},
		{"without requests", s.file(envelope.Up, township, empty), syncproto.CodeFileKind},
	} {
		answer, _, err := h.TakeBundle(c.file, "王工")
		if syncproto.CodeOf(err) != c.want || answer != nil {
			t.Errorf("%s: %v, %d bytes of answer", c.name, err, len(answer))
		}
	}
}

func TestForwardBundle(t *testing.T) {
	h := newTown(t)
	s := h.enrol("village", village, "张三").stick()
	file := s.file(envelope.Up, township, s.bundle())
	town := h.enrol("township", township, "陈干事")
	gone := h.enrol("township", township, "周干事")
	if _, err := h.Revoke(gone.Device, "王工", ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		token []byte
		want  syncproto.Code
	}{
		{"the township's", town.Token, ""},
		{"a village's", s.Token, syncproto.CodeNotAllowed},
		{"revoked", gone.Token, syncproto.CodeRevoked},
		{"unknown", make([]byte, syncproto.TokenSize), syncproto.CodeToken},
	} {
		rep, err := h.ForwardBundle(&syncproto.BundleRequest{Version: syncproto.Version, Token: c.token, File: file})
		if err != nil {
			t.Fatal(err)
		}
		var got syncproto.Code
		if rep.Error != nil {
			got = rep.Error.Code
		}
		if got != c.want || (len(rep.File) > 0) != (c.want == "") {
			t.Errorf("%s: %+v", c.name, rep)
		}
	}
	rep, err := h.ForwardBundle(&syncproto.BundleRequest{Version: syncproto.Version, Token: town.Token, File: file[:len(file)-1]})
	if err != nil || rep.Error == nil || rep.Error.Code != syncproto.CodeDamaged {
		t.Errorf("damaged: %+v, %v", rep, err)
	}
}

func TestFirstCopy(t *testing.T) {
	h := newTown(t)
	file, first, err := h.FirstCopy(office.FirstRequest{Role: "village", Scope: village, Person: "张三", Who: "王工"})
	if err != nil || !first.Whole || first.Device == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	as, err := envelope.ByCode(first.Code)
	if err != nil {
		t.Fatal(err)
	}
	head, b, err := envelope.Open(file, as)
	if err != nil || head.Kind != envelope.FirstCopy || b.Welcome == nil || !bytes.Equal(b.Welcome.SignKey, head.Signer) || len(b.Answers) == 0 {
		t.Fatalf("%+v %+v, %v", head, b, err)
	}
	if _, _, err := h.FirstCopy(office.FirstRequest{Role: "village", Scope: "330702010001", Person: "张三"}); syncproto.CodeOf(err) != syncproto.CodeTownship {
		t.Errorf("another township: %v", err)
	}
	if _, _, err := h.FirstCopy(office.FirstRequest{Role: "chief", Scope: village, Person: "张三"}); syncproto.CodeOf(err) != syncproto.CodeUsage {
		t.Errorf("no such role: %v", err)
	}
}
