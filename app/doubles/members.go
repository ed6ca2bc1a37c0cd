package doubles

import (
	"strings"

	"gridbook/app/roster"
	"gridbook/syncproto/ledger"
)

// members proposes Party members of a village who share a name and something
// more, and about whom nothing differs that tells people apart. Who left is
// not proposed.
func (f *finder) members() {
	buckets := map[key][]*roster.Member{}
	for _, m := range f.r.Members {
		name := squeezed(m.Name)
		if name == "" || m.To != 0 {
			continue
		}
		put := func(why Reason, rest string, birth int64) {
			k := key{why, m.Village, name, rest, birth}
			buckets[k] = append(buckets[k], m)
		}
		if b := ledger.PartialOf(m.Birth); m.Birth != 0 && b.Month != 0 {
			b.Day = 0
			put(SameMonth, b.String(), 0)
		}
		for number := range strings.SplitSeq(m.Phone, "、") {
			if number != "" {
				put(SamePhone, number, 0)
			}
		}
		if !m.Branch.IsZero() {
			put(SameBranch, m.Branch.String(), 0)
		}
		if !m.Grid.IsZero() {
			put(SameBranch, m.Grid.String(), 0)
		}
	}
	for k, list := range buckets {
		each(list, func(a, b *roster.Member) {
			if sameMember(k.why, a, b) {
				f.add(roster.KindMember, a.ID, b.ID, k.why)
			}
		})
	}
}

// sameMember reports whether two members of one name may be one. Two dates of
// birth are two people, and so are two residents; with nothing but a branch in
// common, so are two phone numbers.
func sameMember(why Reason, a, b *roster.Member) bool {
	if !birthsAgree(a.Birth, b.Birth) || !a.Of.IsZero() && !b.Of.IsZero() && a.Of != b.Of {
		return false
	}
	return why != SameBranch || a.Phone == "" || b.Phone == "" || a.Phone == b.Phone
}
