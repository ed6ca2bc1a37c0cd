package syncproto

import (
	"slices"
)

// Batch is what one exchange carries in one direction: records, whole or as
// deltas, at most one per key.
type Batch struct {
	Records []*Record
	// Received says, beside each record, when the hub received it (ms since
	// 1970). Uploads have none.
	Received []int64
}

// How a register is laid out in its column.
const (
	regOriginal = 0 // one head, written with the record, nothing seen
	regLater    = 1 // one head of another stamp, nothing seen
	regReplaced = 2 // one head that replaced what was written with the record
	regGeneral  = 3 // anything
)

// layout turns a batch into its two streams: structure and long texts.
// PROTOCOL.md section 5 has the grammar.
func (b *Batch) layout() (structure, text []byte) {
	c := &columns{replicas: replicaTable{index: map[ReplicaID]int{}}}
	groups := b.groups()
	c.uvarint(uint64(len(groups)))
	for _, g := range groups {
		c.uvarint(uint64(g.collection))
		c.uvarint(uint64(len(g.rows)))
		c.group(g)
	}
	var head stream
	head.uvarint(uint64(len(c.replicas.list)))
	for _, r := range c.replicas.list {
		head.uvarint(uint64(r))
	}
	return append(head.b, c.b...), c.text
}

type group struct {
	collection Collection
	rows       []row
}

type row struct {
	*Record
	received int64
}

func (b *Batch) groups() []group {
	rows := make([]row, len(b.Records))
	for i, r := range b.Records {
		rows[i].Record = r
		if i < len(b.Received) {
			rows[i].received = b.Received[i]
		}
	}
	slices.SortFunc(rows, func(x, y row) int { return x.Key.Compare(y.Key) })
	var out []group
	for len(rows) > 0 {
		c := rows[0].Collection
		n := 1
		for n < len(rows) && rows[n].Collection == c {
			n++
		}
		out = append(out, group{c, rows[:n]})
		rows = rows[n:]
	}
	return out
}

func (c *columns) group(g group) {
	ids, received := make([]Stamp, len(g.rows)), make([]int64, len(g.rows))
	byTag := map[Tag][]int{}
	for i, r := range g.rows {
		ids[i], received[i] = r.ID, r.received
		for _, f := range r.Fields {
			byTag[f.Tag] = append(byTag[f.Tag], i)
		}
	}
	c.ids(ids)
	c.ints(received)
	tags := make([]Tag, 0, len(byTag))
	for t := range byTag {
		tags = append(tags, t)
	}
	slices.Sort(tags)
	c.uvarint(uint64(len(tags)))
	for _, t := range tags {
		c.uvarint(uint64(t))
		c.presence(byTag[t], len(g.rows))
		c.registers(g, t, byTag[t])
	}
}

// presence writes how many rows have the field and, unless all have, a bitmap.
func (c *columns) presence(rows []int, n int) {
	c.uvarint(uint64(len(rows)))
	if len(rows) == n {
		return
	}
	bitmap := make([]byte, (n+7)/8)
	for _, i := range rows {
		bitmap[i/8] |= 1 << (i % 8)
	}
	c.b = append(c.b, bitmap...)
}

func (u *uncolumns) presence(n int) []int {
	count := u.count(n)
	rows := make([]int, 0, count)
	if count == n {
		for i := range n {
			rows = append(rows, i)
		}
		return rows
	}
	bitmap := u.take((n + 7) / 8)
	for i := range n {
		if u.err == nil && bitmap[i/8]&(1<<(i%8)) != 0 {
			rows = append(rows, i)
		}
	}
	if len(rows) != count {
		u.fail("bitmap of %d rows, want %d", len(rows), count)
	}
	return rows
}

func (c *columns) registers(g group, t Tag, rows []int) {
	layouts := make([]int64, len(rows))
	var values []Value
	var stamps []Stamp // of the heads that are not the record's own
	var general []Register
	for i, n := range rows {
		reg, _ := g.rows[n].Field(t)
		id := g.rows[n].ID
		layouts[i] = layoutOf(reg, id)
		switch layouts[i] {
		case regLater, regReplaced:
			stamps = append(stamps, reg.Heads[0].Stamp)
		case regGeneral:
			general = append(general, reg)
		}
		for _, h := range reg.Heads {
			values = append(values, h.Value)
		}
	}
	c.ints(layouts)
	c.stamps(stamps)
	c.general(general)
	c.values(values)
}

func layoutOf(g Register, id Stamp) int64 {
	switch {
	case len(g.Heads) != 1:
		return regGeneral
	case len(g.Seen) == 0 && g.Heads[0].Stamp == id:
		return regOriginal
	case len(g.Seen) == 0:
		return regLater
	case len(g.Seen) == 1 && g.Seen[0] == id:
		return regReplaced
	}
	return regGeneral
}

// general writes numbers of heads and of seen, then all their stamps.
func (c *columns) general(regs []Register) {
	heads, seen := make([]int64, len(regs)), make([]int64, len(regs))
	var stamps []Stamp
	for i, g := range regs {
		heads[i], seen[i] = int64(len(g.Heads)), int64(len(g.Seen))
		for _, h := range g.Heads {
			stamps = append(stamps, h.Stamp)
		}
		stamps = append(stamps, g.Seen...)
	}
	c.ints(heads)
	c.ints(seen)
	c.stamps(stamps)
}

// stamps writes stamps in any order.
func (c *columns) stamps(s []Stamp) {
	replica, ms, counter := make([]int64, len(s)), make([]int64, len(s)), make([]int64, len(s))
	for i, x := range s {
		replica[i], ms[i], counter[i] = c.replicas.number(x.Replica), x.Time.Milli(), int64(x.Time.Counter())
	}
	c.ints(replica)
	c.ints(ms)
	c.ints(counter)
}

