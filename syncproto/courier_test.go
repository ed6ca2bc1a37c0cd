package syncproto

import (
	"bytes"
	"reflect"
	"testing"
)

func sampleBundleReply() *BundleReply {
	return &BundleReply{
		Version: Version, Now: 5, Error: &Error{Code: CodeBusy, Message: "忙", Hint: "等"}, File: []byte{1, 2}, Device: 3,
		Person: "张三", Scope: "330702009204", Made: 4, Records: 10, Joined: 5, Known: 4, Rejected: 1, Renumbered: true,
		Problem: &Error{Code: CodeClockAhead, Message: "快", Hint: "调"},
		Photos:  PhotoTally{Arrived: 6, Refused: 7, Damaged: 8, Early: 9},
	}
}

func TestBundleMessagesRoundTrip(t *testing.T) {
	q := &BundleRequest{Version: Version, Token: []byte("0123456789abcdef"), File: []byte{9, 8}}
	b := AppendBundleRequest(nil, q)
	if got, err := DecodeBundleRequest(b); err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("%v: got %+v, want %+v", err, got, q)
	}
	p := sampleBundleReply()
	a := AppendBundleReply(nil, p)
	if got, err := DecodeBundleReply(a); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%v: got %+v, want %+v", err, got, p)
	}
	for n := range b {
		if _, err := DecodeBundleRequest(b[:n]); err == nil {
			t.Errorf("request cut at %d: read", n)
		}
	}
	for n := range a {
		if _, err := DecodeBundleReply(a[:n]); err == nil {
			t.Errorf("reply cut at %d: read", n)
		}
	}
}

// Who sends a file is told by the beginning of its message.
func TestBundleSender(t *testing.T) {
	token := []byte("0123456789abcdef")
	whole := AppendBundleRequest(nil, &BundleRequest{Version: 1<<16 - 1, Token: token, File: make([]byte, 70_000)})
	for name, b := range map[string][]byte{
		"head":          whole[:BundleHead],
		"all":           whole,
		"without bytes": AppendBundleRequest(nil, &BundleRequest{Version: Version, Token: token}),
	} {
		if got, err := BundleSender(b); err != nil || !bytes.Equal(got, token) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, b := range map[string][]byte{
		"nothing":        nil,
		"no message":     []byte("no message, but long enough to be the head of one, whatever it is"),
		"no token":       AppendBundleRequest(nil, &BundleRequest{Version: Version, File: make([]byte, 100)})[:BundleHead],
		"cut in the key": whole[:12],
		"long token":     AppendBundleRequest(nil, &BundleRequest{Version: Version, Token: make([]byte, 40)}),
	} {
		if got, err := BundleSender(b); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzBundleMessages(f *testing.F) {
	f.Add(AppendBundleRequest(nil, &BundleRequest{Version: Version, Token: make([]byte, TokenSize), File: []byte{1}}))
	f.Add(AppendBundleReply(nil, sampleBundleReply()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := DecodeBundleRequest(b); err == nil {
			token, err := BundleSender(b[:min(len(b), BundleHead)])
			if len(q.Token) > 0 != (err == nil) || !bytes.Equal(token, q.Token) && len(q.Token) > 0 {
				t.Errorf("sender %x, %v, want %x", token, err, q.Token)
			}
			first := AppendBundleRequest(nil, q)
			if again, err := DecodeBundleRequest(first); err != nil || !bytes.Equal(AppendBundleRequest(nil, again), first) {
				t.Errorf("request: %v", err)
			}
		}
		if p, err := DecodeBundleReply(b); err == nil {
			first := AppendBundleReply(nil, p)
			if again, err := DecodeBundleReply(first); err != nil || !bytes.Equal(AppendBundleReply(nil, again), first) {
				t.Errorf("reply: %v", err)
			}
		}
	})
}

// Every photo that a message brought is counted once, as what its reply says.
func TestPhotoTally(t *testing.T) {
	name := func(n Time) PhotoName { return PhotoName{Record: Stamp{Time: n, Replica: 5}, Size: 1} }
	q := &PhotoRequest{Ask: []PhotoName{name(1)}, Want: []PhotoWish{{PhotoName: name(9)}}}
	for n := Time(2); n < 6; n++ {
		q.Up = append(q.Up, PhotoPart{PhotoName: name(n)})
	}
	p := &PhotoReply{States: []PhotoStatus{
		{Record: name(1).Record, State: PhotoWhole}, {Record: name(2).Record, State: PhotoWhole},
		{Record: name(3).Record, State: PhotoRefused}, {Record: name(4).Record, State: PhotoParts},
		{Record: name(9).Record, State: PhotoWhole},
	}}
	var got PhotoTally
	got.Count(q, p)
	if want := (PhotoTally{Arrived: 2, Refused: 1, Damaged: 1, Early: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	failed := &PhotoReply{Error: &Error{Code: CodeToken}}
	got = PhotoTally{}
	got.Count(q, failed)
	got.Count(&PhotoRequest{}, failed) // nobody could read it
	got.Count(&PhotoRequest{Want: q.Want}, failed)
	if want := (PhotoTally{Damaged: 6}); got != want {
		t.Errorf("failed: %+v, want %+v", got, want)
	}
	got = PhotoTally{}
	if got.Count(&PhotoRequest{Want: q.Want}, p); got != (PhotoTally{}) {
		t.Errorf("wishes bring nothing: %+v", got)
	}
}
