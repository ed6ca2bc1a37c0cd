package service

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gridbook/app/edit"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// namedDuties are the duties that a grid's own record names in words.
func namedDuties() []string { return []string{"leader", "instructor", "fulltime", "parttime"} }

// Duties lists the duties in a grid or of a member, those that hold first.
// Both "": all. grid is an id, code or name.
func (b *Book) Duties(grid, member string) ([]DutyRow, error) {
	var out []DutyRow
	err := b.read(func(r reader) error {
		var g, m syncproto.ID
		if grid != "" {
			found, err := r.gridNamed("", grid)
			if err != nil {
				return err
			}
			g = found.ID
		}
		if member != "" {
			found, err := r.memberNamed(member)
			if err != nil {
				return err
			}
			m = found.ID
		}
		out = r.duties(g, m)
		return nil
	})
	return out, err
}

func (r reader) memberNamed(id string) (*roster.Member, error) {
	parsed, err := parseID(id)
	if err != nil {
		return nil, err
	}
	m, ok := r.roster.Members[r.roster.Resolve(parsed)]
	if !ok {
		return nil, notFound("找不到这名党员")
	}
	return m, nil
}

func (r reader) duties(grid, member syncproto.ID) []DutyRow {
	var out []DutyRow
	for _, one := range r.roster.Roles {
		holder := r.roster.Resolve(one.Member)
		if !grid.IsZero() && r.roster.GridFor(one.Grid) != grid && one.Grid != grid || !member.IsZero() && holder != member {
			continue
		}
		out = append(out, DutyRow{
			ID: one.ID.String(), Member: idText(holder), Name: firstOf(r.nameOf("member", holder), one.Name),
			Role: ledger.MustTable("role").Label(one.Role), Code: one.Role,
			Place: firstOf(r.nameOf("grid", one.Grid), r.nameOf("microgrid", one.Micro), r.nameOf("branch", one.Branch)),
			From:  dateText(one.From), To: dateText(one.To), Current: roster.Now(one.From, one.To, r.today()),
		})
	}
	out = append(out, r.dutiesInWords(grid, member)...)
	slices.SortFunc(out, func(a, b DutyRow) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.To, a.To), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Code, b.Code), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// dutiesInWords lists what grids' own records name, where no dated duty comes
// before it.
func (r reader) dutiesInWords(grid, member syncproto.ID) []DutyRow {
	var out []DutyRow
	for _, g := range r.gridsOf("") {
		if !grid.IsZero() && g.ID != grid {
			continue
		}
		named := map[string]string{"leader": g.Leader, "instructor": g.Instructor, "fulltime": g.Fulltime, "parttime": g.Parttime}
		for _, code := range namedDuties() {
			if r.isHeld(g.ID, code) {
				continue
			}
			for _, name := range namesIn(named[code]) {
				who := r.contactNamed(name)
				if !member.IsZero() && who.Member != member.String() {
					continue
				}
				out = append(out, DutyRow{
					ID: g.ID.String() + "/" + code, Member: who.Member, Name: name,
					Role: ledger.MustTable("role").Label(code), Code: code, Place: g.Name, Current: true,
				})
			}
		}
	}
	return out
}

// isHeld reports whether somebody has a dated duty in a grid today.
func (r reader) isHeld(grid syncproto.ID, code string) bool {
	return slices.ContainsFunc(r.rolesIn(grid), func(one *roster.Role) bool { return one.Role == code })
}

// outdated empties what grids' own records say about duties of which the last
// dated holder goes: the name there was behind the times, and would come up
// again as if that person held the duty now. It says in words what it emptied.
func (r reader) outdated(c *changes, ended map[syncproto.ID]bool) []string {
	type duty struct {
		grid syncproto.ID
		code string
	}
	var gone []duty
	for id := range ended {
		one := r.roster.Roles[id]
		d := duty{r.roster.GridFor(one.Grid), one.Role}
		left := slices.ContainsFunc(r.rolesIn(d.grid), func(o *roster.Role) bool { return o.Role == d.code && !ended[o.ID] })
		if !left && slices.Contains(namedDuties(), d.code) && !slices.Contains(gone, d) {
			gone = append(gone, d)
		}
	}
	slices.SortFunc(gone, func(a, b duty) int { return cmp.Or(a.grid.Compare(b.grid), cmp.Compare(a.code, b.code)) })
	var said []string
	for _, d := range gone {
		g := r.roster.Grids[d.grid]
		if g == nil {
			continue
		}
		named := map[string]string{"leader": g.Leader, "instructor": g.Instructor, "fulltime": g.Fulltime, "parttime": g.Parttime}[d.code]
		if named == "" {
			continue
		}
		c.set(ledger.Grid, g.ID, val(ledger.Grid, d.code, syncproto.Value{}))
		said = append(said, g.Name+"登记表上写的"+ledger.MustTable("role").Label(d.code)+"“"+named+"”也一并去掉。")
	}
	return said
}