func (u *uncolumns) stamps(n int) []Stamp {
	replica, ms, counter := u.small(n, len(u.replicas)), u.ints(n), u.small(n, 1<<16)
	out := make([]Stamp, n)
	for i := range out {
		if u.err != nil {
			return out
		}
		if ms[i] < 0 || ms[i] >= 1<<48 {
			u.fail("stamp out of range")
			return out
		}
		out[i] = Stamp{Time(uint64(ms[i])<<16 | uint64(counter[i])), u.replicas[replica[i]]}
	}
	return out
}

// parse reads what layout wrote.
func (b *Batch) parse(structure, text []byte) error {
	u := &uncolumns{unstream: unstream{b: structure}, text: unstream{b: text}, budget: MaxBatch}
	u.replicas = make([]ReplicaID, u.count(min(MaxRows, len(structure))))
	for i := range u.replicas {
		u.replicas[i] = ReplicaID(u.count(1<<32 - 1))
	}
	rows := 0
	last := -1
	for range u.count(1 << 16) {
		collection := u.count(1<<16 - 1)
		n := u.count(MaxRows - rows)
		if u.err == nil && (collection <= last || n == 0) {
			u.fail("collections out of order")
		}
		if u.err != nil {
			return u.err
		}
		last = collection
		rows += n
		u.group(b, Collection(collection), n)
	}
	if u.err == nil && (len(u.b) > 0 || len(u.text.b) > 0) {
		u.fail("bytes after the batch")
	}
	return u.err
}

func (u *uncolumns) group(b *Batch, collection Collection, n int) {
	ids, received := u.ids(n), u.ints(n)
	records := make([]*Record, n)
	for i, id := range ids {
		records[i] = NewRecord(collection, id)
	}
	last := -1
	fields := make([]int, n) // of each record
	var cols []column
	for range u.count(1 << 16) {
		tag := u.count(1<<16 - 1)
		if u.err == nil && tag <= last {
			u.fail("tags out of order")
		}
		last = tag
		rows := u.presence(n)
		if u.err != nil || !u.spend(len(rows)*8) {
			return
		}
		for _, i := range rows {
			if fields[i]++; fields[i] > MaxFields {
				u.err = tooLarge("record of more than %d fields", MaxFields)
				return
			}
		}
		c := column{tag: Tag(tag), rows: rows}
		u.registers(&c, records)
		cols = append(cols, c)
	}
	if u.err == nil {
		fill(records, fields, cols)
		b.Records = append(b.Records, records...)
		b.Received = append(b.Received, received...)
	}
}

// column is a field of those rows that have it: the registers of layout 3, and
// the one head of each of the others.
type column struct {
	tag     Tag
	rows    []int
	layouts []int
	heads   []Head
	general []Register
}

// fill gives the records their fields, all out of one piece of memory: they
// come and go together.
func fill(records []*Record, fields []int, cols []column) {
	total := 0
	for _, n := range fields {
		total += n
	}
	room := make([]Field, total)
	for i, n := range fields {
		records[i].Fields, room = room[:0:n], room[n:]
	}
	for _, c := range cols {
		for i, row := range c.rows {
			r := records[row]
			var g Register
			if c.layouts[i] == regGeneral {
				g, c.general = c.general[0], c.general[1:]
			} else {
				g.Heads, c.heads = c.heads[:1:1], c.heads[1:]
			}
			if c.layouts[i] == regReplaced {
				g.Seen = []Stamp{r.ID}
			}
			r.Fields = append(r.Fields, Field{c.tag, g})
		}
	}
}

// registers reads a column but for its rows.
func (u *uncolumns) registers(c *column, records []*Record) {
	c.layouts = u.small(len(c.rows), regGeneral+1)
	var stamped, generals int
	for _, l := range c.layouts {
		switch l {
		case regLater, regReplaced:
			stamped++
		case regGeneral:
			generals++
		}
	}
	stamps := u.stamps(stamped)
	c.general = u.general(generals)
	total := len(c.rows) - generals
	for _, g := range c.general {
		total += len(g.Heads)
	}
	values := u.values(total)
	if u.err != nil {
		return
	}
	c.heads = make([]Head, 0, len(c.rows)-generals)
	general := c.general
	for i, n := range c.rows {
		if c.layouts[i] == regGeneral {
			heads := general[0].Heads
			for k := range heads {
				heads[k].Value = values[k]
			}
			u.check(general[0])
			general, values = general[1:], values[len(heads):]
			continue
		}
		h := Head{Stamp: records[n].ID, Value: values[0]}
		if c.layouts[i] != regOriginal {
			h.Stamp, stamps = stamps[0], stamps[1:]
		}
		c.heads, values = append(c.heads, h), values[1:]
	}
}

func (u *uncolumns) general(n int) []Register {
	heads, seen := u.within(n, MaxHeads), u.within(n, MaxSeen)
	total := 0
	for i := range heads {
		total += heads[i] + seen[i]
	}
	if !u.spend(total * 16) {
		return nil
	}
	stamps := u.stamps(total)
	out := make([]Register, n)
	for i := range out {
		for _, s := range stamps[:heads[i]] {
			out[i].Heads = append(out[i].Heads, Head{Stamp: s})
		}
		stamps = stamps[heads[i]:]
		if seen[i] > 0 {
			out[i].Seen = stamps[:seen[i]:seen[i]]
		}
		stamps = stamps[seen[i]:]
	}
	return out
}

func (u *uncolumns) check(g Register) {
	var r reader
	r.checkRegister(g)
	if r.err != nil && u.err == nil {
		u.err = r.err
	}
}
