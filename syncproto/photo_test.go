package syncproto

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func drawPhotoName(t *rapid.T) PhotoName {
	return PhotoName{
		Record: Stamp{Time(rapid.Uint64().Draw(t, "time")), ReplicaID(rapid.Uint32().Draw(t, "replica"))},
		Hash:   PhotoHash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")),
		Size:   rapid.IntRange(1, MaxPhoto).Draw(t, "size"),
	}
}

func drawPhotoParts(t *rapid.T) (out []PhotoPart) {
	for range rapid.IntRange(0, 2).Draw(t, "parts") {
		p := PhotoPart{PhotoName: drawPhotoName(t)}
		for i := range rapid.IntRange(1, 3).Draw(t, "chunks") {
			p.Chunks = append(p.Chunks, NewPhotoChunk(i*7, rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "data")))
		}
		out = append(out, p)
	}
	return out
}

func TestPhotoMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := &PhotoRequest{Version: 1, Token: []byte("token"), Up: drawPhotoParts(t), Budget: rapid.IntRange(0, MaxPhotoMessage).Draw(t, "budget")}
		for range rapid.IntRange(0, 3).Draw(t, "asks") {
			n := drawPhotoName(t)
			q.Ask = append(q.Ask, n)
			q.Want = append(q.Want, PhotoWish{n, n.All() & ChunkSet(rapid.Uint64().Draw(t, "missing"))})
		}
		b := AppendPhotoRequest(nil, q)
		got, err := DecodePhotoRequest(b)
		if err != nil || !same(got, q) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, q)
		}
		if _, err := DecodePhotoRequest(b[:len(b)-1]); CodeOf(err) != CodeMalformed {
			t.Fatalf("cut: %v", err)
		}
		p := &PhotoReply{Version: 1, Now: 5, Retry: 9, Error: &Error{Code: CodeBusy, Message: "忙", Hint: "稍后"}, Down: drawPhotoParts(t)}
		for _, n := range q.Ask {
			p.States = append(p.States, PhotoStatus{n.Record, PhotoRefused, 5, TooManyPhotos()}, PhotoStatus{Record: n.Record, State: PhotoWhole})
		}
		back, err := DecodePhotoReply(AppendPhotoReply(nil, p))
		if err != nil || !same(back, p) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, back, p)
		}
	})
}

func TestPhotoLimits(t *testing.T) {
	name := PhotoName{Size: MaxPhoto}
	over, empty := name, name
	over.Size, empty.Size = MaxPhoto+1, 0
	many := make([]PhotoName, MaxPhotoNames+1)
	for i := range many {
		many[i] = name
	}
	for what, c := range map[string]struct {
		q    PhotoRequest
		want Code
	}{
		"largest":            {PhotoRequest{Ask: many[1:]}, ""},
		"too large a photo":  {PhotoRequest{Ask: []PhotoName{over}}, CodeTooLarge},
		"an empty photo":     {PhotoRequest{Ask: []PhotoName{empty}}, CodeMalformed},
		"too many names":     {PhotoRequest{Ask: many}, CodeTooLarge},
		"too long a chunk":   {PhotoRequest{Up: []PhotoPart{{name, []PhotoChunk{NewPhotoChunk(0, make([]byte, PhotoChunkSize+1))}}}}, CodeTooLarge},
		"chunk beyond all":   {PhotoRequest{Up: []PhotoPart{{name, []PhotoChunk{{Index: MaxPhotoChunks}}}}}, CodeTooLarge},
		"wish beyond photo":  {PhotoRequest{Want: []PhotoWish{{PhotoName{Size: 1}, 2}}}, CodeMalformed},
		"too large a budget": {PhotoRequest{Budget: MaxPhotoMessage + 1}, CodeTooLarge},
	} {
		if _, err := DecodePhotoRequest(AppendPhotoRequest(nil, &c.q)); CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	if _, err := DecodePhotoReply(make([]byte, MaxPhotoMessage+1)); CodeOf(err) != CodeTooLarge {
		t.Errorf("too large a message: %v", err)
	}
}

// A newer peer may say more.
func TestPhotoUnknownEntries(t *testing.T) {
	m := newMapWriter()
	m.putInt(0, 3)
	m.putInt(5, 77)
	m.key(900)
	m.array(1)
	m.str("new")
	q, err := DecodePhotoRequest(m.message(nil))
	if err != nil || q.Version != 3 || q.Budget != 77 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := make([]byte, rapid.IntRange(1, MaxPhoto).Draw(t, "size"))
		for i := range b {
			b[i] = byte(i * i >> 7)
		}
		p := CutPhoto(ID{}, b)
		var got []byte
		var set ChunkSet
		for _, c := range p.GoodChunks() {
			got, set = append(got, c.Data...), set.With(c.Index)
		}
		if !bytes.Equal(got, b) || set != p.All() || set.Count() != len(p.Chunks) {
			t.Fatal("the chunks are not the photo")
		}
		i := rapid.IntRange(0, len(p.Chunks)-1).Draw(t, "chunk")
		bad := p
		bad.Chunks = append([]PhotoChunk{}, p.Chunks...)
		bad.Chunks[i].Data = append([]byte{}, bad.Chunks[i].Data...)
		bad.Chunks[i].Data[0] ^= 1
		if len(bad.GoodChunks()) != len(p.Chunks)-1 {
			t.Fatal("a damaged chunk passes")
		}
	})
}

func FuzzPhotoRequest(f *testing.F) {
	p := CutPhoto(ID{5, 6}, []byte("photo"))
	f.Add(AppendPhotoRequest(nil, &PhotoRequest{Version: 1, Token: []byte("t"), Ask: []PhotoName{p.PhotoName}, Up: []PhotoPart{p},
		Want: []PhotoWish{{p.PhotoName, 1}}, Budget: 9}))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := DecodePhotoRequest(b)
		if err != nil {
			if c := CodeOf(err); c != CodeMalformed && c != CodeTooLarge {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := DecodePhotoRequest(AppendPhotoRequest(nil, q))
		if err != nil || !same(again, q) {
			t.Errorf("%v: %+v, want %+v", err, again, q)
		}
	})
}

func FuzzPhotoReply(f *testing.F) {
	p := CutPhoto(ID{5, 6}, []byte("photo"))
	f.Add(AppendPhotoReply(nil, &PhotoReply{Version: 1, Now: 3, Down: []PhotoPart{p}, Retry: 4,
		States: []PhotoStatus{{Record: p.Record, State: PhotoRefused, Error: TooManyPhotos()}, {Record: p.Record, State: PhotoParts, Missing: 3}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := DecodePhotoReply(b)
		if err != nil {
			if c := CodeOf(err); c != CodeMalformed && c != CodeTooLarge {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := DecodePhotoReply(AppendPhotoReply(nil, q))
		if err != nil || !same(again, q) {
			t.Errorf("%v: %+v, want %+v", err, again, q)
		}
	})
}
