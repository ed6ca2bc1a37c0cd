package office_test

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

const (
	township = "330702009"
	village  = "330702009204"
)

// town is an office with a clock that a test moves.
type town struct {
	*office.Office
	t     testing.TB
	store office.Store
	now   int64
	nonce byte
	codec *syncproto.Codec
	quiet bool // the test breaks the store itself
}

func newTown(t testing.TB) *town {
	t.Helper()
	store, err := boltstore.Create(filepath.Join(t.TempDir(), "gridbookd.db"), boltstore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &town{t: t, store: store, now: 1_780_000_000_000, codec: syncproto.NewCodec()}
	h.Office = office.New(store, office.Options{
		Policy: ledger.Policy{}, Now: func() int64 { return h.now }, Rand: rand.Reader,
	})
	t.Cleanup(func() {
		if v, err := h.Verify(); err != nil && !h.quiet {
			t.Errorf("verify: %v, %v", err, v.Problems)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, recovery, err := office.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(recovery, "AGE-SECRET-KEY-") {
		t.Errorf("recovery key %q", recovery)
	}
	keys.Certificate, keys.CertificateKey = []byte("certificate"), []byte("key")
	if err := h.Found(office.Founding{Township: township, Name: "新狮街道", Keys: keys, Who: "王工"}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetAddress("https://10.0.0.5:8443"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *town) tick(d time.Duration) { h.now += d.Milliseconds() }

func (h *town) invite(role, scope, person string) office.Issued {
	h.t.Helper()
	out, err := h.Invite(office.InviteRequest{Role: role, Scope: scope, Person: person, Who: "王工"})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *town) joinRequest(v syncproto.Invitation) *syncproto.JoinRequest {
	h.nonce++
	return &syncproto.JoinRequest{
		Version: syncproto.Version, Secret: v.Secret, Device: "村部电脑", Now: h.now,
		Nonce: bytes.Repeat([]byte{h.nonce}, syncproto.NonceSize), SignKey: make([]byte, 32), Recipient: "age1x",
	}
}

func (h *town) join(q *syncproto.JoinRequest) *syncproto.JoinReply {
	h.t.Helper()
	rep, err := h.Join(q)
	if err != nil {
		h.t.Fatal(err)
	}
	return rep
}

// laptop is a device that joined, as far as these tests need one.
type laptop struct {
	h *town
	*syncproto.JoinReply
	lease  []byte
	cursor syncproto.Cursor
	made   syncproto.Clock
}

func (h *town) enrol(role, scope, person string) *laptop {
	h.t.Helper()
	rep := h.join(h.joinRequest(h.invite(role, scope, person).Invitation))
	if rep.Error != nil {
		h.t.Fatal(rep.Error)
	}
	return newLaptop(h, rep)
}

func newLaptop(h *town, rep *syncproto.JoinReply) *laptop {
	return &laptop{h: h, JoinReply: rep, lease: rep.Lease, cursor: syncproto.Cursor{Epoch: rep.Epoch, Subs: 1}}
}

func (l *laptop) stamp() syncproto.Stamp {
	return syncproto.Stamp{Time: l.made.Next(l.h.now), Replica: l.Replica}
}

func (l *laptop) household(address string) *syncproto.Record {
	at := l.stamp()
	r := syncproto.NewRecord(ledger.Household, at)
	r.Write(ledger.TagVillage, at, syncproto.TextOf(l.Scope))
	r.Write(ledger.Must(ledger.Household).Tag("head_name"), at, syncproto.TextOf("户主"))
	r.Write(ledger.Must(ledger.Household).Tag("address"), at, syncproto.TextOf(address))
	return r
}

// send makes an exchange; without records it uploads nothing.
func (l *laptop) send(records ...*syncproto.Record) *syncproto.Reply {
	l.h.t.Helper()
	return l.exchange(l.request(records))
}

func (l *laptop) request(records []*syncproto.Record) *syncproto.Request {
	q := &syncproto.Request{Version: 1, Token: l.Token, Now: l.h.now, Budget: 1 << 20, Cursor: l.cursor}
	if len(records) > 0 {
		q.Lease, q.Nonce = l.lease, []byte("12345678")
		q.Batch = l.h.codec.Encode(&syncproto.Batch{Records: records}, syncproto.Fast, syncproto.Version)
	}
	return q
}

func (l *laptop) exchange(q *syncproto.Request) *syncproto.Reply {
	l.h.t.Helper()
	served, err := l.h.Exchange(q)
	if err != nil {
		l.h.t.Error(err)
		return &syncproto.Reply{}
	}
	if served.Reply.Lease != nil {
		l.lease = served.Reply.Lease
	}
	if served.Reply.Moved {
		l.cursor = served.Reply.Cursor
	}
	return served.Reply
}

func codeOf(rep *syncproto.JoinReply) syncproto.Code {
	if rep.Error == nil {
		return ""
	}
	return rep.Error.Code
}

func TestSeenIsWrittenLater(t *testing.T) {
	h := newTown(t)
	a, b := h.enrol("village", village, "张三"), h.enrol("township", township, "李四")
	h.tick(time.Minute)
	a.send()
	b.send()
	seen := func() (out []int64) {
		t.Helper()
		if err := h.store.View(func(tx office.Tx) error {
			for d, err := range tx.Devices() {
				if err != nil {
					return err
				}
				out = append(out, d.Seen-d.Joined)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := seen(); got[0] != 0 || got[1] != 0 {
		t.Errorf("an exchange without an upload wrote: %v", got)
	}
	lines, err := h.Devices()
	if err != nil || lines[0].Seen != h.now || lines[1].Seen != h.now {
		t.Errorf("people see %+v, %v", lines, err)
	}
	if rep := a.send(a.household("1号")); rep.Error != nil || len(rep.Rejections) != 0 {
		t.Fatalf("%+v", rep)
	}
	if got := seen(); got[1] != time.Minute.Milliseconds() {
		t.Errorf("another's upload did not take it along: %v", got)
	}
	h.tick(time.Minute)
	b.send()
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := seen(); got[1] != 2*time.Minute.Milliseconds() {
		t.Errorf("after Flush: %v", got)
	}
}

// A later exchange that brings no verdict does not bring an older one back.
func TestVerdictStays(t *testing.T) {
	h := newTown(t)
	l := h.enrol("village", village, "王秀英")
	ask := func(v syncproto.Verdict) {
		h.tick(time.Second)
		q := l.request(nil)
		q.Verdict = v
		if p := l.exchange(q); p.Error != nil {
			t.Fatal(p.Error)
		}
	}
	ask(syncproto.Verdict{State: syncproto.VerdictDiffers, Records: 3})
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	ask(syncproto.Verdict{State: syncproto.VerdictEqual, Records: 4})
	ask(syncproto.Verdict{})
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	devices, err := h.Devices()
	if err != nil {
		t.Fatal(err)
	}
	if got := devices[0]; !got.Equal || got.Records != 4 {
		t.Errorf("after the later exchange: %+v", got)
	}
}

func TestRevoke(t *testing.T) {
	h := newTown(t)
	l := h.enrol("village", village, "张三")
	if _, err := h.Revoke(99, "王工", ""); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("unknown device: %v", err)
	}
	for range 2 {
		if line, err := h.Revoke(l.Device, "王工", "电脑丢了"); err != nil || line.Revoked != h.now {
			t.Errorf("%+v, %v", line, err)
		}
	}
	if rep := l.send(); rep.Error == nil || rep.Error.Code != syncproto.CodeRevoked {
		t.Errorf("%+v", rep)
	}
	entries, err := h.Audit(0)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, e := range entries {
		acts = append(acts, e.Act)
	}
	if got := strings.Join(acts, " "); got != "init invite join revoke" {
		t.Errorf("audit: %s", got)
	}
}

func TestStatus(t *testing.T) {
	h := newTown(t)
	l := h.enrol("village", village, "张三")
	h.enrol("township", township, "李四")
	h.invite("village", village, "王五")
	h.tick(time.Minute)
	l.send(l.household("1号"), l.household("2号"))
	s, err := h.Status()
	if err != nil {
		t.Fatal(err)
	}
	if s.Township != township || s.Name != "新狮街道" || len(s.Devices) != 2 || len(s.Waiting) != 1 || s.Waiting[0].Person != "王五" {
		t.Errorf("%+v", s)
	}
	if len(s.Villages) != len(ledger.Below(township)) {
		t.Errorf("%d villages, the township has %d", len(s.Villages), len(ledger.Below(township)))
	}
	for _, v := range s.Villages {
		switch {
		case v.Name == "":
			t.Errorf("%+v has no name", v)
		case v.Village == village && (v.Records != 2 || v.Devices != 1 || v.LastUpload != h.now || v.LastSeen != h.now):
			t.Errorf("%+v", v)
		case v.Village != village && (v.Records != 0 || v.Devices != 0 || v.LastUpload != 0):
			t.Errorf("%+v", v)
		}
	}
	if s.Records != 4 { // and two device records
		t.Errorf("%d records", s.Records)
	}
}

func TestDump(t *testing.T) {
	h := newTown(t)
	l := h.enrol("village", village, "张三")
	other := h.enrol("village", "330702009209", "李四")
	l.send(l.household("1号"))
	other.send(other.household("2号"))
	dump := func(f office.DumpFilter) string {
		t.Helper()
		var out strings.Builder
		if err := h.Dump(&out, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	all := dump(office.DumpFilter{})
	mine := dump(office.DumpFilter{Role: "village", Scope: village})
	office := dump(office.DumpFilter{Role: "township", Scope: township})
	if strings.Count(all, "\n") != 4 || office != all {
		t.Errorf("all:\n%s\nthe township's:\n%s", all, office)
	}
	if strings.Count(mine, "\n") != 3 || !strings.Contains(mine, "1号") || strings.Contains(mine, "2号") {
		t.Errorf("the village's:\n%s", mine)
	}
}

func TestPurge(t *testing.T) {
	h := newTown(t)
	l := h.enrol("village", village, "张三")
	house := l.household("1号")
	at := l.stamp()
	person := syncproto.NewRecord(ledger.Resident, at)
	c := ledger.Must(ledger.Resident)
	person.Write(ledger.TagVillage, at, syncproto.TextOf(village))
	person.Write(c.Tag("household"), at, syncproto.RefOf(house.ID))
	person.Write(c.Tag("name"), at, syncproto.TextOf("某某"))
	if rep := l.send(house, person); len(rep.Rejections) != 0 {
		t.Fatalf("%+v", rep.Rejections)
	}
	if _, err := h.Purge(person.ID, " ", "王工"); syncproto.CodeOf(err) != syncproto.CodeUsage {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := h.Purge(syncproto.ID{Time: 1}, "x", "王工"); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("an unknown id: %v", err)
	}
	if p, err := h.Purge(house.ID, "依法", "王工"); err != nil || p.Dependants != 1 || len(p.Collections) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := h.Purge(person.ID, "依法", "王工"); err != nil || p.Dependants != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	var out strings.Builder
	if err := h.Dump(&out, office.DumpFilter{}); err != nil || strings.Contains(out.String(), "某某") || strings.Contains(out.String(), "1号") {
		t.Errorf("%v, %s", err, out.String())
	}
	// A late laptop cannot bring it back.
	if rep := l.send(person); len(rep.Purged) == 0 {
		t.Errorf("%+v", rep)
	}
}

func TestFoundChecks(t *testing.T) {
	h := newTown(t)
	for _, c := range []struct {
		f    office.Founding
		code syncproto.Code
	}{
		{office.Founding{Township: "33070200", Name: "x"}, syncproto.CodePlace},
		{office.Founding{Township: township}, syncproto.CodeUsage},
		{office.Founding{Township: township, Name: "x"}, syncproto.CodeExists},
	} {
		if err := h.Found(c.f); syncproto.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.f, err)
		}
	}
}

func TestRestoredOpensAnEpoch(t *testing.T) {
	h := newTown(t)
	before := h.enrol("village", village, "张三")
	s, err := h.Restored("王工", "backup.db")
	if err != nil || s.Epoch <= before.Epoch {
		t.Errorf("epoch %d after %d, %v", s.Epoch, before.Epoch, err)
	}
	after := h.enrol("village", village, "李四")
	if after.Epoch != s.Epoch || after.Replica < before.Replica+1<<16 || after.Device < before.Device+1<<16 {
		t.Errorf("%+v after %+v", after.JoinReply, before.JoinReply)
	}
}
