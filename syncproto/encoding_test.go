package syncproto

import (
	"bytes"
	"crypto/rand"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		b := AppendRecord(nil, r)
		got, err := DecodeRecord(b)
		if err != nil {
			t.Fatalf("%v: %x", err, b)
		}
		if !got.Equal(r) {
			t.Fatalf("got %v, want %v", got, r)
		}
		if n := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); true {
			if _, err := DecodeRecord(b[:n]); CodeOf(err) != CodeMalformed {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
	})
}

func TestStampText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Stamp{Time(rapid.Uint64().Draw(t, "time")), ReplicaID(rapid.Uint32().Draw(t, "replica"))}
		b := Stamp{Time(rapid.Uint64().Draw(t, "time")), ReplicaID(rapid.Uint32().Draw(t, "replica"))}
		got, err := ParseStamp(a.String())
		if err != nil || got != a {
			t.Fatalf("%v, %v, want %v", got, err, a)
		}
		if a.Compare(b) != bytes.Compare([]byte(a.String()), []byte(b.String())) || a.Compare(b) != bytes.Compare(a.Bytes(), b.Bytes()) {
			t.Fatal("the order of the forms is not the order of the stamps")
		}
	})
	for _, bad := range []string{"", "x", "zzzzzzzzzzzzzzzzzzzz", "0000000000000000000v", "000000000000000000000"} {
		if _, err := ParseStamp(bad); CodeOf(err) != CodeMalformed {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// encodings of a batch: by every effort, for peers of either version.
func encodings(c *Codec, b *Batch) (all [][]byte) {
	for version := MinVersion; version <= Version; version++ {
		for _, e := range []Effort{Fast, Spare, Small} {
			all = append(all, c.Encode(b, e, version))
		}
	}
	return all
}

func TestBatchRoundTrip(t *testing.T) {
	c := NewCodec()
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		for _, coded := range encodings(c, b) {
			got, err := c.Decode(coded)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got.Records, b.Records, (*Record).Equal) {
				t.Fatalf("got %v, want %v", got.Records, b.Records)
			}
			if len(b.Records) > 0 && !slices.Equal(got.Received, b.Received) {
				t.Fatalf("received %v, want %v", got.Received, b.Received)
			}
		}
	})
}

func TestIntegerColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.SliceOfN(rapid.Int64Range(13_000_000_000, 19_999_999_999), 1, 60),
			rapid.SliceOfN(rapid.Int64Range(-3, 3), 1, 60),
			rapid.SliceOfN(rapid.Int64(), 1, 60),
			rapid.Map(rapid.Int64(), func(n int64) []int64 { return []int64{n, n, n} }),
		).Draw(t, "column")
		var s stream
		s.ints(v)
		u := &unstream{b: s.b}
		if got := u.ints(len(v)); u.err != nil || !slices.Equal(got, v) || len(u.b) != 0 {
			t.Fatalf("%v (%v), want %v", got, u.err, v)
		}
	})
}

func TestMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 16)
		q := &Request{Version: 1, Token: data.Draw(t, "token"), Now: rapid.Int64().Draw(t, "now"),
			Batch: data.Draw(t, "batch"), Lease: []byte("12345678"), Nonce: []byte("abcdefgh"),
			Budget: rapid.IntRange(0, MaxBatch).Draw(t, "budget"), Link: rapid.IntRange(0, 1<<30).Draw(t, "link"),
			Cursor:  Cursor{3, 2, Seq(rapid.Uint32().Draw(t, "seq")), nil},
			Verdict: Verdict{VerdictEqual, 7}}
		if rapid.Bool().Draw(t, "page") {
			q.Cursor.Page = data.Draw(t, "page")
		}
		if rapid.Bool().Draw(t, "probe") {
			q.Probe = &Probe{Of: []uint32{4, 9}, Days: []DaySum{{5, Sum{1, 2, 3}}, {900, Sum{4, 1 << 63, 6}}}}
			for _, k := range drawKeys(t) {
				q.Probe.Records = append(q.Probe.Records, RecordHash{k, rapid.Uint64().Draw(t, "hash")})
			}
		}
		got, err := DecodeRequest(AppendRequest(nil, q))
		if err != nil || !same(got, q) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, q)
		}
		p := &Reply{Version: 1, Now: 5, Moved: true, Cursor: q.Cursor, Lease: []byte("12345678"), Renumber: 9,
			Batch: data.Draw(t, "down"), Gone: drawKeys(t), Purged: drawKeys(t), More: true, Left: 77,
			Sum: &Sum{1, 2, 1 << 63}, DifferDays: []uint32{1, 20000}, Want: drawKeys(t), Retry: 30, Token: []byte("t"),
			Error:      &Error{Code: CodeBusy, Message: "忙", Hint: "稍后"},
			Rejections: []Rejection{{Key{1, Stamp{2, 3}}, CodeScope, "不是本村"}}}
		back, err := DecodeReply(AppendReply(nil, p))
		if err != nil || !same(back, p) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, back, p)
		}
	})
	j := &JoinRequest{Version: 1, Secret: []byte("s"), Device: "村部电脑", Now: 5, Nonce: []byte("n"), SignKey: []byte("k"), Recipient: "age1"}
	if got, err := DecodeJoinRequest(AppendJoinRequest(nil, j)); err != nil || !same(got, j) {
		t.Errorf("%+v, %v", got, err)
	}
	r := &JoinReply{Version: 1, Now: 5, Device: 3, Replica: 4, Token: []byte("t"), Lease: []byte("l"), Epoch: 9,
		Township: "330702009", TownshipName: "新狮街道", Role: "village", Scope: "330702009202", Person: "刘秀",
		RecoveryKey: "age1", BundleKey: "age2", SignKey: []byte("k"), Error: &Error{Code: CodeInvitation}}
	if got, err := DecodeJoinReply(AppendJoinReply(nil, r)); err != nil || !same(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
}

