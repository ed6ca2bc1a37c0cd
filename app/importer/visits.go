package importer

import (
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// visits reads 走访记录(民情日记).
func (p *planner) visits(rows []*entry) {
	dir := p.directory()
	dir.loadMembers()
	dir.loadHouseholds()
	matters := p.mattersByNo()
	c := ledger.Must(ledger.Visit)
	var drafts []*draft
	for _, e := range rows {
		d := newDraft(c, e)
		p.take(d, "date", "mode", "companions", "situation", "request", "livelihood", "done_on_spot", "matter_no", "next_date", "category", "outcome", "note")
		p.visitor(d, dir)
		if p.lacks(d, "date", "mode") || !p.named(e, "visitor", "household") {
			continue
		}
		home := dir.findHousehold(e, "household", "address", "phone")
		if home == nil {
			continue
		}
		d.point("household", home)
		p.visitAddress(d, home)
		d.point("matter", matters[d.part("matter_no")])
		drafts = append(drafts, d)
	}
	existing := p.existing(ledger.Visit)
	names := dir.names()
	for _, n := range existing {
		n.extra = visitExtra(n.part, names)
	}
	for _, d := range drafts {
		d.extra = visitExtra(d.part, names)
	}
	p.match(ledger.Visit, matching{
		drafts: drafts, existing: existing, anchor: []string{"date", "household"},
		passes: []pass{
			strong("date", "household", "who", "words"),
			weak("date", "household", "who"), weak("date", "household", "words"),
		},
	})
	for _, d := range drafts {
		p.account(d.entry, func() { p.apply(d) })
	}
}

// visitExtra makes the parts of a visit that are compared: who went, by name
// whether or not the name was known as a member's at the time, and what was
// heard.
func visitExtra(part func(string) string, names map[string]string) map[string]string {
	who := part("visitor_name")
	if name := names[part("visitor")]; name != "" {
		who = name
	}
	words := part("situation") + "\x01" + part("request") + "\x01" + part("done_on_spot")
	return map[string]string{"who": who, "words": words}
}

// names returns the members' names by the names of their nodes.
func (d *directory) names() map[string]string {
	out := map[string]string{}
	for name, nodes := range d.members {
		for _, n := range nodes {
			out[n.name()] = name
		}
	}
	return out
}

// between is what people write between two names; the wide comma and
// semicolon are what a Chinese keyboard gives.
const between = "、，,；;/\n"

// visitor takes the first name of the cell as the visitor, as a member if just
// one has that name, and the others as companions.
func (p *planner) visitor(d *draft, dir *directory) {
	text := d.entry.text("visitor")
	first, rest := text, ""
	if i := strings.IndexAny(text, between); i > 0 {
		first, rest = text[:i], strings.TrimLeft(text[i:], between+" ")
	}
	if text == "" || d.entry.cells["visitor"].fault {
		return
	}
	if rest != "" && d.part("companions") == "" {
		d.put("companions", syncproto.TextOf(strings.Join(namesIn(rest), "、")))
	}
	if n, _ := dir.member(first, "", nil); n != nil {
		d.point("visitor", n)
		return
	}
	v, err := d.field("visitor_name").ParseCell(ledger.Cell{Text: first})
	if err != nil {
		p.refuseErr(d.entry, "visitor", err)
		return
	}
	d.put("visitor_name", v)
}

// namesIn splits a list of names. Spaces part them too where nothing else does:
// a name of two characters is often spread over three.
func namesIn(text string) []string {
	if !strings.ContainsAny(text, between) {
		return strings.Fields(text)
	}
	names := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(between, r) })
	out := names[:0]
	for _, name := range names {
		if name = strings.Join(strings.Fields(name), ""); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// visitAddress keeps the address only where it is not the household's.
func (p *planner) visitAddress(d *draft, home *node) {
	if p.addressKey(d.entry.text("address")) != p.addressKey(home.text("address")) {
		p.take(d, "address")
	}
}

func (p *planner) mattersByNo() map[string]*node {
	out := map[string]*node{}
	for _, n := range p.existing(ledger.Matter) {
		if no := n.part("no"); no != "" {
			out[no] = n
		}
	}
	return out
}
