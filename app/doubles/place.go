package doubles

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"gridbook/syncproto/ledger"
)

// place is an address in a village as far as it tells one house from another.
type place struct {
	door  string // its numbers, as 12-301; its words if it has no number
	words string // what stands before the numbers and after the village's name
}

// placeOf reads an address in any of the ways in which people write it:
// 沙溪村溪东12号, 溪东 12号, １２号 with the hamlet in a column of its own.
func placeOf(hamlet, address string) place {
	words, doors := split(afterVillage(squeezed(address)))
	if !strings.Contains(words, squeezed(hamlet)) {
		words = squeezed(hamlet) + words
	}
	if doors == "" {
		return place{door: words}
	}
	return place{doors, words}
}

// near reports whether two addresses may be one: the same numbers, and words
// of which one may leave out what the other has.
func (p place) near(o place) bool {
	if p.door == "" || p.door != o.door {
		return false
	}
	return strings.HasSuffix(p.words, o.words) || strings.HasSuffix(o.words, p.words)
}

// squeezed writes a text in one form: half-width, without spaces.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '·' {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
}

// afterVillage leaves out the names of the places above the hamlet.
func afterVillage(address string) string {
	for _, end := range []string{"街道", "行政村", "社区", "村"} {
		if i := strings.LastIndex(address, end); i >= 0 && !strings.HasPrefix(address[i:], "村民小组") {
			address = address[i+len(end):]
		}
	}
	return address
}

// split takes the numbers out of an address. The words for number, building
// and room differ from one writer to the next and are left out.
func split(address string) (words, doors string) {
	var w, d strings.Builder
	inNumber := false
	for _, r := range address {
		switch {
		case unicode.IsDigit(r):
			if !inNumber && d.Len() > 0 {
				d.WriteByte('-')
			}
			d.WriteRune(r)
			inNumber = true
			continue
		case strings.ContainsRune("号室幢栋楼单元户弄-—#第", r):
		default:
			w.WriteRune(r)
		}
		inNumber = false
	}
	return w.String(), d.String()
}

// exact reports whether a date of birth is known to the day.
func exact(birth int64) bool { return birth != 0 && ledger.PartialOf(birth).Day != 0 }

// birthsAgree reports whether two dates of birth may be one: unknown parts
// agree with all.
func birthsAgree(a, b int64) bool {
	return a == 0 || b == 0 || ledger.PartialOf(a).Agrees(ledger.PartialOf(b))
}
