package syncproto

import (
	"fmt"
	"strings"
)

// columnVector is a batch by its two streams, to be stored.
type columnVector struct {
	name            string
	structure, text []byte
	holds           []*Record
	code            Code
}

// columnVectors are batches with every layout of columns, and on both sides
// of the limits that are about columns.
func columnVectors() []columnVector {
	good := func(name string, rs []*Record) columnVector {
		structure, text := (&Batch{Records: rs}).layout()
		return columnVector{name: name, structure: structure, text: text, holds: rs}
	}
	// One record, 3/(0, replica 7), and the column of tag 1 up to its layout.
	begin := []byte{1, 7, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	column := func(rest ...byte) []byte {
		return append(append(begin[:len(begin):len(begin)], 1, 1, 1), rest...)
	}
	size := func(n uint64) []byte { return appendUvarints([]byte{intsSame}, 2*n) }
	texts := func(head ...byte) []byte { return append(column(intsSame, 2*regOriginal), head...) }
	bad := func(name string, code Code, structure ...byte) columnVector {
		return columnVector{name: name, structure: structure, code: code}
	}
	record := NewRecord(3, Stamp{0, 7})
	return []columnVector{
		good("every layout of columns", manyLayouts()),
		packedVector(),
		good("300 tags in a collection, 150 in a record", sparse(300)),
		{name: "a column that no record has", structure: append(begin[:len(begin):len(begin)], 1, 1, 0, 0), holds: []*Record{record}},
		bad("a text over the limit", CodeTooLarge, append(texts(byte(Text), textsPlain), size(MaxText+1)...)...),
		bad("bytes over the limit", CodeTooLarge, append(texts(byte(Bytes)), appendUvarints(nil, MaxText+1)...)...),
		bad("a list over the limit", CodeTooLarge, append(texts(byte(List)), size(MaxList+1)...)...),
		bad("a text of negative length", CodeMalformed, texts(byte(Text), textsPlain, intsSame, 1)...),
		bad("heads over the limit", CodeTooLarge, append(column(intsSame, 2*regGeneral), append(size(MaxHeads+1), size(0)...)...)...),
		bad("seen over the limit", CodeTooLarge, append(column(intsSame, 2*regGeneral), append(size(1), size(MaxSeen+1)...)...)...),
		bad("a register without a head", CodeMalformed, append(column(intsSame, 2*regGeneral), append(size(0), size(0)...)...)...),
		bad("a layout of registers that is none", CodeMalformed, column(intsSame, 2*4)...),
		bad("a layout of numbers that is none", CodeMalformed, column(9)...),
		bad("a collection over 16 bits", CodeTooLarge, appendUvarints([]byte{1, 7, 1}, 1<<16, 1)...),
		bad("a group without records", CodeMalformed, 1, 7, 1, 3, 0, 0),
		bad("a replica that is not named", CodeMalformed, 1, 7, 1, 3, 1, intsSame, 2, 0, 0, 0, 0, 0, 0, 0),
		bad("records over the limit", CodeTooLarge, appendUvarints([]byte{1, 7, 1, 3}, MaxRows+1)...),
	}
}

// manyLayouts makes records whose columns lie in every way that the encoder
// knows: numbers that rise, scatter or stay, digits, identity numbers, few
// distinct texts, short and long ones, and registers of every shape.
func manyLayouts() []*Record {
	var out []*Record
	for i := range 24 {
		n := int64(i)
		id := Stamp{TimeAt(1_788_220_800_000+n*n*61_003) + Time(i%3), ReplicaID(5 + i%2)}
		later := Stamp{id.Time + 1<<30, 9}
		r := NewRecord(2, id)
		birth := fmt.Sprintf("19%02d%02d%02d", 40+i, 1+i%12, 1+i)
		card, ok := idCard(330702, int64(-9000+i*373), n)
		if !ok {
			panic("identity number out of range")
		}
		r.Write(1, id, TextOf(card))
		r.Write(2, id, TextOf(fmt.Sprintf("%04d", 17*i)))
		r.Write(3, id, TextOf([]string{"第一网格", "第二网格", "第三网格"}[i%3]))
		r.Write(4, id, TextOf(strings.Repeat("询问近期身体和生活情况,", 3)+birth))
		r.Write(5, id, TextOf("张"+birth))
		r.Write(6, id, IntOf(1_000_000_007*n*n-40))
		r.Write(7, id, IntOf(20_000+7*n))
		r.Write(8, id, IntOf(n*7919%256-3))
		r.Write(9, id, BoolOf(i%2 == 0))
		r.Write(10, id, RefOf(Stamp{TimeAt(1_788_220_800_000 + n%5), 5}))
		r.Write(11, id, ListOf([]string{"党员", "楼道长", "志愿者"}[:i%4]...))
		r.Write(12, id, BytesOf([]byte(birth)[:i%8]))
		if i%2 == 0 {
			r.Write(5, later, TextOf("李"+birth))
			r.Write(13, later, IntOf(n))
		}
		if i%5 == 0 {
			g, _ := r.Field(3)
			r.set(3, g.Join(Written(later, TextOf("第四网格"))))
		}
		r.set(14, Written(id, []Value{{}, BoolOf(true), IntOf(-n), TextOf("无"), BytesOf([]byte{0}), RefOf(id), ListOf("甲", "乙")}[i%7]))
		out = append(out, r)
	}
	return out
}

// sparse makes two records that share no tag, of n tags in all.
func sparse(n int) []*Record {
	out := []*Record{NewRecord(3, Stamp{1, 7}), NewRecord(3, Stamp{2, 7})}
	for tag := range n {
		r := out[tag%2]
		r.Write(Tag(tag), r.ID, BoolOf(true))
	}
	return out
}

// packedVector has a column of packed numbers in each of some widths, none
// and the widest among them.
func packedVector() columnVector {
	records := make([]*Record, 5)
	for i := range records {
		records[i] = NewRecord(3, Stamp{TimeAt(int64(i + 1)), 7})
	}
	widths := []int{0, 3, 13, 56}
	var s stream
	s.b = append(s.b, 1, 7, 1, 3, byte(len(records)), intsSame, 0, intsSame, 2, intsSame, 0, intsSame, 0, byte(len(widths)))
	for tag, width := range widths {
		values := make([]int64, len(records))
		for i, r := range records {
			values[i] = int64((uint64(i)*0x9e3779b97f4a7c15)&(1<<width-1)) - 5
			r.Write(Tag(tag), r.ID, IntOf(values[i]))
		}
		s.b = append(s.b, byte(tag), byte(len(records)), intsSame, 2*regOriginal, byte(Int), intsPacked)
		s.varint(-5)
		s.b = append(s.b, byte(width))
		s.pack(values, -5, width)
	}
	return columnVector{name: "packed numbers", structure: s.b, holds: records}
}