// kinOf lists into which grid one was merged, and which became part of it.
func (r reader) kinOf(g *roster.Grid) (into *GridKin, before []GridKin) {
	kin := func(o *roster.Grid, split bool) GridKin {
		return GridKin{ID: o.ID.String(), Name: o.Name, To: dateText(o.To), Split: split}
	}
	if o := r.roster.Grids[g.Into]; o != nil && !r.roster.Circular(g) {
		one := kin(o, false)
		into = &one
	}
	if o := r.roster.Grids[g.From]; o != nil {
		before = append(before, kin(o, true))
	}
	for _, o := range r.roster.Grids {
		if o.Into == g.ID {
			before = append(before, kin(o, false))
		}
	}
	slices.SortFunc(before, func(a, b GridKin) int { return cmp.Compare(a.ID, b.ID) })
	return into, before
}

// dutyChange is a change of a member's duties under way.
type dutyChange struct {
	reader
	changes
	m    *roster.Member
	plan Plan
}

// DutyPlan says what ChangeDuties would do.
func (b *Book) DutyPlan(d DutyChange) (Plan, error) {
	c, err := b.changedDuties(d)
	if err != nil {
		return Plan{}, err
	}
	return c.plan, nil
}

// ChangeDuties ends and begins duties of a member, and hands households over
// to another, in one transaction. What ended stays with its dates. It fails
// with CodeNotFound, CodeUsage if nothing would change, and CodeNotAllowed.
func (b *Book) ChangeDuties(d DutyChange) (Written, error) {
	c, err := b.changedDuties(d)
	if err != nil {
		return Written{}, err
	}
	return b.Write(c.edits)
}

func (b *Book) changedDuties(d DutyChange) (*dutyChange, error) {
	c := &dutyChange{}
	err := b.read(func(r reader) error {
		c.reader = r
		var err error
		if c.m, err = r.memberNamed(d.Member); err != nil {
			return err
		}
		if err := c.endDuties(d); err != nil {
			return err
		}
		if err := c.beginDuties(d); err != nil {
			return err
		}
		if err := c.handOver(d); err != nil {
			return err
		}
		if d.Leaves {
			c.set(ledger.Member, c.m.ID, val(ledger.Member, "to", syncproto.IntOf(r.today())))
			c.plan.Lines = append(c.plan.Lines, c.m.Name+"今天转出，资料保留。")
		}
		if len(c.edits) == 0 {
			return &syncproto.Error{Code: syncproto.CodeUsage, Message: "没有要改的", Hint: "请选不再担任的、新担任的，或把联系的户交给谁。"}
		}
		c.plan.Text = c.m.Name + "的职责变动，今天起："
		return nil
	})
	return c, err
}

// endDuties ends the duties that are named, or all of who leaves.
func (c *dutyChange) endDuties(d DutyChange) error {
	ends := d.End
	known := c.duties(syncproto.ID{}, c.m.ID)
	ended := map[syncproto.ID]bool{}
	if d.Leaves {
		ends = nil
		for _, one := range known {
			if one.Current {
				ends = append(ends, one.ID)
			}
		}
	}
	for _, id := range ends {
		i := slices.IndexFunc(known, func(one DutyRow) bool { return one.ID == id && one.Current })
		if i < 0 {
			return notFound(c.m.Name + "现在没有编号为 " + clip(id, 40) + " 的职责")
		}
		one := known[i]
		c.plan.Lines = append(c.plan.Lines, "不再担任"+one.Place+one.Role+"，以前的记录保留。")
		if grid, code, named := strings.Cut(id, "/"); named {
			if err := c.endNamed(grid, code); err != nil {
				return err
			}
			continue
		}
		parsed, err := parseID(id)
		if err != nil {
			return err
		}
		role := c.roster.Roles[parsed]
		ended[parsed] = true
		c.set(ledger.RoleHeld, parsed, val(ledger.RoleHeld, "to", syncproto.IntOf(max(c.today(), role.From))))
	}
	c.plan.Lines = append(c.plan.Lines, c.outdated(&c.changes, ended)...)
	return nil
}

// endNamed takes a name out of a grid's own record, and keeps the duty as a
// dated one that ended.
func (c *dutyChange) endNamed(grid, code string) error {
	id, err := parseID(grid)
	if err != nil {
		return err
	}
	rec, err := c.get(syncproto.Key{Collection: ledger.Grid, ID: id})
	if err != nil {
		return err
	}
	var rest []string
	for _, part := range strings.FieldsFunc(fieldsOf(rec).text(code), func(r rune) bool { return strings.ContainsRune("、,，;；/\n", r) }) {
		if names := namesIn(part); len(names) != 1 || names[0] != c.m.Name {
			rest = append(rest, strings.TrimSpace(part))
		}
	}
	c.set(ledger.Grid, id, val(ledger.Grid, code, textValue(strings.Join(rest, "、"))))
	c.add(ledger.RoleHeld, c.here(), val(ledger.RoleHeld, "member", syncproto.RefOf(c.m.ID)), val(ledger.RoleHeld, "role", syncproto.TextOf(code)),
		val(ledger.RoleHeld, "grid", syncproto.RefOf(id)), val(ledger.RoleHeld, "to", syncproto.IntOf(c.today())))
	return nil
}

