package syncproto_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
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

// TestRecordedExchange joins the recorded messages, which must stay readable
// whatever later versions send, to what the laptops held in the end.
func TestRecordedExchange(t *testing.T) {
	const file = "testdata/exchange.json"
	if *record {
		b, err := json.MarshalIndent(play(t), "", " ")
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
	checkShows(t, old)
	laptops := map[string]*syncsim.ReplicaStore{}
	for _, s := range old.Steps {
		if laptops[s.By] == nil {
			laptops[s.By] = syncsim.NewReplicaStore()
		}
		must(t, laptops[s.By].Update(func(tx syncproto.ReplicaTx) error { return retake(t, tx, s) }))
	}
	for name, store := range laptops {
		if got, want := holds(t, store), old.Ends[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s ends with %+v, recorded is %+v", name, got, want)
		}
	}
}

// retake does to the agreed records what a step did.
func retake(t *testing.T, tx syncproto.ReplicaTx, s step) error {
	if s.Loses != "" {
		k, err := syncproto.KeyOf(unhex(t, s.Loses))
		must(t, err)
		return tx.PutAgreed(k, nil, 0)
	}
	said := sayStep(t, s)
	for _, r := range said.down {
		must(t, take(tx, r))
	}
	for _, r := range said.up {
		if !slices.ContainsFunc(said.reply.Rejections, func(x syncproto.Rejection) bool { return x.Key == r.Key }) {
			must(t, take(tx, r))
		}
	}
	for _, k := range slices.Concat(said.reply.Gone, said.reply.Purged) {
		must(t, tx.PutAgreed(k, nil, 0))
	}
	return nil
}

func take(tx syncproto.ReplicaTx, r *syncproto.Record) error {
	agreed, err := tx.Agreed(r.Key)
	if err != nil {
		return err
	}
	if agreed == nil {
		agreed = syncproto.NewRecord(r.Collection, r.ID)
	}
	agreed.Join(r)
	return tx.PutAgreed(r.Key, agreed, 0)
}

// said is what a step says, with its batches unpacked.
type said struct {
	request  *syncproto.Request
	reply    *syncproto.Reply
	up, down []*syncproto.Record
}

func sayStep(t *testing.T, s step) said {
	t.Helper()
	q, err := syncproto.DecodeRequest(unhex(t, s.Request))
	must(t, err)
	p, err := syncproto.DecodeReply(unhex(t, s.Reply))
	must(t, err)
	up, err := syncproto.NewCodec().Decode(q.Batch)
	must(t, err)
	down, err := syncproto.NewCodec().Decode(p.Batch)
	must(t, err)
	return said{q, p, up.Records, down.Records}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRecording plays the session with the machines of today.
func TestRecording(t *testing.T) { checkShows(t, play(t)) }

// checkShows keeps a recording worth reading: it must have what it is for.
func checkShows(t *testing.T, r recording) {
	t.Helper()
	var rejected, purged, paged, probed, differing int
	for _, s := range r.Steps {
		if s.Loses != "" {
			continue
		}
		said := sayStep(t, s)
		rejected += len(said.reply.Rejections)
		purged += len(said.reply.Purged)
		differing += len(said.reply.DifferDays)
		if len(said.reply.Cursor.Page) > 0 {
			paged++
		}
		if said.request.Probe != nil {
			probed++
		}
	}
	if rejected != 1 || purged != 2 || paged < 1 || probed < 2 || differing != 1 {
		t.Errorf("rejected %d, purged %d, pages %d, probes %d, days that differ %d", rejected, purged, paged, probed, differing)
	}
	li, wang := r.Ends["li"], r.Ends["wang"]
	if len(li.Conflicts) != 1 || li.Count < 40 || !reflect.DeepEqual(li, wang) {
		t.Errorf("li ends with %+v, wang with %+v, want the same with one conflict", li, wang)
	}
}
