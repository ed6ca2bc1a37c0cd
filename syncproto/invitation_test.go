package syncproto

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sampleInvitation() Invitation {
	return Invitation{
		Address:     "https://192.168.1.8:8443",
		Certificate: bytes.Repeat([]byte{0xab}, 32),
		Secret:      []byte("0123456789abcdef"),
		Township:    "330702009",
	}
}

func sameInvitation(a, b Invitation) bool {
	return a.Address == b.Address && a.Township == b.Township &&
		bytes.Equal(a.Certificate, b.Certificate) && bytes.Equal(a.Secret, b.Secret)
}

func TestInvitationSurvivesCopying(t *testing.T) {
	want := sampleInvitation()
	line := want.String()
	for name, text := range map[string]string{
		"as it is":      line,
		"wrapped":       line[:30] + "\r\n" + line[30:60] + "\n  " + line[60:],
		"padded":        " " + line + "==\n",
		"wide spaces":   "\u3000" + line + "\u3000",
		"byte order":    "\ufeff" + line,
		"zero width":    line[:20] + "\u200b" + line[20:],
		"trailing line": line + "\n\n",
	} {
		got, err := ParseInvitation(text)
		if err != nil || !sameInvitation(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	plain := want
	plain.Address, plain.Certificate = "http://127.0.0.1:8080", nil
	if got, err := ParseInvitation(plain.String()); err != nil || !sameInvitation(got, plain) {
		t.Errorf("plain: %+v, %v", got, err)
	}
}

func TestInvitationRefused(t *testing.T) {
	with := func(change func(*Invitation)) string {
		v := sampleInvitation()
		change(&v)
		return v.String()
	}
	line := sampleInvitation().String()
	swapped := []byte(line)
	swapped[40], swapped[41] = swapped[41]^1, swapped[40]
	for name, text := range map[string]string{
		"empty":               "",
		"other words":         "你好",
		"another version":     strings.Replace(line, "gridbook1", "gridbook2", 1),
		"cut short":           line[:len(line)-7],
		"a typing error":      string(swapped),
		"huge":                invitationPrefix + strings.Repeat("A", 1<<20),
		"no array":            invitationPrefix + "AAAAAAAAAA",
		"https, unpinned":     with(func(v *Invitation) { v.Certificate = nil }),
		"http, pinned":        with(func(v *Invitation) { v.Address = "http://127.0.0.1:1" }),
		"another scheme":      with(func(v *Invitation) { v.Address = "ftp://127.0.0.1:1" }),
		"an address and path": with(func(v *Invitation) { v.Address += "/x" }),
		"an address and user": with(func(v *Invitation) { v.Address = "https://u@h:1" }),
		"no host":             with(func(v *Invitation) { v.Address = "https://" }),
		"short secret":        with(func(v *Invitation) { v.Secret = v.Secret[1:] }),
		"long township":       with(func(v *Invitation) { v.Township += "1" }),
	} {
		_, err := ParseInvitation(text)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeInvitation || e.Message == "" || e.Hint == "" {
			t.Errorf("%s: error %v, want one with code, message and hint", name, err)
		}
	}
}

func TestInvitationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Invitation{
			Address:     "https://" + rapid.StringMatching(`[a-z0-9.]{1,30}:[0-9]{1,5}`).Draw(t, "host"),
			Certificate: rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "certificate"),
			Secret:      rapid.SliceOfN(rapid.Byte(), SecretSize, SecretSize).Draw(t, "secret"),
			Township:    rapid.StringMatching(`[0-9]{9}`).Draw(t, "township"),
		}
		got, err := ParseInvitation(want.String())
		if err != nil || !sameInvitation(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
	})
}

func FuzzParseInvitation(f *testing.F) {
	f.Add(sampleInvitation().String())
	f.Add("gridbook1:")
	f.Add("gridbook1:lKVodHRwczrEIA")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseInvitation(text)
		if err != nil {
			if CodeOf(err) != CodeInvitation {
				t.Fatalf("code %q of %v", CodeOf(err), err)
			}
			return
		}
		if again, err := ParseInvitation(v.String()); err != nil || !sameInvitation(v, again) {
			t.Fatalf("%+v became %+v, %v", v, again, err)
		}
	})
}
