package syncproto

import (
	"bytes"
	"slices"
)

// Head is a value that no write known here has replaced.
type Head struct {
	Stamp Stamp
	Value Value
}

// Register is a field: a multi-value register kept as a dotted version vector
// set (Almeida, Baquero, Gonçalves, Preguiça, Fonte: "Scalable and Accurate
// Causality Tracking for Eventually Consistent Stores", 2014).
//
// Seen says, per replica, up to which time that replica's values of this field
// are superseded. It holds just what writes have replaced: nothing for a field
// written once. Heads and Seen are sorted by stamp and by replica.
//
// A Register is a value: no method changes the slices of its operands.
type Register struct {
	Heads []Head
	Seen  []Stamp // at most one per replica, sorted by replica
}

// Written returns the register of a first write.
func Written(at Stamp, v Value) Register { return Register{Heads: []Head{{at, v}}} }

// Write returns r after a write that saw all of its heads.
func (r Register) Write(at Stamp, v Value) Register {
	seen := slices.Clone(r.Seen)
	for _, h := range r.Heads {
		seen = raise(seen, h.Stamp)
	}
	return Register{Heads: []Head{{at, v}}, Seen: seen}
}

// raise notes in seen, in place where it can, that s is superseded.
func raise(seen []Stamp, s Stamp) []Stamp {
	i, ok := slices.BinarySearchFunc(seen, s.Replica, byReplica)
	if !ok {
		return slices.Insert(seen, i, s)
	}
	seen[i].Time = max(seen[i].Time, s.Time)
	return seen
}

func byReplica(s Stamp, r ReplicaID) int {
	switch {
	case s.Replica < r:
		return -1
	case s.Replica > r:
		return 1
	}
	return 0
}

// Supersedes reports whether a write known to r has replaced the value
// stamped s.
func (r Register) Supersedes(s Stamp) bool {
	i, ok := slices.BinarySearchFunc(r.Seen, s.Replica, byReplica)
	return ok && s.Time <= r.Seen[i].Time
}

// Has reports whether s is one of r's heads.
func (r Register) Has(s Stamp) bool { return r.index(s) >= 0 }

func (r Register) index(s Stamp) int {
	return slices.IndexFunc(r.Heads, func(h Head) bool { return h.Stamp == s })
}

// greater decides between two heads of one stamp. They differ only by a fault
// or forgery of their writer; all replicas must then come to the same.
func greater(a, b Head) Head {
	if a.Value != b.Value && bytes.Compare(canonicalValue(a.Value), canonicalValue(b.Value)) < 0 {
		return b
	}
	return a
}

// Join returns the least register that knows all that r and o know. It is
// commutative, associative and idempotent.
func (r Register) Join(o Register) Register {
	out := Register{Heads: make([]Head, 0, max(len(r.Heads), len(o.Heads)))}
	for _, h := range r.Heads {
		if i := o.index(h.Stamp); i >= 0 {
			out.Heads = append(out.Heads, greater(h, o.Heads[i]))
		} else if !o.Supersedes(h.Stamp) {
			out.Heads = append(out.Heads, h)
		}
	}
	for _, h := range o.Heads {
		if !r.Has(h.Stamp) && !r.Supersedes(h.Stamp) {
			out.Heads = append(out.Heads, h)
		}
	}
	slices.SortFunc(out.Heads, func(a, b Head) int { return a.Stamp.Compare(b.Stamp) })
	out.Seen = joinSeen(r.Seen, o.Seen)
	return out
}

// joinSeen merges two lists of what is superseded.
func joinSeen(a, b []Stamp) []Stamp {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := make([]Stamp, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch byReplica(a[0], b[0].Replica) {
		case -1:
			out, a = append(out, a[0]), a[1:]
		case 1:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, Stamp{max(a[0].Time, b[0].Time), a[0].Replica})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Equal reports whether r and o are the same in every stamp and value.
func (r Register) Equal(o Register) bool {
	return slices.Equal(r.Heads, o.Heads) && slices.Equal(r.Seen, o.Seen)
}

// Shown returns the head that a screen shows: the one with the greatest stamp.
func (r Register) Shown() Head {
	if len(r.Heads) == 0 {
		return Head{}
	}
	return r.Heads[len(r.Heads)-1]
}

// Conflicted reports whether people have to decide: two heads differ. Heads
// of equal value are one to the eye.
func (r Register) Conflicted() bool {
	for i := 1; i < len(r.Heads); i++ {
		if r.Heads[i].Value != r.Heads[0].Value {
			return true
		}
	}
	return false
}