func same[T any](a, b *T) bool { return reflect.DeepEqual(a, b) }

// A message from a newer peer says more; what we know of it stays readable.
func TestUnknownEntriesAreSkipped(t *testing.T) {
	m := newMapWriter()
	m.putInt(0, 1)
	m.putInt(1, 42)
	m.key(99)
	m.array(2)
	m.str("neu")
	m.int(3)
	got, err := DecodeReply(m.message(nil))
	if err != nil || got.Now != 42 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestLimits(t *testing.T) {
	id := Stamp{TimeAt(1), 1}
	long := func(n int) *Record {
		r := NewRecord(1, id)
		r.Write(1, id, TextOf(string(bytes.Repeat([]byte("a"), n))))
		return r
	}
	wide := func(n int) *Record {
		r := NewRecord(1, id)
		for i := range n {
			r.Write(Tag(i), id, IntOf(int64(i)))
		}
		return r
	}
	tests := []struct {
		name string
		r    *Record
		want Code
	}{
		{"text at the limit", long(MaxText), ""},
		{"text over it", long(MaxText + 1), CodeTooLarge},
		{"fields at the limit", wide(MaxFields), ""},
		{"fields over it", wide(MaxFields + 1), CodeTooLarge},
	}
	for _, tt := range tests {
		if _, err := DecodeRecord(AppendRecord(nil, tt.r)); CodeOf(err) != tt.want {
			t.Errorf("%s: record: %v, want %q", tt.name, err, tt.want)
		}
		c := NewCodec()
		_, err := c.Decode(c.Encode(&Batch{Records: []*Record{tt.r}}, Fast, Version))
		if (tt.want == "") != (err == nil) {
			t.Errorf("%s: batch: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A few bytes must not become gigabytes.
func TestBombs(t *testing.T) {
	c := NewCodec()
	huge := c.packZstd(make([]byte, MaxBatch+1), 0)
	bomb := append([]byte{codecZstd}, appendUvarints(nil, 100, uint64(len(huge)))...)
	bomb = append(bomb, huge...)
	if _, err := c.Decode(bomb); CodeOf(err) == "" {
		t.Error("a stream longer than it says was taken")
	}
	b, text := &Batch{}, TextOf(string(bytes.Repeat([]byte("a"), 60_000)))
	for i := range MaxRows { // one text, in a table, 65,536 times
		r := NewRecord(1, Stamp{TimeAt(int64(i)), 1})
		r.Write(1, r.ID, text)
		b.Records = append(b.Records, r)
	}
	if _, err := c.Decode(c.Encode(b, Fast, Version)); CodeOf(err) != CodeTooLarge {
		t.Errorf("%v, want %s", err, CodeTooLarge)
	}
}

func appendUvarints(dst []byte, n ...uint64) []byte {
	s := stream{b: dst}
	for _, x := range n {
		s.uvarint(x)
	}
	return s.b
}

func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var hashes []Hash
		for range rapid.IntRange(1, 8).Draw(t, "n") {
			var h Hash
			copy(h[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "hash"))
			hashes = append(hashes, h)
		}
		var forth, back Sum
		for i := range hashes {
			forth, back = forth.Add(hashes[i]), back.Add(hashes[len(hashes)-1-i])
		}
		if forth != back {
			t.Fatal("the order of adding shows")
		}
		for _, h := range hashes {
			forth = forth.Remove(h)
		}
		if forth != (Sum{}) {
			t.Fatalf("%+v left of nothing", forth)
		}
	})
}

func fuzzDecoder(f *testing.F, seeds [][]byte, decode func([]byte) (again func() []byte, err error)) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := decode(b)
		if err != nil {
			if c := CodeOf(err); c != CodeMalformed && c != CodeTooLarge {
				t.Fatalf("%v has code %s", err, c)
			}
			return
		}
		if _, err := decode(again()); err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
	})
}

