package syncproto

import (
	"slices"

	"pgregory.net/rapid"
)

// Generators for property tests. Times and replicas come from small ranges,
// so that stamps meet often.

func drawStamp(t *rapid.T) Stamp {
	return Stamp{TimeAt(1_700_000_000_000+rapid.Int64Range(0, 50).Draw(t, "ms")) + Time(rapid.IntRange(0, 3).Draw(t, "counter")),
		ReplicaID(rapid.IntRange(1, 4).Draw(t, "replica"))}
}

func drawText(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringMatching(`[张王李赵]?[\p{Han}]{0,40}`),
		rapid.StringMatching(`1[3-9][0-9]{9}`),
		rapid.SampledFrom([]string{"", "是", "否", "110105194912310021", "11010519491231002X", "330799196002290018"}),
	).Draw(t, "text")
}

func drawValue(t *rapid.T) Value {
	switch Kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind")) {
	case Bool:
		return BoolOf(rapid.Bool().Draw(t, "bool"))
	case Int:
		return IntOf(rapid.OneOf(rapid.Int64Range(-5, 20_000), rapid.Int64()).Draw(t, "int"))
	case Text:
		return TextOf(drawText(t))
	case Bytes:
		return BytesOf(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes"))
	case Ref:
		return RefOf(drawStamp(t))
	case List:
		return ListOf(rapid.SliceOfN(rapid.Custom(drawText), 0, 4).Draw(t, "list")...)
	}
	return Value{}
}

// history is what really happened to one field: a set of writes, each with
// the writes that it saw.
type history struct {
	writes []Head
	states []Register // a state after each write, and joins of them
}

// drawHistory makes registers as laptops do: by writing over what they see
// and joining what they hear. A replica's own states follow each other.
func drawHistory(t *rapid.T) history {
	h := history{}
	replicas := make([]Register, 4)
	var clocks [4]Clock
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		r := rapid.IntRange(0, 3).Draw(t, "at")
		if rapid.Bool().Draw(t, "write") {
			at := Stamp{clocks[r].Next(1_700_000_000_000 + rapid.Int64Range(0, 30).Draw(t, "ms")), ReplicaID(r + 1)}
			v := drawValue(t)
			replicas[r] = replicas[r].Write(at, v)
			h.writes = append(h.writes, Head{at, v})
		} else {
			o := rapid.IntRange(0, 3).Draw(t, "from")
			replicas[r] = replicas[r].Join(replicas[o])
			for _, hd := range replicas[r].Heads {
				clocks[r].Observe(hd.Stamp.Time)
			}
		}
		h.states = append(h.states, replicas[r])
	}
	return h
}

func drawRegister(t *rapid.T, id ID) Register {
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		return Written(id, drawValue(t))
	case 1:
		return Written(drawStamp(t), drawValue(t))
	case 2:
		return Written(id, drawValue(t)).Write(drawStamp(t), drawValue(t))
	}
	states := drawHistory(t).states
	g := states[len(states)-1]
	if len(g.Heads) == 0 {
		return Written(id, drawValue(t))
	}
	return g
}

func drawRecord(t *rapid.T) *Record {
	r := NewRecord(Collection(rapid.IntRange(1, 3).Draw(t, "collection")), drawStamp(t))
	for _, tag := range rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 0, 6, rapid.ID[int]).Draw(t, "tags") {
		r.set(Tag(tag), drawRegister(t, r.ID))
	}
	return r
}

func drawBatch(t *rapid.T) *Batch {
	b := &Batch{Records: rapid.SliceOfNDistinct(rapid.Custom(drawRecord), 0, 12,
		func(r *Record) Key { return r.Key }).Draw(t, "records")}
	slices.SortFunc(b.Records, func(x, y *Record) int { return x.Key.Compare(y.Key) })
	for range b.Records {
		b.Received = append(b.Received, rapid.Int64Range(0, 1<<44).Draw(t, "received"))
	}
	return b
}

func drawKeys(t *rapid.T) []Key {
	keys := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Key {
		return Key{Collection(rapid.IntRange(1, 3).Draw(t, "collection")), drawStamp(t)}
	}), 0, 8, rapid.ID[Key]).Draw(t, "keys")
	slices.SortFunc(keys, Key.Compare)
	if len(keys) == 0 {
		return nil
	}
	return keys
}
