package syncproto_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"gridbook/syncproto"
)

var record = flag.Bool("record", false, "write testdata/exchange.json anew")

// recording is a session as it went over the wire, for readers in other
// languages: messages in order, and what the laptops must hold in the end.
type recording struct {
	Version int             `json:"version"`
	Steps   []step          `json:"steps"`
	Ends    map[string]held `json:"ends"`
}

// step is one exchange of a laptop, or, with Loses, a record that its disk
// has lost.
type step struct {
	By      string `json:"by"`
	About   string `json:"about"`
	Loses   string `json:"loses,omitempty"` // collection and id, hex
	Request string `json:"request,omitempty"`
	Reply   string `json:"reply,omitempty"`
}

// held is what a laptop holds when all is quiet.
type held struct {
	Records   []string `json:"records"` // canonical, hex, in the order of keys
	Count     uint64   `json:"count"`
	Sum       string   `json:"sum"`       // 16 bytes, little-endian, hex
	Conflicts []string `json:"conflicts"` // collection and id in hex, a slash, the tag
}

// TestRecordedExchange plays the session again and compares it with the
// recorded one by what the messages say: a compressor may change its bytes,
// and the old ones must stay readable.
func TestRecordedExchange(t *testing.T) {
	const file = "testdata/exchange.json"
	live := play(t)
	if *record {
		b, err := json.MarshalIndent(live, "", " ")
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
	var old recording
	if err := json.Unmarshal(b, &old); err != nil {
		t.Fatal(err)
	}
	if len(old.Steps) != len(live.Steps) {
		t.Fatalf("%d steps, %d recorded", len(live.Steps), len(old.Steps))
	}
	for i, was := range old.Steps {
		if got, want := sayStep(t, live.Steps[i]), sayStep(t, was); !reflect.DeepEqual(got, want) {
			t.Errorf("step %d (%s, %s):\n got %+v\nwant %+v", i, was.By, was.About, got, want)
		}
	}
	if !reflect.DeepEqual(live.Ends, old.Ends) {
		t.Errorf("the laptops end with %+v, recorded is %+v", live.Ends, old.Ends)
	}
}

// said is what a step says, without how its batches are packed.
type said struct {
	about    string
	request  *syncproto.Request
	reply    *syncproto.Reply
	up, down []string
}

func sayStep(t *testing.T, s step) said {
	t.Helper()
	out := said{about: s.By + s.About + s.Loses}
	if s.Loses != "" {
		return out
	}
	var err error
	if out.request, err = syncproto.DecodeRequest(unhex(t, s.Request)); err != nil {
		t.Fatal(err)
	}
	if out.reply, err = syncproto.DecodeReply(unhex(t, s.Reply)); err != nil {
		t.Fatal(err)
	}
	out.up, out.down = sayBatch(t, out.request.Batch), sayBatch(t, out.reply.Batch)
	out.request.Batch, out.reply.Batch = nil, nil
	return out
}

func sayBatch(t *testing.T, b []byte) (out []string) {
	t.Helper()
	batch, err := syncproto.NewCodec().Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range batch.Records {
		out = append(out, fmt.Sprintf("%x at %d", syncproto.AppendRecord(nil, r), batch.Received[i]))
	}
	return out
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRecordingShows keeps the recording worth reading: it must have what it
// is for.
func TestRecordingShows(t *testing.T) {
	r := play(t)
	var rejected, purged, paged, probed, differing, wide int
	for _, s := range r.Steps {
		said := sayStep(t, s)
		if said.reply == nil {
			continue
		}
		rejected += len(said.reply.Rejections)
		purged += len(said.reply.Purged)
		differing += len(said.reply.DifferDays)
		wide = max(wide, len(said.down))
		if len(said.reply.Cursor.Page) > 0 {
			paged++
		}
		if said.request.Probe != nil {
			probed++
		}
	}
	if rejected != 1 || purged != 2 || paged < 1 || probed < 2 || differing != 1 || wide < 5 {
		t.Errorf("rejected %d, purged %d, pages %d, probes %d, days that differ %d, records in a reply %d", rejected, purged, paged, probed, differing, wide)
	}
	li, wang := r.Ends["li"], r.Ends["wang"]
	if !slices.Equal(li.Conflicts, wang.Conflicts) || len(li.Conflicts) != 1 {
		t.Errorf("conflicts: li %v, wang %v", li.Conflicts, wang.Conflicts)
	}
	if li.Sum != wang.Sum || li.Count != wang.Count || !slices.Equal(li.Records, wang.Records) {
		t.Error("the laptops do not end equal")
	}
}
