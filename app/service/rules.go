package service

import (
	"cmp"
	"fmt"
	"slices"

	"gridbook/app/roster"
	"gridbook/syncproto"
)

// The validators, by the ids of their rules.
const (
	ruleBranch = "V1" // every grid has a branch (S29)
	ruleMember = "V2" // every member is in a grid or an online branch (S30)
	ruleLinks  = "V3" // a member looks after 5 to 10 households (S41)
	ruleLinked = "V4" // households that nobody looks after (S17)
	ruleReview = "V5" // care marks whose review date has passed
	ruleCircle = "V6" // two laptops merged grids into each other
)

// Each member looks after between linkMin and linkMax households.
const (
	linkMin = 5
	linkMax = 10
)

// hints lists what the validators noticed in a village ("": all), gently and
// by name of the rule; nobody is counted against anybody.
func (r reader) hints(village string) []Hint {
	var out []Hint
	out = append(out, r.gridHints(village)...)
	out = append(out, r.memberHints(village)...)
	if n := r.unlinked(village); n > 0 {
		out = append(out, Hint{Code: ruleLinked, Text: fmt.Sprintf("有 %d 户还没有红色网格员联系", n), Collection: "household"})
	}
	out = append(out, r.careHints(village)...)
	return out
}

func (r reader) gridHints(village string) []Hint {
	var out []Hint
	for _, g := range r.gridsOf(village) {
		if r.branchOf(g) == nil {
			out = append(out, Hint{ruleBranch, g.Name + "还没有党支部或联合党支部", "grid", g.ID.String()})
		}
		if b := r.roster.Grids[g.Into]; b != nil && r.roster.Circular(g) {
			out = append(out, Hint{ruleCircle, "两台电脑一边把" + g.Name + "并入" + b.Name + "，一边反过来并；请再并一次，定下留哪个", "grid", g.ID.String()})
		}
	}
	return out
}

func (r reader) memberHints(village string) []Hint {
	today := r.today()
	linkless := 0 // links may simply not have been entered yet
	var out []Hint
	for _, m := range r.membersOf(village) {
		if m.Grid.IsZero() && m.Online == "" {
			out = append(out, Hint{ruleMember, m.Name + "还没有分到网格", "member", m.ID.String()})
		}
		n := r.linkCount(m.ID, today)
		switch {
		case m.Exempt || m.Mobile || m.Status == "exempt" || m.Status == "out_mobile" || m.Reason != "":
		case n == 0:
			linkless++
		case n < linkMin:
			out = append(out, Hint{ruleLinks, fmt.Sprintf("%s联系 %d 户，少于 %d 户", m.Name, n, linkMin), "member", m.ID.String()})
		case n > linkMax:
			out = append(out, Hint{ruleLinks, fmt.Sprintf("%s联系 %d 户，多于 %d 户", m.Name, n, linkMax), "member", m.ID.String()})
		}
	}
	if linkless > 0 {
		out = append(out, Hint{Code: ruleLinks, Text: fmt.Sprintf("有 %d 名党员还没有安排联系户", linkless), Collection: "member"})
	}
	return out
}

func (r reader) careHints(village string) []Hint {
	today := r.today()
	n := 0
	for _, c := range r.roster.Cares {
		if c.Review == 0 || c.Review >= today || !roster.Now(c.From, c.To, today) {
			continue
		}
		if h, ok := r.roster.Households[r.householdOf(c)]; village == "" || ok && h.Village == village {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []Hint{{Code: ruleReview, Text: fmt.Sprintf("有 %d 条关爱资料到了复核日期", n), Collection: "care"}}
}

// householdOf is the household that a care mark is about.
func (b *Book) householdOf(c *roster.Care) syncproto.ID {
	if p, ok := b.roster.Residents[c.Resident]; ok && c.Household.IsZero() {
		return p.Household
	}
	return c.Household
}

// gridsOf lists the grids of a village ("": all), by code and name; those that
// were abolished are left out, unless they were merged into each other and
// none has given way.
func (b *Book) gridsOf(village string) []*roster.Grid {
	today := b.today()
	var out []*roster.Grid
	for _, g := range b.roster.Grids {
		stands := roster.Now(0, g.To, today) && !b.roster.Gone(g) || b.roster.Circular(g)
		if (village == "" || g.Village == village) && stands {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(x, y *roster.Grid) int {
		return cmp.Or(cmp.Compare(x.Village, y.Village), cmp.Compare(x.Code, y.Code), roster.Natural(x.Name, y.Name), x.ID.Compare(y.ID))
	})
	return out
}

// membersOf lists the members of a village ("": all) by grid and name; those
// who left are left out.
func (b *Book) membersOf(village string) []*roster.Member {
	today := b.today()
	var out []*roster.Member
	for _, m := range b.roster.Members {
		if (village == "" || m.Village == village) && roster.Now(0, m.To, today) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(x, y *roster.Member) int {
		return cmp.Or(cmp.Compare(x.Village, y.Village), x.Grid.Compare(y.Grid), cmp.Compare(x.Name, y.Name), x.ID.Compare(y.ID))
	})
	return out
}

// linkCount counts the households that a member looks after on a day.
func (b *Book) linkCount(member syncproto.ID, day int64) int {
	seen := map[syncproto.ID]bool{}
	for _, l := range b.roster.LinksOf(member) {
		if _, there := b.roster.Households[l.Household]; there && roster.Now(l.From, l.To, day) {
			seen[l.Household] = true
		}
	}
	return len(seen)
}

// isLinked reports whether somebody looks after a household today.
func (b *Book) isLinked(household syncproto.ID, day int64) bool {
	return slices.ContainsFunc(b.roster.LinksTo(household), func(l *roster.Link) bool { return roster.Now(l.From, l.To, day) })
}

func (b *Book) unlinked(village string) int {
	today, n := b.today(), 0
	for _, h := range b.roster.Households {
		if (village == "" || h.Village == village) && !b.isLinked(h.ID, today) {
			n++
		}
	}
	return n
}

// branchOf is the branch that covers a grid now, nil if none.
func (b *Book) branchOf(g *roster.Grid) *roster.Branch {
	today := b.today()
	var found *roster.Branch
	for _, cover := range b.roster.Covers {
		branch, ok := b.roster.Branches[cover.Branch]
		if ok && b.roster.GridFor(cover.Grid) == g.ID && roster.Now(cover.From, cover.To, today) && roster.Now(0, branch.To, today) {
			if found == nil || branch.ID.Compare(found.ID) < 0 {
				found = branch
			}
		}
	}
	return found
}
