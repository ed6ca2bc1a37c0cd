package importer

import (
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// grids reads 网格基本情况一览表: grids, their branches, and which branch is
// in which grid.
func (p *planner) grids(rows []*entry) {
	dir := p.directory()
	existing := p.existing(ledger.Grid)
	for _, n := range p.existing(ledger.Branch) {
		dir.addBranch(n)
	}
	covers := p.existing(ledger.BranchGrid)
	c := ledger.Must(ledger.Grid)
	for _, n := range existing {
		n.extra = map[string]string{"name": p.gridKey(n.text("grid_name"))}
	}
	var drafts []*draft
	for _, e := range rows {
		if p.otherVillage(e) {
			continue
		}
		d := newDraft(c, e)
		p.take(d, "grid_code", "grid_name", "extent", "micro_count", "households", "people", "party_members",
			"instructor", "leader", "fulltime", "parttime", "red_count", "phone", "supervise_phone", "note")
		if p.lacks(d, "grid_name") {
			continue
		}
		p.codeKind(d)
		d.extra = map[string]string{"name": p.gridKey(d.value("grid_name").Text())}
		drafts = append(drafts, d)
	}
	p.match(ledger.Grid, matching{
		drafts: drafts, existing: existing, unique: true, anchor: []string{"name"},
		passes: []pass{strong("name"), strong("grid_code")},
	})
	for _, d := range drafts {
		p.account(d.entry, func() {
			p.apply(d)
			p.cover(dir, covers, d)
		})
	}
}

// codeKind says of a grid code what is known for sure: that it is made of the
// village's own code.
func (p *planner) codeKind(d *draft) {
	code := d.value("grid_code").Text()
	if code == "" {
		return
	}
	if !strings.HasPrefix(code, p.opts.Village) {
		p.note("网格编码 %s… 的前 12 位不是本村代码 %s,照原样登记,请核对", code[:min(12, len(code))], p.opts.Village)
		return
	}
	d.put("code_kind", syncproto.TextOf("village12_3"))
}

// otherVillage refuses a row of a township's list that is about another
// village.
func (p *planner) otherVillage(e *entry) bool {
	name := plain(e.text("village"))
	if name == "" || name == p.opts.Village {
		return false
	}
	for _, s := range p.short {
		if strings.Contains(name, s) {
			return false
		}
	}
	for _, v := range ledger.Below(ledger.TownshipOf(p.opts.Village)) {
		if v.Code != p.opts.Village && (name == plain(v.Short()) || name == plain(v.Name) || name == v.Code) {
			p.refuse(e, "village", codeOtherVillage, "这一行是"+v.Short()+"的,不是本村的。请在那个村的资料里导入")
			return true
		}
	}
	return false
}

// cover notes which branch is in the grid.
func (p *planner) cover(dir *directory, covers []*node, d *draft) {
	branch := dir.branch(d.entry, "branch")
	if branch == nil {
		return
	}
	for _, n := range covers {
		if n.target("grid") == d.node.name() && n.target("branch") == branch.name() && n.isNull("to") {
			return
		}
	}
	n := p.create(ledger.BranchGrid)
	p.point(n, "branch", branch)
	p.point(n, "grid", d.node)
}

// members reads 红色网格员(党员)花名册: members, their branches and grids, and
// their roles there.
func (p *planner) members(rows []*entry) {
	dir := p.directory()
	dir.loadGrids()
	c := ledger.Must(ledger.Member)
	existing := p.existing(ledger.Member)
	var drafts []*draft
	for _, e := range rows {
		d := newDraft(c, e)
		p.take(d, "name", "sex", "birth_ym", "joined_party", "party_status", "party_post", "address", "phone", "mobile_member",
			"mobile_where", "online_branch", "note")
		if e.table.has("short_phone") {
			p.take(d, "short_phone")
		}
		p.take(d, "education")
		if p.lacks(d, "name") {
			continue
		}
		d.point("branch", dir.branch(e, "branch"))
		d.point("grid", dir.grid(e, "grid"))
		drafts = append(drafts, d)
	}
	p.match(ledger.Member, matching{
		drafts: drafts, existing: existing, unique: true, anchor: []string{"name"},
		passes: []pass{
			strong("name", "phone"), strong("name", "birth_ym"),
			weak("phone", "birth_ym"), weak("name", "grid").but(twoPeople), weak("name").but(twoPeople),
		},
	})
	roles := p.roles(drafts)
	for i, d := range drafts {
		p.account(d.entry, func() {
			p.apply(d)
			p.secretary(d)
			if r := roles[i]; r != nil {
				p.apply(r)
			}
		})
	}
}

// twoPeople: the same name, but neither birth nor phone agree.
func twoPeople(d *draft, n *node) bool {
	birth, phone := d.part("birth_ym"), d.value("phone").Text()
	was := n.part("birth_ym")
	if birth == "" || was == "" || birth == was {
		return false
	}
	return phone == "" || n.text("phone") == "" || !sharesPhone(phone, n.text("phone"))
}

// roles matches each member's role in the grid; the list is parallel to
// drafts, nil where the row names none.
func (p *planner) roles(drafts []*draft) []*draft {
	c := ledger.Must(ledger.RoleHeld)
	open := openOnes(p.existing(ledger.RoleHeld))
	roles := make([]*draft, len(drafts))
	var given []*draft
	f, _ := c.FieldByKey("role")
	for i, d := range drafts {
		code := p.read(d.entry, "role", f)
		if code.IsNull() {
			continue
		}
		r := newDraft(c, d.entry)
		r.put("role", code)
		r.point("member", d.node)
		r.point("grid", d.to("grid"))
		if r.part("grid") == "" {
			p.refuse(d.entry, "grid", string(ledger.CauseRequired), "写了网格角色,没有写清是哪个网格,角色没有登记。请补上“所在网格”")
			continue
		}
		roles[i], given = r, append(given, r)
	}
	p.match(ledger.RoleHeld, matching{
		drafts: given, existing: open, unique: true, anchor: []string{"member"},
		passes: []pass{strong("member", "grid", "role"), weak("member", "grid"), weak("member", "role")},
	})
	return roles
}

// openOnes leaves out what has an end.
func openOnes(nodes []*node) []*node {
	var out []*node
	for _, n := range nodes {
		if n.isNull("to") {
			out = append(out, n)
		}
	}
	return out
}

// secretary writes the branch's secretary where the roster names the post.
func (p *planner) secretary(d *draft) {
	switch strings.TrimPrefix(plain(d.value("party_post").Text()), "党") {
	case "支部书记", "书记":
	default:
		return
	}
	if branch := d.to("branch"); branch != nil && p.setKey(branch, "secretary", d.value("name")) {
		p.setKey(branch, "phone", d.value("phone"))
	}
}
