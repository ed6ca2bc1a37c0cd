package office_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// again is the town's server from a backup, on a clock that goes on.
func (h *town) again(backup *bytes.Buffer) *town {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), "gridbookd.db")
	write(h.t, path, backup.Bytes())
	store, err := boltstore.Open(path, boltstore.Options{NoSync: true})
	if err != nil {
		h.t.Fatal(err)
	}
	h.tick(time.Hour)
	out := &town{t: h.t, store: store, now: h.now, codec: h.codec, nonce: h.nonce}
	out.Office = office.New(store, office.Options{Policy: ledger.Policy{}, Now: func() int64 { return out.now }, Rand: rand.Reader})
	h.t.Cleanup(func() {
		if v, err := out.Verify(); err != nil {
			h.t.Errorf("verify: %v, %v", err, v.Problems)
		}
		if err := out.Close(); err != nil {
			h.t.Error(err)
		}
	})
	if _, err := out.Restored("王工", "backup.db"); err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestWhatCameBack(t *testing.T) {
	h := newTown(t)
	a, b := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	gone := h.settle("village", village, "停用的")
	if _, err := h.Revoke(3, "王工", ""); err != nil {
		t.Fatal(err)
	}
	_ = gone
	a.house(village, "备份前")
	a.sync()
	b.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	late := h.settle("village", village, "备份后")
	lost := a.house(village, "备份后一")
	a.house(village, "备份后二")
	a.sync()
	b.sync()
	late.sync()
	unsent := b.house(village, "没报过")
	if r, err := h.CameBack(); err != nil || r.Restored != 0 || !r.Complete {
		t.Errorf("before any restore: %+v, %v", r, err)
	}

	h = h.again(&backup)
	a.h, b.h = h, h
	r := h.cameBack()
	if len(r.Laptops) != 2 || r.Awaited != 2 || r.Complete || r.Laptops[0].State != office.ReturnAwaited || !strings.Contains(r.Summary, "张三") {
		t.Fatalf("%+v", r)
	}
	a.sync()
	r = h.cameBack()
	// Two households, and the record of the device that the backup lacks.
	if l := r.Laptops[0]; l.State != office.ReturnComparing || l.Records != 3 || l.Heard == 0 || l.Now == 0 || len(l.GaveBack) != 2 {
		t.Errorf("%+v", l)
	}
	if len(r.Strangers) != 1 || r.Strangers[0].Person != "备份后" {
		t.Errorf("%+v", r.Strangers)
	}
	b.sync()
	a.sync()
	b.sync()
	a.sync()
	r = h.cameBack()
	if r.Awaited != 0 || !r.Complete || r.Laptops[1].Records != 0 || r.Laptops[1].State != office.ReturnEqual || r.Laptops[0].Equal == 0 {
		t.Errorf("%+v", r)
	}
	if b.shown(lost) == nil || a.shown(unsent) == nil {
		t.Error("something is missing")
	}
	if s, err := h.Status(); err != nil || s.Returns == nil || !s.Returns.Complete {
		t.Errorf("%+v, %v", s.Returns, err)
	}
}

