package syncproto_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
)

// office is the policy of the recording: one village whose laptops hold
// everything.
type office struct{}

const (
	officeCode  = "330702009"
	deviceKind  = syncproto.Collection(1)
	homeKind    = syncproto.Collection(2)
	visitKind   = syncproto.Collection(3)
	refusedText = "不收"
)

var everything = []syncproto.Scope{syncproto.AllScope(officeCode)}

func (office) Subscriptions(string, *syncproto.Device) []syncproto.Scope { return everything }
func (office) Parent(*syncproto.Record) syncproto.Key                    { return syncproto.Key{} }
func (office) Home(*syncproto.Record) string                             { return officeCode }

func (office) Scopes(string, syncproto.Collection, string) []syncproto.Scope { return everything }

func (office) Left(syncproto.Change) []syncproto.Scope { return nil }

func (office) Allow(_ string, _ *syncproto.Device, c syncproto.Change) *syncproto.Rejection {
	if c.After.Value(2).Text() == refusedText {
		return &syncproto.Rejection{Code: syncproto.CodeField, Message: "这个内容不收"}
	}
	return nil
}

func (office) DeviceRecord(at syncproto.Stamp, d *syncproto.Device) *syncproto.Record {
	r := syncproto.NewRecord(deviceKind, at)
	r.Write(1, at, syncproto.TextOf(d.Name))
	return r
}

func (office) FirstCopy() []syncproto.CopyOrder {
	return []syncproto.CopyOrder{{Collection: deviceKind}, {Collection: homeKind}, {Collection: visitKind, Newest: true}}
}

// recorder plays a session and keeps what goes over the wire.
type recorder struct {
	*testing.T
	now     int64
	rand    *rand.ChaCha8
	codec   *syncproto.Codec
	hub     *syncproto.Hub
	store   *syncsim.HubStore
	laptops map[string]*syncsim.ReplicaStore
	out     recording
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{T: t, now: 1_788_220_800_000, rand: rand.NewChaCha8([32]byte{1}), codec: syncproto.NewCodec(),
		laptops: map[string]*syncsim.ReplicaStore{}, out: recording{Version: syncproto.Version, Ends: map[string]held{}}}
	r.hub = &syncproto.Hub{Policy: office{}, Rand: r.rand, Codec: r.codec}
	r.store = syncsim.NewHubStore(syncproto.HubState{Township: officeCode, Name: "新狮街道", Epoch: syncproto.Epoch(r.now / 1000)})
	return r
}

// play is the session: two laptops of one village, a first copy in pages, the
// same field written on both offline, a value that is refused, an erasure, a
// record lost by a disk and healed, and a quiet exchange at the end.
func play(t *testing.T) recording {
	r := newRecorder(t)
	r.enrol("li")
	homes, visits := r.roster("li")
	r.sync("li", "a first copy and an upload", 0)
	r.enrol("wang")
	r.sync("wang", "a first copy in pages", syncproto.MinBudget)

	r.now += 3_600_000
	r.put("li", homes[0], 3, syncproto.TextOf("13905790001"))
	r.put("li", homes[1], 5, syncproto.IntOf(4))
	r.now += 60_000
	r.put("wang", homes[0], 3, syncproto.TextOf("13905790002"))
	r.put("wang", homes[1], 6, syncproto.ListOf("低保", "独居"))
	r.create("wang", visitKind, syncproto.FieldValue{Tag: 2, Value: syncproto.TextOf(refusedText)})
	r.sync("li", "an upload", 0)
	r.sync("wang", "an upload with a conflict and a record that is refused", 0)
	r.sync("li", "the conflict comes down", 0)

	r.now += 86_400_000
	must(t, r.store.Update(func(tx syncproto.HubTx) error {
		return r.hub.Purge(tx, visits[0], "依法", r.now)
	}))
	r.sync("li", "an erasure comes down", 0)
	r.lose("wang", homes[2])
	r.sync("wang", "what a disk has lost is found and comes again", 0)
	r.sync("li", "nothing new", 0)
	for name, store := range r.laptops {
		r.out.Ends[name] = holds(t, store)
	}
	return r.out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *recorder) enrol(name string) {
	store := syncsim.NewReplicaStore()
	r.laptops[name] = store
	var rep *syncproto.JoinReply
	must(r.T, r.store.Update(func(tx syncproto.HubTx) (err error) {
		rep, err = r.hub.Enrol(tx, "village", officeCode, name, "电脑-"+name, r.now)
		return err
	}))
	must(r.T, store.Update(func(tx syncproto.ReplicaTx) error {
		_, err := syncproto.Adopt(tx, rep, r.now)
		return err
	}))
}

