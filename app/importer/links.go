package importer

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// links reads 红色网格员联系户一览表: who looks after which household. The list
// is also where households get their grid.
func (p *planner) links(rows []*entry) {
	dir := p.directory()
	dir.loadGrids()
	dir.loadMembers()
	dir.loadHouseholds()
	c := ledger.Must(ledger.Link)
	var drafts []*draft
	grids := map[*draft]*node{}
	for _, e := range rows {
		d := newDraft(c, e)
		p.take(d, "link_basis", "from", "note")
		grid := dir.grid(e, "grid")
		if !p.named(e, "red_name", "head_name") {
			continue
		}
		member := dir.findMember(e, "red_name", "red_phone", grid)
		household := dir.findHousehold(e, "head_name", "address", "head_phone")
		if member == nil || household == nil {
			continue
		}
		d.point("member", member)
		d.point("household", household)
		grids[d] = grid
		drafts = append(drafts, d)
	}
	ended := func(_ *draft, n *node) bool { return !n.isNull("to") }
	links := p.existing(ledger.Link)
	p.match(ledger.Link, matching{
		drafts: drafts, existing: links, unique: true, anchor: []string{"member", "household"},
		passes: []pass{strong("member", "household", "from"), weak("member", "household").but(ended), weak("household", "from").but(ended)},
	})
	cares := p.caredFor()
	others := map[string]int{}
	for _, n := range openOnes(links) {
		others[n.target("household")]++
	}
	for _, d := range drafts {
		p.account(d.entry, func() {
			p.apply(d)
			p.linkedHousehold(d, dir, grids[d], cares)
		})
		if home := d.part("household"); d.node.rec == nil && others[home] > 0 {
			p.note("有的户原来已有联系人,表里是另一位:两条都保留,请在户的页面上结束旧的一条")
		}
	}
}

// named refuses a row that lacks a name, by column.
func (p *planner) named(e *entry, keys ...string) bool {
	ok := true
	for _, key := range keys {
		switch {
		case e.cells[key].fault:
			p.refuse(e, key, codeCellError, "表格里这一格显示错误 "+e.text(key)+"。请在表格里改好再导入")
			ok = false
		case e.text(key) == "":
			p.refuse(e, key, string(ledger.CauseRequired), "“"+p.form.header(key)+"”没有填,这一行没有登记。请补上后再导入")
			ok = false
		}
	}
	return ok
}

// linkedHousehold writes what the row says of the household itself.
func (p *planner) linkedHousehold(d *draft, dir *directory, grid *node, cares map[string]bool) {
	home := d.to("household")
	people, _ := home.c.FieldByKey("people")
	phone, _ := home.c.FieldByKey("phone")
	p.set(home, people, p.read(d.entry, "member_count", people))
	p.set(home, phone, p.read(d.entry, "head_phone", phone))
	p.point(home, "grid", grid)
	yes, _ := ledger.Must(ledger.Member).FieldByKey("exempt") // any Bool reads 是 and 否
	if p.read(d.entry, "care_flag", yes).Bool() && !cares[home.name()] {
		cares[home.name()] = true
		p.startCare(home)
	}
}

// caredFor returns the households with an open care record.
func (p *planner) caredFor() map[string]bool {
	out := map[string]bool{}
	for _, n := range openOnes(p.existing(ledger.Care)) {
		out[n.target("household")] = true
	}
	return out
}

// reviewAfter is how long a care mark from a list stands before someone looks
// at it again.
const reviewAfter = 365

// startCare marks a household that the list calls 关爱户. The list does not
// say why: the kind is the general one, until someone knows it better.
func (p *planner) startCare(home *node) {
	n := p.create(ledger.Care)
	p.point(n, "household", home)
	p.setKey(n, "name", home.value("head_name"))
	p.setKey(n, "care", syncproto.TextOf("otherneed"))
	p.setKey(n, "cycle", syncproto.TextOf("care"))
	p.setKey(n, "basis", syncproto.TextOf(p.form.Title))
	p.setKey(n, "review", syncproto.IntOf(p.opts.Today+reviewAfter))
}
