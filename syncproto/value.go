package syncproto

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"
)

// Kind says what a Value holds.
type Kind uint8

// The kinds of values. Their numbers appear in the encodings and never change.
const (
	Null  Kind = 0 // no value: a field that was emptied
	Bool  Kind = 1
	Int   Kind = 2 // also dates (days since 1970-01-01) and scaled decimals
	Text  Kind = 3 // UTF-8
	Bytes Kind = 4
	Ref   Kind = 5 // the id of another record
	List  Kind = 6 // texts, in order
	kinds Kind = 7
)

// Value is what a field holds. Values are immutable and comparable with ==.
// The zero Value is Null.
type Value struct {
	kind Kind
	aux  uint32 // a Ref's replica
	n    int64
	s    string
}

// BoolOf returns a Bool.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: Bool, n: 1}
	}
	return Value{kind: Bool}
}

// IntOf returns an Int.
func IntOf(n int64) Value { return Value{kind: Int, n: n} }

// TextOf returns a Text; s must be valid UTF-8.
func TextOf(s string) Value { return Value{kind: Text, s: s} }

// BytesOf returns Bytes with a copy of b.
func BytesOf(b []byte) Value { return Value{kind: Bytes, s: string(b)} }

// RefOf returns a reference to the record id.
func RefOf(id ID) Value { return Value{kind: Ref, n: int64(id.Time), aux: uint32(id.Replica)} }

// ListOf returns a List of texts.
func ListOf(texts ...string) Value {
	var b []byte
	for _, t := range texts {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	return Value{kind: List, n: int64(len(texts)), s: string(b)}
}

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is Null.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool returns the value of a Bool, else false.
func (v Value) Bool() bool { return v.kind == Bool && v.n != 0 }

// Int returns the value of an Int, else 0.
func (v Value) Int() int64 {
	if v.kind != Int {
		return 0
	}
	return v.n
}

// Text returns the value of a Text, else "".
func (v Value) Text() string {
	if v.kind != Text {
		return ""
	}
	return v.s
}

// Bytes returns a copy of the value of Bytes, else nil.
func (v Value) Bytes() []byte {
	if v.kind != Bytes {
		return nil
	}
	return []byte(v.s)
}

// Ref returns the id that a Ref points to, else the zero ID.
func (v Value) Ref() ID {
	if v.kind != Ref {
		return ID{}
	}
	return ID{Time(v.n), ReplicaID(v.aux)}
}

// List returns the texts of a List, else nil.
func (v Value) List() []string {
	if v.kind != List {
		return nil
	}
	out := make([]string, 0, v.n)
	for rest := v.s; len(rest) > 0; {
		n, used := binary.Uvarint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
		out = append(out, rest[used:used+int(n)])
		rest = rest[used+int(n):]
	}
	return out
}

// Size returns about how many bytes v takes in an encoding.
func (v Value) Size() int { return 3 + len(v.s) + 4 }

// Compare orders values, by kind first. The order has no meaning to people;
// it only makes encodings canonical.
func (v Value) Compare(o Value) int {
	if c := cmp.Compare(v.kind, o.kind); c != 0 {
		return c
	}
	if c := cmp.Compare(v.n, o.n); c != 0 {
		return c
	}
	if c := cmp.Compare(v.aux, o.aux); c != 0 {
		return c
	}
	return strings.Compare(v.s, o.s)
}

// String shows v for debugging. It must not reach a log: values are personal.
func (v Value) String() string {
	switch v.kind {
	case Bool:
		return fmt.Sprint(v.Bool())
	case Int:
		return fmt.Sprint(v.n)
	case Text:
		return fmt.Sprintf("%q", v.s)
	case Bytes:
		return fmt.Sprintf("%x", v.s)
	case Ref:
		return "→" + v.Ref().String()
	case List:
		return fmt.Sprintf("%q", v.List())
	}
	return "null"
}
