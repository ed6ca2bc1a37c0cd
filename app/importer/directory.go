package importer

import (
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// directory finds the grids, branches, members and households of the village
// by the names that tables use.
type directory struct {
	p          *planner
	grids      map[string][]*node // by gridKey
	branches   map[string][]*node // by branchKey
	members    map[string][]*node // by name
	households map[string][]*node // by name of the head
	residents  map[string][]*node // by name → their households
	byAddress  map[string][]*node
	anyGrid    bool
}

func (p *planner) directory() *directory {
	return &directory{
		p: p, grids: map[string][]*node{}, branches: map[string][]*node{}, members: map[string][]*node{},
		households: map[string][]*node{}, residents: map[string][]*node{}, byAddress: map[string][]*node{},
	}
}

func (p *planner) gridKey(name string) string {
	return strings.TrimSuffix(p.local(name), "网格")
}

// branchKey: 中共沙溪村第一支部委员会 is 第一党支部.
func (p *planner) branchKey(name string) string {
	s := plain(name)
	for _, front := range []string{"中国共产党", "中共"} {
		s = strings.TrimPrefix(s, front)
	}
	s = strings.TrimSuffix(p.local(s), "委员会")
	return strings.TrimSuffix(strings.TrimSuffix(s, "支部"), "党")
}

// addressKey: 沙溪村上沙109号 is 上沙109.
func (p *planner) addressKey(address string) string {
	return strings.TrimSuffix(strings.ReplaceAll(p.local(address), "门牌", ""), "号")
}

func (d *directory) loadGrids() {
	for _, n := range d.p.existing(ledger.Grid) {
		d.addGrid(n)
	}
	for _, n := range d.p.existing(ledger.Branch) {
		d.addBranch(n)
	}
}

func (d *directory) addGrid(n *node) {
	d.anyGrid = true
	d.grids[d.p.gridKey(n.text("grid_name"))] = append(d.grids[d.p.gridKey(n.text("grid_name"))], n)
}

func (d *directory) addBranch(n *node) {
	k := d.p.branchKey(n.text("name"))
	d.branches[k] = append(d.branches[k], n)
}

func (d *directory) loadMembers() {
	for _, n := range d.p.existing(ledger.Member) {
		k := plain(n.text("name"))
		d.members[k] = append(d.members[k], n)
	}
}

func (d *directory) loadHouseholds() {
	byName := map[string]*node{}
	for _, n := range d.p.existing(ledger.Household) {
		byName[n.name()] = n
		head, address := plain(n.text("head_name")), d.p.addressKey(n.text("address"))
		d.households[head] = append(d.households[head], n)
		if address != "" {
			d.byAddress[address] = append(d.byAddress[address], n)
		}
	}
	for _, n := range d.p.existing(ledger.Resident) {
		if h := byName[n.target("household")]; h != nil {
			k := plain(n.text("name"))
			d.residents[k] = append(d.residents[k], h)
		}
	}
}

// grid finds the grid that a cell names. In a village that has no grid yet the
// table makes them; where there are some, an unknown name is refused, for it
// may be a slip.
func (d *directory) grid(e *entry, key string) *node {
	name := e.text(key)
	if name == "" || e.cells[key].fault {
		return nil
	}
	k := d.p.gridKey(name)
	if found := d.grids[k]; len(found) > 0 {
		return found[0]
	}
	if d.anyGrid {
		d.p.refuse(e, key, string(ledger.CauseUnknownName), "没有叫“"+name+"”的网格。请核对名称,或先导入网格一览表")
		return nil
	}
	n := d.p.create(ledger.Grid)
	f, _ := n.c.FieldByKey("grid_name")
	d.p.set(n, f, d.p.read(e, key, f))
	d.grids[k] = []*node{n} // anyGrid stays: the whole table may name new ones
	return n
}

// branch finds the branch that a cell names, or makes it.
func (d *directory) branch(e *entry, key string) *node {
	name := e.text(key)
	if name == "" || e.cells[key].fault {
		return nil
	}
	k := d.p.branchKey(name)
	if found := d.branches[k]; len(found) > 0 {
		return found[0]
	}
	n := d.p.create(ledger.Branch)
	f, _ := n.c.FieldByKey("name")
	d.p.set(n, f, d.p.read(e, key, f))
	d.branches[k] = []*node{n}
	return n
}

// member finds a member by name, of several by phone and then by grid.
func (d *directory) member(name, phone string, grid *node) (*node, ledger.Cause) {
	found := d.members[plain(ledger.CleanName(name))]
	if len(found) == 0 {
		return nil, ledger.CauseUnknownName
	}
	found = narrow(found, func(n *node) bool { return sharesPhone(n.text("phone"), phone) })
	if grid != nil {
		found = narrow(found, func(n *node) bool { return n.target("grid") == grid.name() })
	}
	if len(found) > 1 {
		return nil, ledger.CauseAmbiguous
	}
	return found[0], ""
}

// narrow keeps those that fit, all if none does.
func narrow(nodes []*node, fits func(*node) bool) []*node {
	if len(nodes) < 2 {
		return nodes
	}
	var out []*node
	for _, n := range nodes {
		if fits(n) {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nodes
	}
	return out
}

func sharesPhone(a, b string) bool {
	for _, x := range ledger.ReadPhones(a).Numbers {
		for _, y := range ledger.ReadPhones(b).Numbers {
			if x == y {
				return true
			}
		}
	}
	return false
}

// household finds a household by the name of its head, or of someone who lives
// there, and its address; of several by phone. Where an address is given it
// must fit: a wrong household is worse than a refused row.
func (d *directory) household(name, address, phone string) (*node, ledger.Cause) {
	who, where := plain(ledger.CleanName(name)), d.p.addressKey(address)
	heads := d.fitting(d.households[who], where)
	if len(heads) == 0 {
		heads = d.fitting(distinct(d.residents[who]), where)
	}
	heads = narrow(heads, func(n *node) bool { return sharesPhone(n.text("phone"), phone) })
	switch len(heads) {
	case 0:
		return nil, ledger.CauseUnknownName
	case 1:
		return heads[0], ""
	}
	return nil, ledger.CauseAmbiguous
}

// fitting keeps the households at the address; if none is exactly there, those
// with the same door number.
func (d *directory) fitting(nodes []*node, where string) []*node {
	if where == "" {
		return nodes
	}
	var exact, near []*node
	for _, n := range nodes {
		at := d.p.addressKey(n.text("address"))
		switch {
		case at == where:
			exact = append(exact, n)
		case at == "" || digits(at) != "" && digits(at) == digits(where):
			near = append(near, n)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return near
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		if r == '-' {
			return r
		}
		return -1
	}, s)
}

func distinct(nodes []*node) []*node {
	var out []*node
	seen := map[*node]bool{}
	for _, n := range nodes {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// findHousehold is household for a row that cannot go in without: it refuses
// the row and says why.
func (d *directory) findHousehold(e *entry, nameKey, addressKey, phoneKey string) *node {
	n, cause := d.household(e.text(nameKey), e.text(addressKey), e.text(phoneKey))
	if n != nil {
		return n
	}
	who := "“" + e.text(nameKey) + "”"
	if e.text(addressKey) != "" {
		who += "(" + e.text(addressKey) + ")"
	}
	if cause == ledger.CauseAmbiguous {
		d.p.refuse(e, nameKey, string(cause), "有几户的户主叫"+who+",分不清是哪一户。请在表里写明地址或电话")
		return nil
	}
	d.p.refuse(e, nameKey, string(cause), "住户里没有"+who+"。请核对姓名和地址,或先导入住户花名册")
	return nil
}

// findMember is member for a row that cannot go in without.
func (d *directory) findMember(e *entry, nameKey, phoneKey string, grid *node) *node {
	n, cause := d.member(e.text(nameKey), e.text(phoneKey), grid)
	if n != nil {
		return n
	}
	who := "“" + e.text(nameKey) + "”"
	if cause == ledger.CauseAmbiguous {
		d.p.refuse(e, nameKey, string(cause), "有几名党员叫"+who+",分不清是哪一位。请在表里写明电话")
		return nil
	}
	d.p.refuse(e, nameKey, string(cause), "党员里没有"+who+"。请核对姓名,或先导入红色网格员花名册")
	return nil
}

// isNull reports whether a node's field is empty.
func (n *node) isNull(key string) bool {
	return n.value(key) == syncproto.Value{} && n.target(key) == ""
}
