package service

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/app/edit"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// gridding is a change of grids under way.
type gridding struct {
	reader
	changes
	old   *roster.Grid
	to    goal
	homes []*roster.Household // that change their grid
	open  map[syncproto.ID][]syncproto.Key
	plan  Plan
}

func (r reader) gridding(ref string) (*gridding, error) {
	g, err := r.gridNamed("", ref)
	if err != nil {
		return nil, err
	}
	return &gridding{reader: r, old: g, open: r.openByHousehold()}, nil
}

// regrid moves the chosen households.
func (g *gridding) regrid() error {
	for _, h := range g.homes {
		if err := g.relocate(&g.changes, h, g.to, g.open[h.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (g *gridding) people() int {
	n := 0
	for _, h := range g.homes {
		n += g.peopleIn(h)
	}
	return n
}

// homesOf lists the households of a grid in the order of the list.
func (r reader) homesOf(grid syncproto.ID, keep func(*roster.Household) bool) []*roster.Household {
	var out []*roster.Household
	for _, h := range r.roster.Sorted() {
		if h.Grid == grid && keep(h) {
			out = append(out, h)
		}
	}
	return out
}

// rolesIn lists the dated duties in a grid that hold today.
func (r reader) rolesIn(grid syncproto.ID) []*roster.Role {
	var out []*roster.Role
	for _, one := range r.roster.Roles {
		if !one.Grid.IsZero() && r.roster.GridFor(one.Grid) == grid && roster.Now(one.From, one.To, r.today()) {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b *roster.Role) int { return a.ID.Compare(b.ID) })
	return out
}

// redRole is the duty of a member among the households: it goes where the
// member goes.
const redRole = "red"

// passOn ends duties today and begins the chosen ones anew in the other grid,
// and with them those of members who go there as such. It returns in words who
// goes on and who does not.
func (g *gridding) passOn(chosen []string, members []syncproto.ID, endOthers bool) (on, off []string, err error) {
	keep, err := idsOf(chosen)
	if err != nil {
		return nil, nil, err
	}
	roles := g.rolesIn(g.old.ID)
	for _, id := range keep {
		if !slices.ContainsFunc(roles, func(one *roster.Role) bool { return one.ID == id }) {
			return nil, nil, notFound(g.old.Name + "里没有编号为 " + id.String() + " 的职责")
		}
	}
	red, ended := 0, map[syncproto.ID]bool{}
	for _, one := range roles {
		goes := slices.Contains(keep, one.ID)
		if one.Role == redRole && slices.Contains(members, g.roster.Resolve(one.Member)) {
			goes = true
			red++
		}
		if !goes && !endOthers {
			continue
		}
		words := joined("", firstOf(g.nameOf("member", one.Member), one.Name), "（"+ledger.MustTable("role").Label(one.Role)+"）")
		g.endRole(&g.changes, one)
		ended[one.ID] = true
		if !goes {
			off = append(off, words)
			continue
		}
		if err := g.heldAgain(one); err != nil {
			return nil, nil, err
		}
		if one.Role != redRole {
			on = append(on, words)
		}
	}
	if red > 0 {
		on = append(on, fmt.Sprintf("红色网格员 %d 名", red))
	}
	if !endOthers { // the grid goes on without them
		for _, line := range g.outdated(&g.changes, ended) {
			g.say(line)
		}
	}
	return on, off, nil
}

// endRole ends a duty today; one that begins later never begins.
func (r reader) endRole(c *changes, one *roster.Role) {
	c.set(ledger.RoleHeld, one.ID, val(ledger.RoleHeld, "to", syncproto.IntOf(max(r.today(), one.From))))
}

// heldAgain makes the same duty in the other grid, from today on.
func (g *gridding) heldAgain(one *roster.Role) error {
	rec, err := g.get(syncproto.Key{Collection: ledger.RoleHeld, ID: one.ID})
	if err != nil {
		return err
	}
	sets := []edit.Set{g.here(), g.to.set(ledger.RoleHeld, "grid"), val(ledger.RoleHeld, "from", syncproto.IntOf(g.today()))}
	for _, key := range [...]string{"member", "name", "phone", "identity", "role"} {
		sets = append(sets, val(ledger.RoleHeld, key, fieldsOf(rec).value(key)))
	}
	g.add(ledger.RoleHeld, sets...)
	return nil
}

// here is the village of the grid that changes.
func (g *gridding) here() edit.Set {
	return edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(g.old.Village)}
}

// SplitPlan says what SplitGrid would do.
func (b *Book) SplitPlan(s GridSplit) (Plan, error) {
	g, err := b.gridded(func(r reader) (*gridding, error) { return r.split(s) })
	if err != nil {
		return Plan{}, err
	}
	return g.plan, nil
}

// SplitGrid makes a part of a grid a grid of its own, in one transaction. What
// is open about the households goes along; what was closed keeps the old grid.
// It fails with CodeNotFound, CodeUsage, CodeExists for a name or code that is
// taken, and CodeNotAllowed.
func (b *Book) SplitGrid(s GridSplit) (Written, error) {
	g, err := b.gridded(func(r reader) (*gridding, error) { return r.split(s) })
	if err != nil {
		return Written{}, err
	}
	return b.Write(g.edits)
}

func (b *Book) gridded(f func(reader) (*gridding, error)) (*gridding, error) {
	b.Loaded() // what is open must be known
	var g *gridding
	err := b.read(func(r reader) error {
		var err error
		g, err = f(r)
		return err
	})
	return g, err
}

func (r reader) split(s GridSplit) (*gridding, error) {
	g, err := r.gridding(s.Grid)
	if err != nil {
		return nil, err
	}
	if err := g.choose(s); err != nil {
		return nil, err
	}
	if err := g.newGrid(s); err != nil {
		return nil, err
	}
	members, err := g.splitMembers(s)
	if err != nil {
		return nil, err
	}
	on, _, err := g.passOn(s.Roles, members, false)
	if err != nil {
		return nil, err
	}
	if err := g.regrid(); err != nil {
		return nil, err
	}
	g.plan.Text = "从" + g.old.Name + "拆出" + s.Name + "：" + g.amount(len(members)) + "。"
	g.plan.Follow = []Counted{{"household", "户", len(g.homes)}, {"member", "党员", len(members)}}
	if len(on) > 0 {
		g.say("随着转的职责：" + strings.Join(on, "、"))
	}
	g.acrossGrids(members, s.EndLinks)
	g.say("以前的走访、办结的事还在" + g.old.Name + "名下，照样查得到。")
	return g, nil
}

// amount says how much goes over.
func (g *gridding) amount(members int) string {
	parts := []string{fmt.Sprintf("%d 户、%d 人", len(g.homes), g.people())}
	if members > 0 {
		parts = append(parts, fmt.Sprintf("党员 %d 名", members))
	}
	if n := len(g.to.micros); n > 0 {
		parts = append(parts, fmt.Sprintf("微网格 %d 个", n))
	}
	return strings.Join(parts, "、")
}

func (g *gridding) say(line string) { g.plan.Lines = append(g.plan.Lines, line) }

// choose finds the households that go to the new grid.
func (g *gridding) choose(s GridSplit) error {
	chosen, err := idsOf(s.Households)
	if err != nil {
		return err
	}
	micros, err := idsOf(s.Micros)
	if err != nil {
		return err
	}
	for _, id := range chosen {
		if h := g.roster.Households[g.roster.Resolve(id)]; h == nil || h.Grid != g.old.ID {
			return notFound("编号为 " + id.String() + " 的户不在" + g.old.Name)
		}
	}
	for _, id := range micros {
		if m := g.roster.Micros[id]; m == nil || m.Grid != g.old.ID {
			return notFound("编号为 " + id.String() + " 的微网格不在" + g.old.Name)
		}
	}
	g.to.micros = micros
	g.homes = g.homesOf(g.old.ID, func(h *roster.Household) bool {
		return slices.ContainsFunc(chosen, func(id syncproto.ID) bool { return g.roster.Resolve(id) == h.ID }) ||
			slices.Contains(micros, h.Micro) || h.Hamlet != "" && slices.Contains(s.Hamlets, h.Hamlet)
	})
	if len(g.homes) == 0 {
		return &syncproto.Error{Code: syncproto.CodeUsage, Message: "没有选出要拆出去的户", Hint: "请选户、微网格或自然村。"}
	}
	if len(g.homes) == len(g.homesOf(g.old.ID, func(*roster.Household) bool { return true })) {
		return &syncproto.Error{Code: syncproto.CodeUsage, Message: "这样" + g.old.Name + "就一户不剩了", Hint: "请留下几户；要换名称，请直接修改网格。"}
	}
	return nil
}

// newGrid makes the new grid, covered by the branch of the old one.
func (g *gridding) newGrid(s GridSplit) error {
	if strings.TrimSpace(s.Name) == "" {
		return &syncproto.Error{Code: syncproto.CodeField, Message: "还没有写新网格的名称", Hint: "请写上，例如“沙溪第四网格”。"}
	}
	for _, one := range g.gridsOf(g.old.Village) {
		if one.Name == s.Name || s.Code != "" && one.Code == s.Code {
			return &syncproto.Error{Code: syncproto.CodeExists, Message: "已经有“" + one.Name + "”这个网格", Hint: "请换一个名称或编码；要转到那个网格，请用转户。"}
		}
	}
	code := syncproto.Value{}
	if s.Code != "" {
		f, _ := ledger.Must(ledger.Grid).FieldByKey("grid_code")
		var err error
		if code, err = f.Parse(s.Code); err != nil {
			return err
		}
	}
	rec, err := g.get(syncproto.Key{Collection: ledger.Grid, ID: g.old.ID})
	if err != nil {
		return err
	}
	g.to.made = g.add(ledger.Grid, g.here(), val(ledger.Grid, "grid_name", syncproto.TextOf(s.Name)), val(ledger.Grid, "grid_code", code),
		val(ledger.Grid, "kind", fieldsOf(rec).value("kind")), val(ledger.Grid, "from", syncproto.IntOf(g.today())),
		val(ledger.Grid, "succeeds", syncproto.RefOf(g.old.ID)))
	if branch := g.branchOf(g.old); branch != nil {
		g.add(ledger.BranchGrid, g.here(), val(ledger.BranchGrid, "branch", syncproto.RefOf(branch.ID)),
			g.to.set(ledger.BranchGrid, "grid"), val(ledger.BranchGrid, "from", syncproto.IntOf(g.today())))
	}
	for _, id := range g.to.micros {
		g.set(ledger.Microgrid, id, g.to.set(ledger.Microgrid, "grid"))
	}
	return nil
}

// splitMembers takes members, and the leader, to the new grid.
func (g *gridding) splitMembers(s GridSplit) ([]syncproto.ID, error) {
	names := s.Members
	if s.Leader != "" {
		names = append(slices.Clone(names), s.Leader)
	}
	members, err := idsOf(names)
	if err != nil {
		return nil, err
	}
	for i, id := range members {
		m := g.roster.Members[g.roster.Resolve(id)]
		if m == nil || m.Village != g.old.Village {
			return nil, notFound("本村没有编号为 " + id.String() + " 的党员")
		}
		if leads := s.Leader != "" && i == len(members)-1; !leads || m.Grid == g.old.ID {
			g.set(ledger.Member, m.ID, g.to.set(ledger.Member, "grid"))
		}
		members[i] = m.ID
	}
	if s.Leader != "" {
		leader, err := parseID(s.Leader)
		if err != nil {
			return nil, err
		}
		g.add(ledger.RoleHeld, g.here(), val(ledger.RoleHeld, "member", syncproto.RefOf(leader)), val(ledger.RoleHeld, "role", syncproto.TextOf("leader")),
			g.to.set(ledger.RoleHeld, "grid"), val(ledger.RoleHeld, "from", syncproto.IntOf(g.today())))
		g.say("新网格的网格长：" + g.nameOf("member", leader))
	}
	return members, nil
}

// acrossGrids counts, or ends, the links that lead from one grid to the other.
func (g *gridding) acrossGrids(members []syncproto.ID, end bool) {
	went := map[syncproto.ID]bool{}
	for _, h := range g.homes {
		went[h.ID] = true
	}
	n := 0
	for _, h := range g.homesOf(g.old.ID, func(*roster.Household) bool { return true }) {
		across := func(l *roster.Link) bool {
			m := g.roster.Members[g.roster.Resolve(l.Member)]
			if m == nil {
				return false
			}
			goes := slices.Contains(members, m.ID)
			return went[h.ID] && m.Grid == g.old.ID && !goes || !went[h.ID] && goes
		}
		for _, l := range g.roster.LinksTo(h.ID) {
			if roster.Now(0, l.To, g.today()) && across(l) {
				n++
			}
		}
		if end {
			g.endLinks(&g.changes, h, "网格拆分", across)
		}
	}
	switch {
	case n > 0 && end:
		g.say(fmt.Sprintf("有 %d 条联系关系跨了两个网格，到今天为止，记录保留。", n))
	case n > 0:
		g.say(fmt.Sprintf("有 %d 条联系关系跨了两个网格，先不变。", n))
	}
}
