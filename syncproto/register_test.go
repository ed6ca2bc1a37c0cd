package syncproto

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestJoinLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := drawHistory(t).states
		pick := func(name string) Register { return rapid.SampledFrom(states).Draw(t, name) }
		a, b, c := pick("a"), pick("b"), pick("c")
		if !a.Join(b).Equal(b.Join(a)) {
			t.Fatal("not commutative")
		}
		if !a.Join(b).Join(c).Equal(a.Join(b.Join(c))) {
			t.Fatal("not associative")
		}
		if !a.Join(a).Equal(a) {
			t.Fatal("not idempotent")
		}
		if !a.Join(b).Join(b).Equal(a.Join(b)) {
			t.Fatal("a second delivery changes something")
		}
	})
}

// Two values under one stamp are a fault, but replicas must agree on it.
func TestJoinOfForgedStamps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (g Register) {
			for n := range rapid.IntRange(1, 3).Draw(t, name) {
				g = g.Join(Written(Stamp{Time(n), 1}, IntOf(rapid.Int64Range(-300, 300).Draw(t, name+" value"))))
			}
			return g
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		if !a.Join(b).Equal(b.Join(a)) || !a.Join(b).Join(c).Equal(a.Join(b.Join(c))) || !a.Join(b).Join(b).Equal(a.Join(b)) {
			t.Fatalf("%v, %v and %v do not join to the same", a, b, c)
		}
	})
}

// A value disappears only if a write saw it.
func TestNoHeadIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		var all Register
		for _, s := range h.states {
			all = all.Join(s)
		}
		for _, w := range h.writes {
			if !all.Has(w.Stamp) && !all.Supersedes(w.Stamp) {
				t.Fatalf("write %v is neither a head nor superseded", w.Stamp)
			}
			seen := false
			for _, s := range h.states {
				seen = seen || s.Supersedes(w.Stamp)
			}
			if !all.Has(w.Stamp) && !seen {
				t.Fatalf("write %v vanished though no write saw it", w.Stamp)
			}
		}
	})
}

// Any order, repetition and splitting of deltas ends in the same bytes.
func TestDeliveryOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := drawStamp(t)
		var deltas []*Record
		for tag := Tag(1); tag <= 3; tag++ {
			for _, s := range drawHistory(t).states {
				if len(s.Heads) > 0 {
					d := NewRecord(7, id)
					d.set(tag, s)
					deltas = append(deltas, d)
				}
			}
		}
		join := func(order []*Record) []byte {
			r := NewRecord(7, id)
			for _, d := range order {
				r.Join(d)
			}
			return AppendRecord(nil, r)
		}
		twice := append(append([]*Record{}, deltas...), deltas...)
		shuffled := rapid.Permutation(twice).Draw(t, "order")
		if !bytes.Equal(join(deltas), join(shuffled)) {
			t.Fatal("the order of delivery shows")
		}
		merged := NewRecord(7, id)
		for _, d := range shuffled {
			merged.Join(d)
		}
		if !bytes.Equal(join([]*Record{merged}), join(deltas)) {
			t.Fatal("one whole record differs from its deltas")
		}
	})
}

func TestWriteAndConflict(t *testing.T) {
	at := func(ms int64, r ReplicaID) Stamp { return Stamp{TimeAt(ms), r} }
	first := Written(at(1, 1), TextOf("甲"))
	left, right := first.Write(at(5, 2), TextOf("乙")), first.Write(at(3, 3), TextOf("丙"))
	same := first.Write(at(9, 4), TextOf("乙"))
	tests := []struct {
		name       string
		a, b       Register
		shown      string
		conflicted bool
		heads      int
	}{
		{"a later write replaces", first, left, "乙", false, 1},
		{"two writes that did not see each other", left, right, "乙", true, 2},
		{"two writes of the same value", left, same, "乙", false, 2},
		{"a resolution replaces both", left.Join(right), left.Join(right).Write(at(9, 1), TextOf("丙")), "丙", false, 1},
		{"a resolution beside one of them", right, left.Join(right).Write(at(9, 1), TextOf("丁")), "丁", false, 1},
		{"a write that a resolution did not see", left.Join(first).Write(at(9, 1), TextOf("丁")), right, "丁", true, 2},
		{"the emptied field", first, first.Write(at(2, 1), Value{}), "", false, 1},
	}
	for _, tt := range tests {
		for _, way := range []struct {
			name string
			got  Register
		}{{"forth", tt.a.Join(tt.b)}, {"back", tt.b.Join(tt.a)}} {
			t.Run(tt.name+" "+way.name, func(t *testing.T) {
				if got := way.got.Shown().Value.Text(); got != tt.shown {
					t.Errorf("shown %q, want %q", got, tt.shown)
				}
				if way.got.Conflicted() != tt.conflicted {
					t.Errorf("conflicted %v, want %v", way.got.Conflicted(), tt.conflicted)
				}
				if len(way.got.Heads) != tt.heads {
					t.Errorf("%d heads, want %d", len(way.got.Heads), tt.heads)
				}
			})
		}
	}
}

func TestOperandsAreNotChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := drawHistory(t).states
		a, b := rapid.SampledFrom(states).Draw(t, "a"), rapid.SampledFrom(states).Draw(t, "b")
		before := NewRecord(1, Stamp{1, 1})
		before.set(1, a)
		was := AppendRecord(nil, before)
		a.Join(b)
		a.Write(Stamp{TimeAt(1 << 45), 9}, TextOf("x"))
		if !bytes.Equal(was, AppendRecord(nil, before)) {
			t.Fatal("Join or Write changed its operand")
		}
	})
}

func TestClock(t *testing.T) {
	var c Clock
	tests := []struct {
		name string
		wall int64
		see  Time
		want Time
	}{
		{"starts with the wall", 1000, 0, TimeAt(1000)},
		{"same millisecond", 1000, 0, TimeAt(1000) + 1},
		{"wall set back", 10, 0, TimeAt(1000) + 2},
		{"after a later stamp from elsewhere", 1001, TimeAt(5000) + 7, TimeAt(5000) + 8},
		{"wall catches up", 6000, 0, TimeAt(6000)},
		{"before 1970", -5, 0, TimeAt(6000) + 1},
	}
	for _, tt := range tests {
		c.Observe(tt.see)
		if got := c.Next(tt.wall); got != tt.want {
			t.Errorf("%s: %x, want %x", tt.name, got, tt.want)
		}
	}
}
