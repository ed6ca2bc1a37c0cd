package office_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// twin is a copy of the laptop, as people make who clone a disk; it gets a
// number of its own with its first upload.
func (l *copyOf) twin(head string) *copyOf {
	l.h.t.Helper()
	c := &copyOf{l.h, l.store.Copy()}
	c.update(func(tx syncproto.ReplicaTx) error { return syncproto.Opened(tx, rand.Reader) })
	l.house(village, head)
	l.sync()
	c.house(village, head+"之二")
	if p := c.sync(); !p.Renumbered {
		l.h.t.Fatal("the copy kept its number")
	}
	return c
}

// refused is what the hub says to a laptop that asks, settling its lease
// anew or not.
func (l *copyOf) refused(settle bool) syncproto.Code {
	l.h.t.Helper()
	var q *syncproto.Request
	l.update(func(tx syncproto.ReplicaTx) error {
		m, err := tx.Meta()
		q = &syncproto.Request{Version: syncproto.Version, Token: m.Token, Lease: m.Lease, Cursor: m.Cursor, Now: l.h.now}
		if settle { // as an older state of the laptop would
			q.Lease, q.Nonce = []byte("12345678"), []byte("87654321")
		}
		return err
	})
	served, err := l.h.Exchange(q)
	if err != nil {
		l.h.t.Fatal(err)
	}
	if served.Reply.Error == nil {
		return ""
	}
	return served.Reply.Error.Code
}

func (h *town) lines() []office.DeviceLine {
	h.t.Helper()
	lines, err := h.Devices()
	if err != nil {
		h.t.Fatal(err)
	}
	return lines
}

// audited lists what the audit log has of an act.
func (h *town) audited(act string) (out []string) {
	h.t.Helper()
	entries, err := h.Audit(0)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Act == act {
			out = append(out, e.On+": "+e.Note)
		}
	}
	return out
}

// stateOf is what everyone is told of the device with a replica number.
func (h *town) stateOf(l *copyOf) map[int64]string {
	c, out := ledger.Must(ledger.Device), map[int64]string{}
	for _, r := range l.held(ledger.Device) {
		out[r.Value(c.Tag("replica")).Int()] = r.Value(c.Tag("state")).Text() + r.Value(c.Tag("scope")).Text()
	}
	return out
}

// A laptop that was copied is one laptop to people: whichever number they
// stop, all are.
func TestRevokeReachesTheFamily(t *testing.T) {
	for _, named := range []uint32{1, 3, 4} {
		t.Run(fmt.Sprint(named), func(t *testing.T) {
			h := newTown(t)
			a, other := h.settle("village", village, "张三"), h.settle("village", village, "李四")
			b := a.twin("甲")  // number 3
			b2 := b.twin("乙") // number 4, a copy of the copy
			line, err := h.Revoke(named, "王工", "丢失")
			if err != nil || !slices.Equal(line.Numbers, []uint32{1, 3, 4}) {
				t.Fatalf("%+v, %v", line, err)
			}
			for i, l := range []*copyOf{a, b, b2} {
				for _, settle := range []bool{false, true} {
					if got := l.refused(settle); got != syncproto.CodeRevoked {
						t.Errorf("copy %d, settling %v: %q", i, settle, got)
					}
				}
			}
			if got := other.refused(false); got != "" {
				t.Errorf("another laptop: %q", got)
			}
			lines := h.lines()
			if len(lines) != 4 {
				t.Errorf("%d devices: a revoked token made one", len(lines))
			}
			for _, l := range lines {
				if (l.Revoked != 0) != (l.Device != 2) {
					t.Errorf("%+v", l)
				}
			}
			log := h.audited(office.ActRevoke)
			if len(log) != 3 || !slices.Contains(log, fmt.Sprintf("device %d: 丢失", named)) {
				t.Errorf("audit: %q", log)
			}
			for _, n := range []uint32{1, 3, 4} {
				if n != named && !slices.Contains(log, fmt.Sprintf("device %d: 丢失 (same laptop as device %d)", n, named)) {
					t.Errorf("audit of %d: %q", n, log)
				}
			}
			other.sync()
			revoked := 0
			for _, state := range h.stateOf(other) {
				if strings.HasPrefix(state, ledger.StateRevoked) {
					revoked++
				}
			}
			if revoked != 3 {
				t.Errorf("told: %v", h.stateOf(other))
			}
			if _, err := h.Revoke(named, "王工", "又一次"); err != nil || len(h.audited(office.ActRevoke)) != 3 {
				t.Errorf("twice: %v, %q", err, h.audited(office.ActRevoke))
			}
		})
	}
}

