package syncproto

import (
	"slices"
	"unicode/utf8"
)

// How a column of texts is laid out.
const (
	textsPlain  = 0 // lengths, then the bytes here
	textsLong   = 1 // lengths here, bytes in the text stream
	textsTable  = 2 // the distinct texts, then an index per row
	textsDigits = 3 // decimal digits of one length, as integers
	textsIDCard = 4 // citizen identity numbers with a right check digit
)

// longText is the mean length in bytes from which a column of texts goes to
// the text stream, where a compressor for prose reads it.
const longText = 24

// columns writes the two streams of a batch.
type columns struct {
	stream
	text     []byte
	replicas replicaTable
}

// replicaTable numbers the replicas of a batch in order of appearance.
type replicaTable struct {
	list  []ReplicaID
	index map[ReplicaID]int
}

func (t *replicaTable) number(r ReplicaID) int64 {
	i, ok := t.index[r]
	if !ok {
		i = len(t.list)
		t.list = append(t.list, r)
		t.index[r] = i
	}
	return int64(i)
}

// ids writes sorted, distinct stamps: replica numbers, differences of the
// milliseconds, counters (differences where the millisecond is the same).
func (c *columns) ids(ids []Stamp) {
	replica, ms, counter := make([]int64, len(ids)), make([]int64, len(ids)), make([]int64, len(ids))
	var last Time
	for i, id := range ids {
		replica[i] = c.replicas.number(id.Replica)
		ms[i] = id.Time.Milli() - last.Milli()
		counter[i] = int64(id.Time.Counter())
		if i > 0 && ms[i] == 0 {
			counter[i] -= int64(last.Counter())
		}
		last = id.Time
	}
	c.ints(replica)
	c.ints(ms)
	c.ints(counter)
}

func (u *uncolumns) ids(n int) []Stamp {
	replica, ms, counter := u.small(n, len(u.replicas)), u.ints(n), u.ints(n)
	out := make([]Stamp, n)
	var lastMS, lastCounter int64
	for i := range out {
		lastMS += ms[i]
		if i > 0 && ms[i] == 0 {
			lastCounter += counter[i]
		} else {
			lastCounter = counter[i]
		}
		if lastMS < 0 || lastMS >= 1<<48 || lastCounter < 0 || lastCounter >= 1<<16 {
			u.fail("id out of range")
			return out
		}
		if u.err != nil {
			return out
		}
		out[i] = Stamp{Time(lastMS<<16 | lastCounter), u.replicas[replica[i]]}
		if i > 0 && out[i-1].Compare(out[i]) >= 0 {
			u.fail("ids out of order")
			return out
		}
	}
	return out
}

// values writes a column of values: their kind (mixed: each one's), then the
// layout of that kind.
func (c *columns) values(vs []Value) {
	if len(vs) == 0 {
		return
	}
	for _, v := range vs {
		if v.kind != vs[0].kind {
			c.mixed(vs)
			return
		}
	}
	c.b = append(c.b, byte(vs[0].kind))
	c.ofKind(vs[0].kind, vs)
}

const mixedKinds = 0x7f

func (c *columns) mixed(vs []Value) {
	c.b = append(c.b, mixedKinds)
	kindOf := make([]int64, len(vs))
	var by [kinds][]Value
	for i, v := range vs {
		kindOf[i] = int64(v.kind)
		by[v.kind] = append(by[v.kind], v)
	}
	c.ints(kindOf)
	for k, part := range by {
		c.ofKind(Kind(k), part)
	}
}

func (c *columns) ofKind(k Kind, vs []Value) {
	if len(vs) == 0 {
		return
	}
	switch k {
	case Bool, Int:
		ns := make([]int64, len(vs))
		for i, v := range vs {
			ns[i] = v.n
		}
		c.ints(ns)
	case Text:
		texts := make([]string, len(vs))
		for i, v := range vs {
			texts[i] = v.s
		}
		c.texts(texts)
	case Bytes:
		for _, v := range vs {
			c.uvarint(uint64(len(v.s)))
			c.b = append(c.b, v.s...)
		}
	case Ref:
		c.refs(vs)
	case List:
		var texts []string
		counts := make([]int64, len(vs))
		for i, v := range vs {
			counts[i] = v.n
			texts = append(texts, v.List()...)
		}
		c.ints(counts)
		c.texts(texts)
	}
}

func (c *columns) refs(vs []Value) {
	distinct := make([]Stamp, 0, len(vs))
	for _, v := range vs {
		distinct = append(distinct, v.Ref())
	}
	slices.SortFunc(distinct, Stamp.Compare)
	distinct = slices.Compact(distinct)
	c.uvarint(uint64(len(distinct)))
	c.ids(distinct)
	index := make([]int64, len(vs))
	for i, v := range vs {
		n, _ := slices.BinarySearchFunc(distinct, v.Ref(), Stamp.Compare)
		index[i] = int64(n)
	}
	c.ints(index)
}