// here is the member's village.
func (c *dutyChange) here() edit.Set {
	return edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(c.m.Village)}
}

func (c *dutyChange) beginDuties(d DutyChange) error {
	f, _ := ledger.Must(ledger.RoleHeld).FieldByKey("role")
	for _, b := range d.Begin {
		code, err := f.Parse(b.Role)
		if err != nil {
			return err
		}
		sets := []edit.Set{c.here(), val(ledger.RoleHeld, "member", syncproto.RefOf(c.m.ID)),
			val(ledger.RoleHeld, "role", code), val(ledger.RoleHeld, "from", syncproto.IntOf(c.today()))}
		place := ""
		switch {
		case b.Micro != "":
			id, err := parseID(b.Micro)
			if err != nil {
				return err
			}
			if place = c.nameOf("microgrid", id); place == "" {
				return notFound("找不到这个微网格")
			}
			sets = append(sets, val(ledger.RoleHeld, "microgrid", syncproto.RefOf(id)))
		default:
			g, err := c.gridNamed(c.m.Village, b.Grid)
			if err != nil {
				return err
			}
			place = g.Name
			sets = append(sets, val(ledger.RoleHeld, "grid", syncproto.RefOf(g.ID)))
		}
		c.add(ledger.RoleHeld, sets...)
		c.plan.Lines = append(c.plan.Lines, "担任"+place+f.Text(code)+"。")
	}
	return nil
}

// handOver ends links and makes the same for another member.
func (c *dutyChange) handOver(d DutyChange) error {
	only, err := idsOf(d.Households)
	if err != nil {
		return err
	}
	var to *roster.Member
	if d.HandTo != "" {
		if to, err = c.memberNamed(d.HandTo); err != nil {
			return err
		}
		if to.ID == c.m.ID || to.Village != c.m.Village || !roster.Now(0, to.To, c.today()) {
			return &syncproto.Error{Code: syncproto.CodeUsage, Message: "不能交给" + to.Name, Hint: "请选本村另一名党员。"}
		}
	}
	if to == nil && !d.Leaves {
		return nil
	}
	links := slices.SortedFunc(slices.Values(c.roster.LinksOf(c.m.ID)), func(a, b *roster.Link) int { return a.ID.Compare(b.ID) })
	handed := map[syncproto.ID]bool{}
	ended := 0
	for _, l := range links {
		if _, here := c.roster.Households[l.Household]; !here || !roster.Now(0, l.To, c.today()) {
			continue
		}
		goes := to != nil && (len(only) == 0 || slices.ContainsFunc(only, func(id syncproto.ID) bool { return c.roster.Resolve(id) == l.Household }))
		if !goes && !d.Leaves {
			continue
		}
		why := d.Reason
		if goes {
			why = joined("；", "交给"+to.Name, d.Reason)
		}
		c.set(ledger.Link, l.ID, val(ledger.Link, "to", syncproto.IntOf(max(c.today(), l.From))), val(ledger.Link, "handover", textValue(clip(why, 90))))
		if !goes {
			ended++
		} else if !handed[l.Household] {
			handed[l.Household] = true
			c.takeOver(to, l)
		}
	}
	for _, id := range only {
		if to != nil && !handed[c.roster.Resolve(id)] {
			return notFound(c.m.Name + "现在没有联系编号为 " + id.String() + " 的户")
		}
	}
	if len(handed) > 0 {
		c.plan.Lines = append(c.plan.Lines, fmt.Sprintf("联系的 %d 户交给%s，交接的日期写在记录里。", len(handed), to.Name))
	}
	if ended > 0 {
		c.plan.Lines = append(c.plan.Lines, fmt.Sprintf("%d 户暂时没有人联系。", ended))
	}
	c.plan.Follow = []Counted{{"link", "联系户", len(handed) + ended}}
	return nil
}

// takeOver makes a link like l for another member, unless there is one.
func (c *dutyChange) takeOver(to *roster.Member, l *roster.Link) {
	for _, o := range c.roster.LinksTo(l.Household) {
		if c.roster.Resolve(o.Member) == to.ID && roster.Now(o.From, o.To, c.today()) {
			return
		}
	}
	c.add(ledger.Link, val(ledger.Link, "member", syncproto.RefOf(to.ID)), val(ledger.Link, "household", syncproto.RefOf(l.Household)),
		val(ledger.Link, "link_basis", textValue(l.Basis)), val(ledger.Link, "from", syncproto.IntOf(c.today())),
		val(ledger.Link, "handover", syncproto.TextOf("由"+c.m.Name+"交来")))
}

// DutyPlan says what ChangeDuties would do.
func (s *Service) DutyPlan(ctx context.Context, change DutyChange) (Plan, error) {
	b, err := s.book()
	if err != nil {
		return Plan{}, err
	}
	return b.DutyPlan(change)
}

// ChangeDuties changes a member's duties: see Book.ChangeDuties.
func (s *Service) ChangeDuties(ctx context.Context, change DutyChange) (Saved, error) {
	return s.act(func(b *Book) (Written, error) { return b.ChangeDuties(change) })
}
