package syncproto

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// joined is two deltas of one record and their join, as canonical records.
type joined struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
	Join string `json:"join"`
}

// TestJoins holds Join to testdata/joins.json, both ways round.
func TestJoins(t *testing.T) {
	const file = "testdata/joins.json"
	if *update {
		b, err := json.MarshalIndent(makeJoins(), "", " ")
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
	var joins []joined
	if err := json.Unmarshal(b, &joins); err != nil || len(joins) < 5 {
		t.Fatal(len(joins), err)
	}
	for _, j := range joins {
		a, b := recordOf(t, j.A), recordOf(t, j.B)
		for _, pair := range [][2]*Record{{a, b}, {b, a}} {
			got := pair[0].Clone()
			got.Join(pair[1])
			if s := hex.EncodeToString(AppendRecord(nil, got)); s != j.Join {
				t.Errorf("%s: %s, want %s", j.Name, s, j.Join)
			}
		}
	}
}

func recordOf(t *testing.T, s string) *Record {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := DecodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// makeJoins writes out what each join comes to; nothing here joins.
func makeJoins() (out []joined) {
	id := Stamp{TimeAt(1_700_000_000_000), 5}
	at := func(n Time, r ReplicaID) Stamp { return Stamp{id.Time + n, r} }
	head := func(s Stamp) Head { return Head{s, IntOf(int64(s.Time-id.Time) + 100*int64(s.Replica))} }
	reg := func(seen []Stamp, heads ...Stamp) Register {
		g := Register{Seen: seen}
		for _, s := range heads {
			g.Heads = append(g.Heads, head(s))
		}
		return g
	}
	one := func(g Register) string {
		return hex.EncodeToString(AppendRecord(nil, &Record{Key: Key{3, id}, Fields: []Field{{1, g}}}))
	}
	add := func(name string, a, b, join Register) { out = append(out, joined{name, one(a), one(b), one(join)}) }
	add("the same", reg(nil, id), reg(nil, id), reg(nil, id))
	add("a write that saw the other", reg(nil, id), reg([]Stamp{id}, at(7, 6)), reg([]Stamp{id}, at(7, 6)))
	add("two writes that saw the first, not each other", reg([]Stamp{id}, at(7, 6)), reg([]Stamp{id}, at(5, 9)), reg([]Stamp{id}, at(5, 9), at(7, 6)))
	add("a resolution", reg([]Stamp{id}, at(5, 9), at(7, 6)), reg([]Stamp{id, at(7, 6), at(5, 9)}, at(8, 5)), reg([]Stamp{id, at(7, 6), at(5, 9)}, at(8, 5)))
	add("the greater of what both have seen", reg([]Stamp{at(3, 5), at(9, 6)}, at(10, 6)), reg([]Stamp{at(4, 5), at(8, 6), at(1, 7)}, at(2, 7)), reg([]Stamp{at(4, 5), at(9, 6), at(1, 7)}, at(2, 7), at(10, 6)))
	add("a head that both have although it is seen", reg([]Stamp{at(6, 5)}, at(3, 5)), reg([]Stamp{at(7, 5)}, at(3, 5)), reg([]Stamp{at(7, 5)}, at(3, 5)))
	add("an older write of the same replica", reg([]Stamp{at(6, 5)}, at(8, 5)), reg(nil, at(4, 5)), reg([]Stamp{at(6, 5)}, at(8, 5)))
	two := func(tag Tag, g Register) *Record { return &Record{Key: Key{3, id}, Fields: []Field{{tag, g}}} }
	both := &Record{Key: Key{3, id}, Fields: []Field{{1, reg(nil, id)}, {2, reg(nil, at(1, 6))}}}
	text := func(r *Record) string { return hex.EncodeToString(AppendRecord(nil, r)) }
	return append(out, joined{"different fields", text(two(1, reg(nil, id))), text(two(2, reg(nil, at(1, 6)))), text(both)})
}
