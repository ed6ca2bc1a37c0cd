package syncproto

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// vector is bytes and what a decoder must make of them: the canonical records
// in them, or an error of a class.
type vector struct {
	Name  string   `json:"name"`
	Kind  string   `json:"kind"` // record, batch, request or reply
	Hex   string   `json:"hex"`
	Error Code     `json:"error,omitempty"`
	Holds []string `json:"holds,omitempty"` // canonical records, hex
	Again bool     `json:"again,omitempty"` // encoding gives the same bytes
}

func TestVectors(t *testing.T) {
	const file = "testdata/vectors.json"
	if *update {
		b, err := json.MarshalIndent(makeVectors(t), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) { checkVector(t, v) })
		kinds[v.Kind+string(v.Error)]++
	}
	for _, k := range []string{"record", "batch", "request", "reply"} {
		if kinds[k] == 0 || kinds[k+string(CodeMalformed)] == 0 {
			t.Errorf("no good or no bad %s among the vectors", k)
		}
	}
}

func checkVector(t *testing.T, v vector) {
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	records, again, err := decodeVector(v.Kind, b)
	if CodeOf(err) != v.Error {
		t.Fatalf("error %v, want class %q", err, v.Error)
	}
	if err != nil {
		return
	}
	if len(records) != len(v.Holds) {
		t.Fatalf("%d records, want %d", len(records), len(v.Holds))
	}
	for i, r := range records {
		if got := hex.EncodeToString(AppendRecord(nil, r)); got != v.Holds[i] {
			t.Errorf("record %d is %s, want %s", i, got, v.Holds[i])
		}
	}
	if v.Again && hex.EncodeToString(again) != v.Hex {
		t.Errorf("encoded again: %x", again)
	}
}

func decodeVector(kind string, b []byte) (records []*Record, again []byte, err error) {
	c := NewCodec()
	switch kind {
	case "record":
		r, err := DecodeRecord(b)
		if err != nil {
			return nil, nil, err
		}
		return []*Record{r}, AppendRecord(nil, r), nil
	case "batch":
		batch, err := c.Decode(b)
		if err != nil {
			return nil, nil, err
		}
		return batch.Records, nil, nil
	case "request":
		q, err := DecodeRequest(b)
		if err != nil {
			return nil, nil, err
		}
		batch, err := c.Decode(q.Batch)
		if err != nil {
			return nil, nil, err
		}
		return batch.Records, AppendRequest(nil, q), nil
	}
	p, err := DecodeReply(b)
	if err != nil {
		return nil, nil, err
	}
	batch, err := c.Decode(p.Batch)
	if err != nil {
		return nil, nil, err
	}
	return batch.Records, AppendReply(nil, p), nil
}

