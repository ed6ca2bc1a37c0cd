package syncproto

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func sampleBundle() *Bundle {
	sum := Sum{Count: 3, Lo: 4, Hi: 5}
	page := Cursor{Epoch: 7, Subs: 1, Seq: 9, Page: []byte{1, 2}}
	nonce := bytes.Repeat([]byte{6}, NonceSize)
	return &Bundle{
		Version: Version, SignKey: []byte{1}, Recipient: "age1x",
		Requests: []*Request{
			{Version: 2, Token: []byte{1}, Nonce: nonce, Batch: []byte{4}, Sent: [][]byte{nonce, nonce}, Stick: true},
			{Version: 2, Token: []byte{1}, Cursor: page, Budget: 5, Stick: true},
		},
		Answers: []Answer{
			{Nonce: nonce, Made: 8, Reply: &Reply{Version: 2, Lease: []byte{3}}},
			{Base: page, Probe: true, Reply: &Reply{Version: 2, Sum: &sum}},
		},
		Welcome: &JoinReply{Version: 2, Device: 4},
		Photos:  [][]byte{{1, 2}, {3}},
		Address: "https://10.0.0.5:8443", Certificate: []byte{9},
	}
}

func TestBundleRoundTrip(t *testing.T) {
	want := sampleBundle()
	b := AppendBundle(nil, want)
	got, err := DecodeBundle(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
	}
	for n := range b {
		if _, err := DecodeBundle(b[:n]); err == nil {
			t.Errorf("cut at %d of %d: read", n, len(b))
		}
	}
}

func TestBundleRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"an answer without a reply": AppendBundle(nil, &Bundle{Answers: []Answer{{Reply: &Reply{}}}})[:5],
		"sent of half a nonce":      {0x81, 0x01, 0x91, 0xc4, 0x05, 0x81, 0x0b, 0xc4, 0x01, 0x00},
	} {
		if _, err := DecodeBundle(b); CodeOf(err) != CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := &Bundle{Photos: make([][]byte, maxMessages+1)}
	if _, err := DecodeBundle(AppendBundle(nil, many)); CodeOf(err) != CodeTooLarge {
		t.Errorf("too many messages: %v", err)
	}
}

func FuzzBundle(f *testing.F) {
	f.Add(AppendBundle(nil, sampleBundle()))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := DecodeBundle(b)
		if err != nil {
			return
		}
		if again, err := DecodeBundle(AppendBundle(nil, got)); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%v\n got %+v\nthen %+v", err, got, again)
		}
	})
}

// TestFollows holds the rule of leases beside a replica that knows exactly
// which of its uploads were answered.
func TestFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Device{Lease: []byte{0}}
		own := map[byte]bool{} // turns by the replica itself
		for i := range rapid.IntRange(0, 6).Draw(t, "turns") {
			n := byte(i + 1)
			own[n] = rapid.Bool().Draw(t, "own")
			d.Turns = append(d.Turns, Turn{d.Lease, []byte{n}})
			d.Lease = []byte{n}
		}
		at := byte(rapid.IntRange(0, len(d.Turns)).Draw(t, "lease"))
		q, want := &Request{Lease: []byte{at}}, true
		for n := at + 1; int(n) <= len(d.Turns); n++ {
			if own[n] {
				q.Sent = append(q.Sent, []byte{n})
			} else {
				want = false
			}
		}
		if got := d.follows(q); got != want {
			t.Fatalf("lease %d of %d, sent %v: %v, want %v", at, len(d.Turns), q.Sent, got, want)
		}
	})
}
