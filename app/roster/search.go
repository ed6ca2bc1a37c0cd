package roster

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"gridbook/syncproto"
)

// Kind says what a hit is.
type Kind uint8

// The kinds of what Search finds, in the order in which equals are shown.
const (
	KindNone Kind = iota // no longer there
	KindResident
	KindHousehold
	KindMember
)

// Match says by what a hit was found.
type Match uint8

// What a hit was found by.
const (
	ByName Match = iota
	ByAddress
	ByPhone
	ByNumber
	ByPinyin
)

// Hit is one find. A smaller Rank fits better.
type Hit struct {
	Kind  Kind
	ID    syncproto.ID
	Match Match
	Rank  int
}

// The columns of an entry's text, in their order.
const (
	colName = iota
	colAddress
	colPhone
	colNumber
	columns
)

const colEnd = '\x1f'

// searchIndex holds the words by which records are found: their text in one
// buffer and the sounds of their names in another. An entry that changes is
// marked and written anew at the end; now and then both are written afresh.
type searchIndex struct {
	sounds *sounds
	text   []byte
	heard  []uint16
	list   []entry
	at     map[syncproto.ID]int32
	dead   int
}

type entry struct {
	kind      Kind
	id        syncproto.ID
	household syncproto.ID // whose address also counts for it; zero if none
	text      uint32       // where its text begins
	heard     uint32       // where the sounds of its name begin
}

func newSearchIndex() *searchIndex {
	return &searchIndex{sounds: newSounds(), at: map[syncproto.ID]int32{}}
}

// put makes a record findable under its words.
func (x *searchIndex) put(kind Kind, id, household syncproto.ID, name, address, phone, number string) {
	x.remove(id)
	name = fold(name)
	x.at[id] = int32(len(x.list))
	x.list = append(x.list, entry{kind, id, household, uint32(len(x.text)), uint32(len(x.heard))})
	for _, s := range [columns]string{name, fold(address), fold(phone), fold(number)} {
		x.text = append(append(x.text, s...), colEnd)
	}
	x.heard = x.sounds.appendName(x.heard, name)
}

// remove forgets a record.
func (x *searchIndex) remove(id syncproto.ID) {
	i, ok := x.at[id]
	if !ok {
		return
	}
	delete(x.at, id)
	x.list[i].kind = KindNone
	if x.dead++; x.dead > 1000 && x.dead > len(x.list)/4 {
		x.compact()
	}
}

// compact writes the living entries afresh.
func (x *searchIndex) compact() {
	old := *x
	x.text, x.heard, x.dead = make([]byte, 0, len(old.text)), make([]uint16, 0, len(old.heard)), 0
	x.list = make([]entry, 0, len(old.at))
	for i, e := range old.list {
		if e.kind == KindNone {
			continue
		}
		text, heard := old.words(i)
		e.text, e.heard = uint32(len(x.text)), uint32(len(x.heard))
		x.text, x.heard = append(x.text, text...), append(x.heard, heard...)
		x.at[e.id] = int32(len(x.list))
		x.list = append(x.list, e)
	}
}

// words returns the text and the sounds of entry i.
func (x *searchIndex) words(i int) ([]byte, []uint16) {
	e := x.list[i]
	if i+1 == len(x.list) {
		return x.text[e.text:], x.heard[e.heard:]
	}
	return x.text[e.text:x.list[i+1].text], x.heard[e.heard:x.list[i+1].heard]
}

// fold makes what is typed and what is stored comparable: full-width forms,
// capitals and spaces do not count.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c <= ' ' || 'A' <= c && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	s = strings.ToLower(norm.NFKC.String(s))
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s)
}

// terms splits what was typed at its spaces; each part must be found.
func terms(typed string) []string {
	var out []string
	for _, t := range strings.Fields(norm.NFKC.String(typed)) {
		if t = strings.ReplaceAll(fold(t), "'", ""); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// search returns the best hits for what was typed, at most limit (0: all).
func (x *searchIndex) search(typed string, limit int, keep func(Kind) bool) []Hit {
	want := terms(typed)
	if len(want) == 0 {
		return nil
	}
	hits := x.find(want, x.sounds.all, keep)
	if len(hits) == 0 && slices.ContainsFunc(want, letters) {
		hits = x.find(want, x.sounds.soft, keep)
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Kind, b.Kind))
	})
	if limit > 0 && len(hits) > limit {
		hits = hits[:limit]
	}
	return hits
}

func (x *searchIndex) find(want []string, all []sound, keep func(Kind) bool) []Hit {
	var hits []Hit
	for i := range x.list {
		e := &x.list[i]
		if e.kind == KindNone || keep != nil && !keep(e.kind) {
			continue
		}
		m, rank, ok := x.match(i, want[0], all)
		for j := 1; ok && j < len(want); j++ {
			_, more, also := x.match(i, want[j], all)
			if home, has := x.at[e.household]; !also && has {
				_, more, also = x.match(int(home), want[j], all)
			}
			rank, ok = rank+more, also
		}
		if ok {
			hits = append(hits, Hit{e.kind, e.id, m, rank})
		}
	}
	return hits
}

// match finds one term in one entry.
func (x *searchIndex) match(i int, term string, all []sound) (Match, int, bool) {
	text, name := x.words(i)
	if letters(term) {
		for at := range name {
			if ok, whole := heard(all, name[at:], term); ok {
				return ByPinyin, rankOf(at == 0, whole), true
			}
		}
	}
	column, begin := 0, 0
	for from := 0; ; {
		p := bytes.Index(text[from:], []byte(term))
		if p < 0 {
			return 0, 0, false
		}
		p += from
		for {
			end := bytes.IndexByte(text[begin:], colEnd) + begin
			if p < end {
				break
			}
			column, begin = column+1, end+1
		}
		if rank, ok := judge(column, text[begin:], p-begin, len(term)); ok {
			return Match(column), rank, true
		}
		from = p + 1
	}
}

func rankOf(start, end bool) int {
	switch {
	case start && end:
		return 0
	case start:
		return 1
	}
	return 3
}

// judge ranks a find at text[p:p+n], text beginning with its column. Digits
// count only where a number begins: 12 finds door 12 and 128, not 312. Of a
// phone the end counts, or the beginning.
func judge(column int, text []byte, p, n int) (rank int, ok bool) {
	before, after := byte(colEnd), text[p+n]
	if p > 0 {
		before = text[p-1]
	}
	switch column {
	case colName:
		return rankOf(p == 0, after == colEnd), true
	case colPhone:
		if n < 3 {
			return 0, false
		}
		begins, ends := !digit(before), !digit(after)
		switch {
		case ends:
			return 2, true
		case begins:
			return 3, true
		}
		return 5, n >= 5
	}
	if digit(text[p]) && digit(before) {
		return 0, false
	}
	if digit(text[p+n-1]) && digit(after) {
		return 4, true
	}
	if column == colNumber {
		return 3, true
	}
	if digit(text[p]) {
		return 2, true
	}
	return 4, true
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}