// makeVectors makes the file's content. Vectors of released versions are kept
// by hand: compressors may change, and old bytes must stay readable.
func makeVectors(t *testing.T) []vector {
	recs := sampleRecords()
	c := NewCodec()
	canonical := func(rs ...*Record) (out []string) {
		for _, r := range rs {
			out = append(out, hex.EncodeToString(AppendRecord(nil, r)))
		}
		return out
	}
	batch := &Batch{Records: recs, Received: []int64{1_700_000_100_000, 0}}
	structure, text := batch.layout()
	stored := func(p []byte) []byte {
		return append(appendUvarints([]byte{codecStored}, uint64(len(p)), uint64(len(p))), p...)
	}
	plain := append(stored(structure), stored(text)...)
	request := AppendRequest(nil, &Request{Version: 1, Token: []byte("0123456789abcdef"), Cursor: Cursor{7, 1, 5, nil}, Now: 1_700_000_000_000,
		Lease: []byte("12345678"), Nonce: []byte("abcdefgh"), Batch: plain, Budget: 1 << 20, Verdict: Verdict{VerdictEqual, 2}})
	probe := AppendRequest(nil, &Request{Version: 1, Token: []byte("0123456789abcdef"), Cursor: Cursor{7, 1, 5, nil}, Now: 1,
		Probe: &Probe{Days: []DaySum{{19675, Sum{1, 2, 3}}}, Of: []uint32{19675}, Records: []RecordHash{{recs[0].Key, 42}}}})
	sum := Sum{}.Add(recs[0].Hash()).Add(recs[1].Hash())
	reply := AppendReply(nil, &Reply{Version: 1, Now: 1_700_000_000_500, Moved: true, Cursor: Cursor{7, 1, 9, nil}, Batch: plain,
		Lease: []byte("87654321"), Sum: &sum, Gone: []Key{{3, Stamp{1, 2}}}, Rejections: []Rejection{{recs[0].Key, CodeScope, "不在本村范围内"}}})
	quiet := AppendReply(nil, &Reply{Version: 1, Now: 1_700_000_000_500, Sum: &sum})
	good := func(name, kind string, b []byte, rs []*Record, again bool) vector {
		return vector{name, kind, hex.EncodeToString(b), "", canonical(rs...), again}
	}
	bad := func(name, kind string, code Code, b []byte) vector {
		return vector{Name: name, Kind: kind, Hex: hex.EncodeToString(b), Error: code}
	}
	one := AppendRecord(nil, recs[0])
	unsorted := slicesReplace(t, one, "\xa6\xe5\xbc\xa0\xe4\xb8\x89", "\xa6\xff\xbc\xa0\xe4\xb8\x89")
	list := []vector{
		good("every kind of value", "record", one, recs[:1], true),
		good("a conflict", "record", AppendRecord(nil, recs[1]), recs[1:], true),
		good("a record without fields", "record", AppendRecord(nil, NewRecord(9, Stamp{1, 2})), []*Record{NewRecord(9, Stamp{1, 2})}, true),
		bad("cut", "record", CodeMalformed, one[:len(one)-1]),
		bad("more behind it", "record", CodeMalformed, append(one[:len(one):len(one)], 0)),
		bad("text that is not UTF-8", "record", CodeMalformed, unsorted),
		bad("nothing", "record", CodeMalformed, nil),
		bad("a number in a longer form", "record", CodeMalformed, slicesReplace(t, one, "\x93\x03", "\x93\xcc\x03")),
		bad("a claim of 2^32 fields", "record", CodeTooLarge, append([]byte("\x93\x03\xc4\x0c012345678901"), 0xdd, 0xff, 0xff, 0xff, 0xff)),
		good("stored", "batch", plain, recs, false),
		good("zstd", "batch", c.Encode(batch, Fast, 1), recs, false),
		good("brotli", "batch", c.Encode(batch, Spare, 1), recs, false),
		good("text model", "batch", c.Encode(batch, Small, 1), recs, false),
		good("empty", "batch", nil, nil, false),
		bad("unknown compressor", "batch", CodeMalformed, []byte{99, 1, 1, 0}),
		bad("plain length over the limit", "batch", CodeTooLarge, appendUvarints([]byte{codecStored}, MaxBatch+1, 1)),
		bad("structure ends early", "batch", CodeMalformed, append(stored(structure[:len(structure)-2]), stored(text)...)),
		bad("text ends early", "batch", CodeMalformed, append(stored(structure), stored(text[:2])...)),
		bad("bytes after it", "batch", CodeMalformed, append(plain[:len(plain):len(plain)], 0)),
		good("an upload", "request", request, recs, true),
		good("a probe", "request", probe, nil, true),
		bad("not a map", "request", CodeMalformed, []byte{0x01}),
		bad("cut", "request", CodeMalformed, request[:20]),
		good("a download", "reply", reply, recs, true),
		good("nothing new", "reply", quiet, nil, true),
		bad("a portal's page", "reply", CodeMalformed, []byte("<!DOCTYPE html><html>")),
		bad("entries out of order", "reply", CodeMalformed, []byte{0x82, 0x01, 0x01, 0x00, 0x01}),
	}
	list = append(list, codecVectors(good, bad)...)
	for _, v := range columnVectors() {
		b := append(stored(v.structure), stored(v.text)...)
		if v.code != "" {
			list = append(list, bad(v.name, "batch", v.code, b))
			continue
		}
		list = append(list, good(v.name, "batch", b, v.holds, false))
	}
	newer := append(slices.Clone(quiet), "\x63\x81\xa1x\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"...) // 99: {"x": 1.5}
	newer[0]++
	return append(list, good("an entry of a newer version", "reply", newer, nil, false))
}

func slicesReplace(t *testing.T, b []byte, old, new string) []byte {
	t.Helper()
	s := string(b)
	for i := 0; i+len(old) <= len(s); i++ {
		if s[i:i+len(old)] == old {
			return []byte(s[:i] + new + s[i+len(old):])
		}
	}
	t.Fatalf("%q is not in the bytes", old)
	return nil
}
