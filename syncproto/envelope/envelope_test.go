package envelope

import (
	"bytes"
	"crypto/ed25519"
	"reflect"
	"strings"
	"testing"

	"filippo.io/age"
	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// parties are who writes files and who reads them.
type parties struct {
	key      ed25519.PrivateKey
	receiver *age.X25519Identity
}

func newParties(t testing.TB) parties {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return parties{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), id}
}

func sample(kind Kind) (Header, *syncproto.Bundle) {
	h := Header{Kind: kind, Township: "330702009", Device: 12, Created: 1795500000000, ID: [IDSize]byte{1, 2, 3}}
	return h, &syncproto.Bundle{Version: syncproto.Version, Requests: []*syncproto.Request{
		{Version: syncproto.Version, Token: []byte("0123456789abcdef"), Nonce: []byte("12345678"), Stick: true},
	}}
}

func (p parties) file(t testing.TB, kind Kind) []byte {
	t.Helper()
	h, b := sample(kind)
	file, err := Seal(h, b, p.key, p.receiver.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSealOpen(t *testing.T) {
	p := newParties(t)
	want, bundle := sample(Up)
	want.Signer = p.key.Public().(ed25519.PublicKey)
	h, b, err := Open(p.file(t, Up), p.receiver)
	if err != nil || !reflect.DeepEqual(h, want) || !reflect.DeepEqual(b, bundle) {
		t.Fatalf("%v\n got %+v %+v\nwant %+v %+v", err, h, b, want, bundle)
	}
}

// A file that was cut or changed at any one byte is damaged, and said to be.
func TestDamagedAnywhere(t *testing.T) {
	p := newParties(t)
	file := p.file(t, Answer)
	for n := range file {
		if _, _, err := Open(file[:n], p.receiver); syncproto.CodeOf(err) != syncproto.CodeDamaged {
			t.Fatalf("cut at %d of %d: %v", n, len(file), err)
		}
	}
	for i := range file {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(file)
			bad[i] ^= flip
			if _, _, err := Open(bad, p.receiver); syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Fatalf("byte %d changed by %x: %v", i, flip, err)
			}
		}
	}
	if _, _, err := Open(append(bytes.Clone(file), 0), p.receiver); syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("one byte more: %v", err)
	}
}

// sealRaw makes a file around any ciphertext.
func (p parties) sealRaw(version byte, head, body []byte) []byte {
	out := append(magic(version), byte(len(head)))
	out = append(append(out, head...), body...)
	return append(out, ed25519.Sign(p.key, out)...)
}