func (c *columns) texts(texts []string) {
	if len(texts) == 0 {
		return
	}
	if ns, length, ok := digits(texts); ok {
		c.b = append(c.b, textsDigits, byte(length))
		c.ints(ns)
		return
	}
	if areas, days, serials, ok := idCards(texts); ok {
		c.b = append(c.b, textsIDCard)
		c.ints(areas)
		c.ints(days)
		c.ints(serials)
		return
	}
	distinct := slices.Clone(texts)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	if len(distinct) <= len(texts)*3/4 {
		c.b = append(c.b, textsTable)
		c.uvarint(uint64(len(distinct)))
		c.plain(distinct)
		index := make([]int64, len(texts))
		for i, t := range texts {
			n, _ := slices.BinarySearch(distinct, t)
			index[i] = int64(n)
		}
		c.ints(index)
		return
	}
	c.plain(texts)
}

func (c *columns) plain(texts []string) {
	lengths, total := make([]int64, len(texts)), 0
	for i, t := range texts {
		lengths[i] = int64(len(t))
		total += len(t)
	}
	if total >= longText*len(texts) {
		c.b = append(c.b, textsLong)
		c.ints(lengths)
		for _, t := range texts {
			c.text = append(c.text, t...)
		}
		return
	}
	c.b = append(c.b, textsPlain)
	c.ints(lengths)
	for _, t := range texts {
		c.b = append(c.b, t...)
	}
}

// uncolumns reads what columns wrote.
type uncolumns struct {
	unstream
	text     unstream
	replicas []ReplicaID
	budget   int     // bytes of values that may still be made
	column   []Value // reused
}

// spend counts what a decoded value costs, so that a few bytes of indices
// cannot become gigabytes of texts.
func (u *uncolumns) spend(n int) bool {
	if u.budget -= n; u.budget < 0 && u.err == nil {
		u.err = tooLarge("values of more than %d bytes", MaxBatch)
	}
	return u.err == nil
}

// values reads a column of n values. They are good until the next one is read.
func (u *uncolumns) values(n int) []Value {
	if cap(u.column) < n {
		u.column = make([]Value, n)
	}
	out := u.column[:n]
	clear(out)
	if n == 0 || u.err != nil {
		return out
	}
	k := u.byte()
	if k != mixedKinds {
		u.ofKind(Kind(k), out)
		return out
	}
	kindOf := u.small(n, int(kinds))
	var count [kinds]int
	for _, k := range kindOf {
		count[k]++
	}
	var by [kinds][]Value
	for k, n := range count {
		by[k] = make([]Value, n)
		u.ofKind(Kind(k), by[k])
	}
	for i, k := range kindOf {
		out[i] = by[k][0]
		by[k] = by[k][1:]
	}
	return out
}

func (u *uncolumns) ofKind(k Kind, out []Value) {
	if len(out) == 0 || u.err != nil {
		return
	}
	switch k {
	case Null:
	case Bool, Int:
		for i, n := range u.ints(len(out)) {
			if out[i] = IntOf(n); k == Bool {
				out[i] = BoolOf(n != 0)
			}
		}
	case Text:
		for i, t := range u.texts(len(out)) {
			out[i] = TextOf(t)
		}
	case Bytes:
		for i := range out {
			if b := u.take(u.count(MaxText)); u.spend(len(b)) {
				out[i] = BytesOf(b)
			}
		}
	case Ref:
		distinct := u.ids(u.count(len(out)))
		for i, n := range u.small(len(out), max(len(distinct), 1)) {
			if u.err == nil && n < len(distinct) {
				out[i] = RefOf(distinct[n])
			}
		}
		if len(distinct) == 0 {
			u.fail("references to nothing")
		}
	case List:
		u.lists(out)
	default:
		u.fail("value of unknown kind %d", k)
	}
}

func (u *uncolumns) lists(out []Value) {
	counts := u.within(len(out), MaxList)
	total := 0
	for _, n := range counts {
		total += n
	}
	if total > MaxListed && u.err == nil {
		u.err = tooLarge("%d texts in the lists of a column", total)
	}
	if u.err != nil {
		return
	}
	texts := u.texts(total)
	for i, n := range counts {
		out[i] = ListOf(texts[:n]...)
		texts = texts[n:]
	}
}

func (u *uncolumns) texts(n int) []string {
	out := make([]string, n)
	if n == 0 || u.err != nil {
		return out
	}
	switch codec := u.byte(); codec {
	case textsDigits:
		u.digits(out)
	case textsIDCard:
		areas, days, serials := u.ints(n), u.ints(n), u.ints(n)
		for i := range out {
			t, ok := idCard(areas[i], days[i], serials[i])
			if !ok && u.err == nil {
				u.fail("identity number out of range")
			}
			out[i] = t
		}
		u.spend(18 * n)
	case textsTable:
		distinct := make([]string, u.count(n))
		if len(distinct) == 0 {
			u.fail("table without texts")
			return out
		}
		u.plain(distinct, u.byte())
		for i, k := range u.small(n, len(distinct)) {
			if !u.spend(len(distinct[k])) {
				return out
			}
			out[i] = distinct[k]
		}
	default:
		u.plain(out, codec)
	}
	return out
}

func (u *uncolumns) plain(out []string, codec byte) {
	src := &u.unstream
	switch codec {
	case textsLong:
		src = &u.text
	case textsPlain:
	default:
		u.fail("texts of unknown layout %d", codec)
		return
	}
	for i, n := range u.within(len(out), MaxText) {
		b := src.take(n)
		if src.err != nil {
			u.fail("text stream ends early")
			return
		}
		if !utf8.Valid(b) {
			u.fail("text is not UTF-8")
			return
		}
		if !u.spend(len(b)) {
			return
		}
		out[i] = string(b)
	}
}
