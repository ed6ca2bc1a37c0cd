package office_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"gridbook/server/office"
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