func sampleRecords() []*Record {
	id := Stamp{TimeAt(1_700_000_000_000), 5}
	r := NewRecord(3, id)
	r.Write(1, id, TextOf("张三"))
	r.Write(2, id, IntOf(-5))
	r.Write(2, Stamp{id.Time + 9, 7}, RefOf(id))
	r.Write(4, id, BytesOf([]byte{1, 2}))
	r.Write(5, id, ListOf("甲", "乙"))
	r.Write(6, id, Value{})
	o := NewRecord(3, Stamp{id.Time + 1, 5})
	o.Write(1, o.ID, TextOf("李四在家,询问近期身体和生活情况,无其他诉求。"))
	o.set(2, Written(id, IntOf(1)).Join(Written(Stamp{id.Time, 6}, IntOf(2))))
	return []*Record{r, o}
}

func FuzzRecord(f *testing.F) {
	fuzzDecoder(f, [][]byte{AppendRecord(nil, sampleRecords()[0]), AppendRecord(nil, sampleRecords()[1])}, func(b []byte) (func() []byte, error) {
		r, err := DecodeRecord(b)
		return func() []byte { return AppendRecord(nil, r) }, err
	})
}

func FuzzBatch(f *testing.F) {
	c := NewCodec()
	b := &Batch{Records: sampleRecords()}
	structure, text := b.layout()
	stored := func(p []byte) []byte {
		return append(appendUvarints([]byte{codecStored}, uint64(len(p)), uint64(len(p))), p...)
	}
	known := &prime{collection: 3, newest: Stamp{1, 2}, count: 9, text: []byte("入户走访，询问近况，讲解医保缴费。")}
	seeds := append(encodings(c, b), append(stored(structure), stored(text)...), c.encodePrimed(notebook(20), known))
	fuzzDecoder(f, seeds, func(p []byte) (func() []byte, error) {
		b, err := c.decode(p, func(*prime) ([]byte, error) { return known.text, nil })
		return func() []byte { return c.Encode(b, Fast, Version) }, err
	})
}

func FuzzRequest(f *testing.F) {
	q := &Request{Version: 1, Token: []byte("0123456789abcdef"), Cursor: Cursor{1, 1, 5, []byte{1, 2}}, Now: 5, Batch: []byte{1},
		Probe: &Probe{Days: []DaySum{{5, Sum{1, 2, 3}}}, Of: []uint32{5}, Records: []RecordHash{{Key{1, Stamp{1, 2}}, 9}}}}
	fuzzDecoder(f, [][]byte{AppendRequest(nil, q)}, func(b []byte) (func() []byte, error) {
		q, err := DecodeRequest(b)
		return func() []byte { return AppendRequest(nil, q) }, err
	})
}

func FuzzReply(f *testing.F) {
	p := &Reply{Version: 1, Now: 5, Moved: true, Gone: []Key{{1, Stamp{1, 2}}}, Sum: &Sum{1, 2, 3}, DifferDays: []uint32{7},
		Rejections: []Rejection{{Key{1, Stamp{2, 3}}, CodeScope, "x"}}, Error: &Error{Code: CodeBusy}}
	fuzzDecoder(f, [][]byte{AppendReply(nil, p)}, func(b []byte) (func() []byte, error) {
		p, err := DecodeReply(b)
		return func() []byte { return AppendReply(nil, p) }, err
	})
}

func FuzzJoin(f *testing.F) {
	f.Add(AppendJoinRequest(nil, &JoinRequest{Version: 1, Secret: []byte("s"), Device: "d"}))
	f.Add(AppendJoinReply(nil, &JoinReply{Version: 1, Township: "330702009"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := DecodeJoinRequest(b); err == nil {
			if _, err := DecodeJoinRequest(AppendJoinRequest(nil, q)); err != nil {
				t.Fatal(err)
			}
		}
		if p, err := DecodeJoinReply(b); err == nil {
			if _, err := DecodeJoinReply(AppendJoinReply(nil, p)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Every decoder meets noise that is not a mutation of anything.
func TestNoise(t *testing.T) {
	c := NewCodec()
	for range 5000 {
		b := make([]byte, 1+len(rand.Text()))
		_, _ = rand.Read(b)
		_, _ = DecodeRecord(b)
		_, _ = DecodeRequest(b)
		_, _ = DecodeReply(b)
		if _, err := c.Decode(b); err == nil && b[0] > codecText {
			t.Fatalf("%x was taken for a batch", b)
		}
	}
}