func TestRoleReachesTheFamily(t *testing.T) {
	h := newTown(t)
	a := h.settle("village", village, "张三")
	b := a.twin("甲")
	if line, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工", Reason: "调动"}); err != nil || line.Scope != otherVillage {
		t.Fatalf("%+v, %v", line, err)
	}
	for _, l := range h.lines() {
		if l.Scope != otherVillage || !slices.Equal(l.Numbers, []uint32{1, 2}) {
			t.Errorf("%+v", l)
		}
	}
	if log := h.audited(office.ActRole); len(log) != 2 {
		t.Errorf("audit: %q", log)
	}
	for i, l := range []*copyOf{a, b} {
		if l.sync(); len(l.held(ledger.Household)) != 0 {
			t.Errorf("copy %d keeps the other village", i)
		}
	}
	s, err := h.Status()
	if err != nil || s.Laptops != 1 {
		t.Fatalf("%d laptops, %v", s.Laptops, err)
	}
	for _, v := range s.Villages {
		if want := map[bool]int{true: 1}[v.Village == otherVillage]; v.Devices != want {
			t.Errorf("%s: %d laptops, want %d", v.Village, v.Devices, want)
		}
	}
}

// What was decided in the time that a restore lost comes back with the records
// of the devices, and is done again to all numbers of the laptop.
func TestRestoreHeedsTheFamily(t *testing.T) {
	for name, c := range map[string]struct {
		decide  func(*town) error
		scope   string
		revoked bool
	}{
		"stopped": {func(h *town) error { _, err := h.Revoke(3, "王工", "丢失"); return err }, village, true},
		"moved": {func(h *town) error {
			_, err := h.SetRole(office.RoleChange{Device: 1, Role: "village", Scope: otherVillage, Who: "王工"})
			return err
		}, otherVillage, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			a, other := h.settle("village", village, "张三"), h.settle("village", village, "李四")
			a.twin("甲")
			other.sync()
			var backup bytes.Buffer
			if _, err := h.Snapshot(&backup); err != nil {
				t.Fatal(err)
			}
			if err := c.decide(h); err != nil {
				t.Fatal(err)
			}
			other.sync()

			h = h.again(&backup)
			a.h, other.h = h, h
			a.house(village, "恢复后")
			a.sync() // nobody has told the server yet: it gets a new number
			other.sync()
			for _, l := range h.lines() {
				mine := l.Person == "张三"
				if mine != (len(l.Numbers) == 3) || mine && (l.Scope != c.scope || (l.Revoked != 0) != c.revoked) || !mine && l.Revoked != 0 {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

// A laptop with several numbers is one line, with what came under all of them.
func TestLaptops(t *testing.T) {
	h := newTown(t)
	a := h.settle("village", village, "张三")
	h.settle("village", village, "李四")
	a.twin("甲")
	lines := h.lines()
	got := office.Laptops(lines)
	if len(lines) != 3 || len(got) != 2 {
		t.Fatalf("%d laptops of %d numbers", len(got), len(lines))
	}
	if l := got[0]; !slices.Equal(l.Numbers, []uint32{1, 3}) || l.Sent != lines[0].Sent+lines[2].Sent || l.Uploaded != max(lines[0].Uploaded, lines[2].Uploaded) {
		t.Errorf("%+v of %+v", l, lines)
	}
}

// Who signs with another laptop's number stands in the audit log.
func TestForeignIsAudited(t *testing.T) {
	h := newTown(t)
	a := h.settle("village", village, "张三")
	b := h.settle("village", village, "李四")
	a.house(village, "甲")
	a.sync()
	b.sync()
	a.update(func(tx syncproto.ReplicaTx) error { // a broken program
		m, err := tx.Meta()
		m.Replica++
		return errors.Join(err, tx.SetMeta(m))
	})
	a.house(village, "乙")
	a.sync()
	if log := h.audited(office.ActForeign); len(log) != 1 || log[0] != "replica 3: 张三" {
		t.Errorf("audit: %q", log)
	}
}
