package roster

import (
	"cmp"
	"strings"
)

func compareHouseholds(a, b *Household) int {
	return cmp.Or(strings.Compare(a.Village, b.Village), Natural(a.Address, b.Address),
		Natural(a.No, b.No), a.ID.Compare(b.ID))
}

// Natural compares texts so that the numbers in them count as numbers: 9号
// comes before 10号.
func Natural(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		if digit(a[0]) && digit(b[0]) {
			x, restA := number(a)
			y, restB := number(b)
			if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// number splits a run of digits, without its leading zeros, off s.
func number(s string) (digits, rest string) {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}
