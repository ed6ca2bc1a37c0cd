package office_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

const thirdVillage = "330702009214"

// What was decided about a laptop in the time that a restore lost, with what is
// decided about it since, comes to the same in whichever order it comes back.
// Who was stopped is not let in again.
func TestRestoreHeedsInAnyOrder(t *testing.T) {
	move := func(scope string) func(*town) error {
		return func(h *town) error {
			_, err := h.SetRole(office.RoleChange{Device: 1, Role: "village", Scope: scope, Who: "王工"})
			return err
		}
	}
	end := func(h *town) error {
		_, err := h.SetRole(office.RoleChange{Device: 1, End: true, Who: "王工"})
		return err
	}
	stop := func(h *town) error {
		_, err := h.Revoke(1, "王工", "丢失")
		return err
	}
	nothing := func(*town) error { return nil }
	for name, c := range map[string]struct {
		first, second, since func(*town) error
		want                 string // its role and place, if it was not stopped
	}{
		"moved, stopped":                {move(otherVillage), stop, nothing, ""},
		"moved, stopped, moved since":   {move(otherVillage), stop, move(thirdVillage), ""},
		"moved, left":                   {move(otherVillage), end, nothing, "ended " + otherVillage},
		"left, came back":               {end, move(village), nothing, "village " + village},
		"moved twice":                   {move(otherVillage), move(thirdVillage), nothing, "village " + thirdVillage},
		"left, stopped":                 {end, stop, nothing, ""},
		"moved there and back, stopped": {move(otherVillage), func(h *town) error { return errors.Join(move(village)(h), stop(h)) }, nothing, ""},
	} {
		for order, back := range map[string][]int{"first known first": {0, 1}, "last known first": {1, 0}} {
			t.Run(name+", "+order, func(t *testing.T) {
				h := newTown(t)
				h.settle("village", village, "张三")
				others := []*copyOf{h.settle("village", village, "李四"), h.settle("township", township, "王工")}
				for _, l := range others {
					l.sync()
				}
				var backup bytes.Buffer
				if _, err := h.Snapshot(&backup); err != nil {
					t.Fatal(err)
				}
				for i, decide := range []func(*town) error{c.first, c.second} {
					if err := decide(h); err != nil {
						t.Fatal(err)
					}
					others[i].sync() // and never again before the loss
					h.tick(time.Second)
				}

				h = h.again(&backup)
				for _, l := range others {
					l.h = h
				}
				others[back[0]].sync()
				if err := c.since(h); err != nil && back[0] == 0 { // else it is stopped already
					t.Fatal(err)
				}
				others[back[1]].sync()
				for _, l := range others {
					l.sync()
				}
				got := h.lines()[0]
				if c.want == "" && got.Revoked == 0 || c.want != "" && (got.Revoked != 0 || got.Role+" "+got.Scope != c.want) {
					t.Errorf("%+v, want %q", got, c.want)
				}
				want := map[string]string{"": ledger.StateRevoked + got.Scope, "ended " + otherVillage: ledger.StateEnded + otherVillage}[c.want]
				if want == "" {
					want = got.Scope
				}
				for i, l := range others {
					if told := h.stateOf(l)[int64(got.Replica)]; told != want {
						t.Errorf("%d is told %q, want %q", i, told, want)
					}
				}
			})
		}
	}
}

// change changes what the store has of a number.
func (h *town) change(id uint32, f func(*syncproto.Device)) {
	h.t.Helper()
	err := h.store.Update(func(tx office.Tx) error {
		for d, err := range tx.Devices() {
			if err != nil {
				return err
			}
			if d.ID == id {
				f(d)
				return tx.PutDevice(d)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// uneven moves a laptop with the numbers 1 and 2 to another village, as servers
// did that changed only the number that was named: the second.
func (h *town) uneven() {
	h.t.Helper()
	if _, err := h.SetRole(office.RoleChange{Device: 2, Role: "village", Scope: otherVillage, Who: "王工"}); err != nil {
		h.t.Fatal(err)
	}
	h.change(1, func(d *syncproto.Device) { d.Scope, d.Former = d.Former[0].Scope, nil })
}

// image is the laptop as on an old disk: with a lease that has turned since.
func (l *copyOf) image() {
	l.h.t.Helper()
	l.update(func(tx syncproto.ReplicaTx) error {
		m, err := tx.Meta()
		if err != nil {
			return err
		}
		m.Lease = []byte("12345678")
		return tx.SetMeta(m)
	})
	l.house(village, "旧")
}

// The number that an old image of a laptop gets says nothing about the others:
// its record is no news, the server has just written it.
func TestOldImageMovesNobody(t *testing.T) {
	h := newTown(t)
	old := h.settle("village", village, "张三")
	live := old.twin("甲")
	h.uneven()
	live.sync()
	old.image()
	if p := old.sync(); !p.Renumbered {
		t.Fatal("the image kept its number")
	}
	if l := h.lines()[1]; l.Scope != otherVillage {
		t.Errorf("%+v", l)
	}
}

// A store whose numbers are uneven is put right once, and an image that comes
// later gets the role of today. Who was stopped stays as he was.
func TestLevel(t *testing.T) {
	for name, c := range map[string]struct {
		stopped uint32
		first   string // the place of the number that was not changed
		told    int
	}{
		"in use":              {0, otherVillage, 1},
		"the older stopped":   {1, village, 0},
		"the changed stopped": {2, otherVillage, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTown(t)
			old := h.settle("village", village, "张三")
			old.twin("甲")
			h.settle("village", village, "李四")
			h.uneven()
			h.change(c.stopped, func(d *syncproto.Device) { d.Revoked = h.now })
			before := len(h.audited(office.ActRole))
			for range 2 {
				if err := h.Level("王工"); err != nil {
					t.Fatal(err)
				}
			}
			lines := h.lines()
			if lines[0].Scope != c.first || lines[1].Scope != otherVillage || lines[2].Scope != village {
				t.Errorf("%+v", lines)
			}
			for _, l := range lines {
				if (l.Revoked != 0) != (l.Device == c.stopped) {
					t.Errorf("%+v", l)
				}
			}
			if log := h.audited(office.ActRole); len(log) != before+c.told {
				t.Errorf("audit: %q", log)
			}
			if c.stopped == 1 {
				return // it may not sync any more
			}
			old.image()
			old.sync()
			if l := h.lines()[3]; l.Scope != otherVillage || l.Person != "张三" {
				t.Errorf("the image: %+v", l)
			}
		})
	}
}