// roster writes households with values of every kind, and visits to them.
func (r *recorder) roster(name string) (homes, visits []syncproto.Key) {
	set := func(tag syncproto.Tag, v syncproto.Value) syncproto.FieldValue {
		return syncproto.FieldValue{Tag: tag, Value: v}
	}
	for i := range 12 {
		r.now += 41_000
		id := r.create(name, homeKind,
			set(1, syncproto.TextOf(fmt.Sprintf("沙溪村%d号", i+1))),
			set(2, syncproto.TextOf([]string{"张", "王", "李"}[i%3]+"家")),
			set(3, syncproto.TextOf(fmt.Sprintf("1390579%04d", 17*i))),
			set(4, syncproto.BoolOf(i%4 == 0)),
			set(5, syncproto.IntOf(int64(i%5))),
			set(6, syncproto.ListOf([]string{"党员", "军属"}[:i%3]...)),
			set(7, syncproto.BytesOf([]byte{byte(i), 0xff})),
			set(8, syncproto.Value{}))
		homes = append(homes, syncproto.Key{Collection: homeKind, ID: id})
	}
	for i := range 30 {
		r.now += 61_000
		id := r.create(name, visitKind,
			set(1, syncproto.RefOf(homes[i%len(homes)].ID)),
			set(2, syncproto.TextOf(strings.Repeat("入户走访,询问近况,", 1+i%3)+fmt.Sprint(i))),
			set(3, syncproto.IntOf(int64(20697+i/10))))
		visits = append(visits, syncproto.Key{Collection: visitKind, ID: id})
	}
	return homes, visits
}

func (r *recorder) create(name string, c syncproto.Collection, sets ...syncproto.FieldValue) (id syncproto.ID) {
	must(r.T, r.laptops[name].Update(func(tx syncproto.ReplicaTx) (err error) {
		id, err = syncproto.Create(tx, r.now, c, sets)
		return err
	}))
	return id
}

func (r *recorder) put(name string, k syncproto.Key, tag syncproto.Tag, v syncproto.Value) {
	must(r.T, r.laptops[name].Update(func(tx syncproto.ReplicaTx) error {
		return syncproto.Put(tx, r.now, k, []syncproto.FieldValue{{Tag: tag, Value: v}})
	}))
}

func (r *recorder) lose(name string, k syncproto.Key) {
	must(r.T, r.laptops[name].Update(func(tx syncproto.ReplicaTx) error { return tx.PutAgreed(k, nil, 0) }))
	r.out.Steps = append(r.out.Steps, step{By: name, About: "the disk loses a record", Loses: hex.EncodeToString(k.Bytes())})
}

// sync runs a laptop's session to its end.
func (r *recorder) sync(name, about string, budget int) {
	s := syncproto.NewSession(syncproto.SessionOptions{DownBudget: budget, Rand: r.rand, Codec: r.codec})
	store := r.laptops[name]
	for range 20 {
		var q *syncproto.Request
		must(r.T, store.Update(func(tx syncproto.ReplicaTx) (err error) {
			q, err = s.Next(tx, r.now)
			return err
		}))
		if q == nil {
			return
		}
		up := syncproto.AppendRequest(nil, q)
		down := r.serve(up)
		r.out.Steps = append(r.out.Steps, step{By: name, About: about, Request: hex.EncodeToString(up), Reply: hex.EncodeToString(down)})
		p, err := syncproto.DecodeReply(down)
		must(r.T, err)
		must(r.T, store.Update(func(tx syncproto.ReplicaTx) error {
			_, err := s.Receive(tx, p, r.now)
			return err
		}))
	}
	r.Fatalf("%s, %s: not quiet", name, about)
}

func (r *recorder) serve(up []byte) (down []byte) {
	r.now += 1000
	q, err := syncproto.DecodeRequest(up)
	must(r.T, err)
	must(r.T, r.store.Update(func(tx syncproto.HubTx) error {
		served, err := r.hub.Serve(tx, q, r.now)
		if err == nil {
			down = syncproto.AppendReply(nil, served.Reply)
		}
		return err
	}))
	return down
}

// holds says what a laptop holds.
func holds(t *testing.T, store *syncsim.ReplicaStore) held {
	t.Helper()
	out := held{Records: []string{}, Conflicts: []string{}}
	must(t, store.View(func(tx syncproto.ReplicaTx) error {
		keys := map[syncproto.Key]bool{}
		for d, err := range tx.Days() {
			must(t, err)
			for h, err := range tx.OfDay(d.Day) {
				must(t, err)
				keys[h.Key] = true
			}
		}
		for _, k := range slices.SortedFunc(maps.Keys(keys), syncproto.Key.Compare) {
			rec, err := tx.Agreed(k)
			must(t, err)
			out.Records = append(out.Records, hex.EncodeToString(syncproto.AppendRecord(nil, rec)))
			for _, tag := range rec.Conflicts() {
				out.Conflicts = append(out.Conflicts, fmt.Sprintf("%x/%d", k.Bytes(), tag))
			}
		}
		sum, err := tx.Sum()
		b := binary.LittleEndian.AppendUint64(nil, sum.Lo)
		out.Count, out.Sum = sum.Count, hex.EncodeToString(binary.LittleEndian.AppendUint64(b, sum.Hi))
		return err
	}))
	return out
}