// A laptop that was stopped after the backup, and one that was given another
// village, are that again as soon as someone brings word of it.
func TestRestoreHeedsWhatWasDecidedSince(t *testing.T) {
	h := newTown(t)
	a, stolen, moved := h.settle("village", village, "张三"), h.settle("village", village, "被偷的"), h.settle("village", village, "李四")
	a.house(village, "周大明")
	a.sync()
	stolen.sync()
	moved.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Revoke(2, "王工", "被偷"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SetRole(office.RoleChange{Device: 3, Role: "village", Scope: otherVillage}); err != nil {
		t.Fatal(err)
	}
	a.sync()
	h = h.again(&backup)
	a.h, moved.h = h, h
	moved.sync() // renumbered, and still what the backup says
	a.sync()
	a.sync()
	if moved.sync(); len(moved.held(ledger.Household)) != 0 {
		t.Error("reads the old village again")
	}
	lines, err := h.Devices()
	if err != nil || lines[1].Revoked == 0 {
		t.Errorf("%+v, %v", lines, err)
	}
	for _, l := range lines {
		if l.Person == "李四" && l.Scope != otherVillage {
			t.Errorf("%+v", l)
		}
	}
	if r := h.cameBack(); len(r.Laptops) != 2 {
		t.Errorf("waits for the stopped one: %+v", r)
	}
}

func (h *town) cameBack() office.Returns {
	h.t.Helper()
	r, err := h.CameBack()
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// What was erased stays so after a restore of a backup that still has it, and
// with it what the inbox had of it.
func TestPurgeOutlivesRestore(t *testing.T) {
	h := newTown(t)
	a, away := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	town := h.settle("township", township, "王工")
	house := a.house(village, "周大明")
	a.sync()
	away.sync()
	away.put(house, "address", syncproto.TextOf("南街1号"))
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage}); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	away.sync()
	town.sync()
	if n := len(town.held(ledger.Inbox)); n != 1 {
		t.Fatalf("%d items", n)
	}
	if p, err := h.Purge(house.ID, "依法", "王工"); err != nil || len(p.Collections) != 1 || p.Dependants != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	a.sync()
	town.sync()
	if len(town.held(ledger.Inbox)) != 0 || len(a.held(ledger.Erased)) != 1 {
		t.Errorf("%v, %v", town.held(ledger.Inbox), a.held(ledger.Erased))
	}
	h = h.again(&backup)
	a.h, town.h = h, h
	a.sync()
	town.sync()
	var out strings.Builder
	if err := h.Dump(&out, office.DumpFilter{}); err != nil || strings.Contains(out.String(), "周大明") || !strings.Contains(out.String(), `"erased"`) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// An erasure comes back to a server that has never seen what was erased; a
// laptop that still has it comes too late.
func TestErasureOfWhatTheBackupLacks(t *testing.T) {
	h := newTown(t)
	a, away := h.settle("village", village, "张三"), h.settle("village", village, "李四")
	a.sync()
	away.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	house := a.house(village, "周大明")
	a.sync()
	away.sync()
	if _, err := h.Purge(house.ID, "依法", "王工"); err != nil {
		t.Fatal(err)
	}
	a.sync()
	h = h.again(&backup)
	a.h, away.h = h, h
	a.sync()
	if away.sync(); away.shown(house) != nil {
		t.Error("still has it")
	}
	var out strings.Builder
	if err := h.Dump(&out, office.DumpFilter{}); err != nil || strings.Contains(out.String(), "周大明") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What only the inbox has can be erased too, and what is held stays held when
// the backup is from before.
func TestInboxIsErasedAndComesBack(t *testing.T) {
	h := newTown(t)
	a := h.settle("village", village, "张三")
	town := h.settle("township", township, "王工")
	town.sync()
	var backup bytes.Buffer
	if _, err := h.Snapshot(&backup); err != nil {
		t.Fatal(err)
	}
	erased, kept := a.house(village, "要清除的"), a.house(village, "要留的")
	if _, err := h.SetRole(office.RoleChange{Device: 1, End: true}); err != nil {
		t.Fatal(err)
	}
	a.sync()
	town.sync()
	if p, err := h.Purge(erased.ID, "依法", "王工"); err != nil || len(p.Collections) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if town.sync(); len(town.held(ledger.Inbox)) != 1 {
		t.Errorf("%d items", len(town.held(ledger.Inbox)))
	}
	h = h.again(&backup)
	town.h = h
	town.sync()
	items := town.held(ledger.Inbox)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	town.put(items[0].Key, "decision", syncproto.TextOf(ledger.DecisionTake))
	if p := town.sync(); p.Rejected != 0 || town.shown(kept) == nil || town.shown(erased) != nil {
		t.Errorf("%+v, %v, %v", p, town.shown(kept), town.shown(erased))
	}
}