func TestRefused(t *testing.T) {
	p := newParties(t)
	other := newParties(t)
	h, b := sample(Up)
	h.Signer = p.key.Public().(ed25519.PublicKey)
	head := encodeHeader(h)
	b.Version = syncproto.Version + 1
	later, err := Seal(h, b, p.key, p.receiver.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		as   age.Identity
		want syncproto.Code
	}{
		{"for another hub", p.file(t, Up), other.receiver, syncproto.CodeNotAllowed},
		{"for another laptop", p.file(t, Answer), other.receiver, syncproto.CodeNotAllowed},
		{"a newer format", p.sealRaw(formatVersion+1, []byte("anything"), nil), p.receiver, syncproto.CodeVersion},
		{"a newer bundle", later, p.receiver, syncproto.CodeVersion},
		{"not age inside", p.sealRaw(formatVersion, head, []byte("age-encryption.org/v9\n")), p.receiver, syncproto.CodeDamaged},
		{"no header", p.sealRaw(formatVersion, []byte{0xc0}, nil), p.receiver, syncproto.CodeDamaged},
		{"a short header", p.sealRaw(formatVersion, head[:20], nil), p.receiver, syncproto.CodeDamaged},
		{"a header and more", p.sealRaw(formatVersion, append(bytes.Clone(head), 0), nil), p.receiver, syncproto.CodeDamaged},
		{"an unknown kind", p.sealRaw(formatVersion, append([]byte{head[0], 9}, head[2:]...), nil), p.receiver, syncproto.CodeDamaged},
		{"a picture", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x00"), p.receiver, syncproto.CodeFileKind},
		{"a workbook", []byte("PK\x03\x04 and so on"), p.receiver, syncproto.CodeFileKind},
		{"nothing", nil, p.receiver, syncproto.CodeDamaged},
	} {
		_, _, err := Open(c.file, c.as)
		if syncproto.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestByCode(t *testing.T) {
	p := newParties(t)
	code, err := NewCode(bytes.NewReader([]byte("any twelve bytes")))
	if err != nil || len(code) != 14 || strings.ContainsAny(code, "01IO") {
		t.Fatalf("code %q, %v", code, err)
	}
	to, err := ToCode(code)
	if err != nil {
		t.Fatal(err)
	}
	h, b := sample(FirstCopy)
	file, err := Seal(h, b, p.key, to)
	if err != nil {
		t.Fatal(err)
	}
	wide := strings.Map(func(r rune) rune {
		if r == '-' {
			return '－'
		}
		return r + '！' - '!'
	}, code)
	for _, typed := range []string{code, strings.ToLower(code), " " + strings.ReplaceAll(code, "-", " ") + "\n", strings.ReplaceAll(code, "-", "—"), wide} {
		as, err := ByCode(typed)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(file, as); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
	}
	wrong, err := ByCode("2222-2222-2222")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(file, wrong); syncproto.CodeOf(err) != syncproto.CodeNotAllowed {
		t.Errorf("wrong code: %v", err)
	}
	if _, err := ByCode(" - "); syncproto.CodeOf(err) != syncproto.CodeNotAllowed {
		t.Errorf("no code: %v", err)
	}
	// A laptop asked for a first copy with the code of another kind of file.
	if _, _, err := Open(p.file(t, FirstCopy), wrong); syncproto.CodeOf(err) != syncproto.CodeNotAllowed {
		t.Errorf("encrypted otherwise: %v", err)
	}
}

// Codes are drawn evenly: every letter stands for as many bytes.
func TestCodesAreEven(t *testing.T) {
	if 256%len(letters) != 0 || codeLetters*5 < 60 {
		t.Fatalf("%d letters, %d of them", len(letters), codeLetters)
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Header{
			Kind: Kind(rapid.IntRange(1, 3).Draw(t, "kind")), Township: rapid.StringMatching(`[0-9]{0,9}`).Draw(t, "township"),
			Device: rapid.Uint32().Draw(t, "device"), Created: rapid.Int64Min(0).Draw(t, "created"),
			ID:     [IDSize]byte(rapid.SliceOfN(rapid.Byte(), IDSize, IDSize).Draw(t, "id")),
			Signer: rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "signer"),
		}
		if got, err := decodeHeader(encodeHeader(want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: got %+v, want %+v", err, got, want)
		}
	})
}

// What a stranger writes is refused without a panic; what is taken, its signer
// has signed.
func FuzzOpen(f *testing.F) {
	p := newParties(f)
	h, _ := sample(Up)
	h.Signer = p.key.Public().(ed25519.PublicKey)
	f.Add(p.file(f, Up), false)
	f.Add(encodeHeader(h), true)
	f.Add([]byte("\x89GRIDBOOK"), false)
	f.Fuzz(func(t *testing.T, b []byte, header bool) {
		file := b
		if header && len(b) < 128 {
			file = p.sealRaw(formatVersion, b, []byte("age-encryption.org/v1\n"))
		}
		got, _, err := Open(file, p.receiver)
		if err == nil && !ed25519.Verify(got.Signer, file[:len(file)-ed25519.SignatureSize], file[len(file)-ed25519.SignatureSize:]) {
			t.Fatal("taken without a signature")
		}
	})
}
