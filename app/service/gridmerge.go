package service

import (
	"context"
	"slices"
	"strings"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// MergePlan says what MergeGrid would do.
func (b *Book) MergePlan(m GridMerge) (Plan, error) {
	g, err := b.gridded(func(r reader) (*gridding, error) { return r.mergeGrids(m) })
	if err != nil {
		return Plan{}, err
	}
	return g.plan, nil
}

// MergeGrid gives up a grid for another of the village, in one transaction:
// households, members and micro-grids go over, duties end or go on as chosen.
// Whatever names the old grid, also what others wrote meanwhile, is shown with
// the other from then on. It fails with CodeNotFound, CodeUsage, CodePlace and
// CodeNotAllowed.
func (b *Book) MergeGrid(m GridMerge) (Written, error) {
	g, err := b.gridded(func(r reader) (*gridding, error) { return r.mergeGrids(m) })
	if err != nil {
		return Written{}, err
	}
	return b.Write(g.edits)
}

func (r reader) mergeGrids(m GridMerge) (*gridding, error) {
	g, err := r.gridding(m.Grid)
	if err != nil {
		return nil, err
	}
	into, err := r.gridNamed("", m.Into)
	switch {
	case err != nil:
		return nil, err
	case into.ID == g.old.ID:
		return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: "两个是同一个网格", Hint: "请选另一个网格。"}
	case into.Village != g.old.Village:
		return nil, &syncproto.Error{Code: syncproto.CodePlace, Message: into.Name + "是别的村的网格", Hint: "同一个村的网格才能合并。"}
	}
	g.to = goal{grid: into.ID, words: into.Name}
	g.homes = g.homesOf(g.old.ID, func(*roster.Household) bool { return true })
	for _, one := range r.roster.Micros {
		if one.Grid == g.old.ID {
			g.to.micros = append(g.to.micros, one.ID)
		}
	}
	slices.SortFunc(g.to.micros, syncproto.ID.Compare)
	members := g.handOver(into)
	on, off, err := g.passOn(m.Roles, members, true)
	if err != nil {
		return nil, err
	}
	if err := g.looseEnds(); err != nil {
		return nil, err
	}
	if err := g.regrid(); err != nil {
		return nil, err
	}
	g.set(ledger.Grid, g.old.ID, val(ledger.Grid, "to", syncproto.IntOf(g.today())), val(ledger.Grid, "into", syncproto.RefOf(into.ID)))
	g.plan.Text = g.old.Name + "并入" + into.Name + "：" + g.amount(len(members)) + "一起转入。"
	g.plan.Follow = []Counted{{"household", "户", len(g.homes)}, {"member", "党员", len(members)}, {"microgrid", "微网格", len(g.to.micros)}}
	if len(on) > 0 {
		g.say("继续担任：" + strings.Join(on, "、"))
	}
	if len(off) > 0 {
		g.say("到今天为止，记录保留：" + strings.Join(off, "、"))
	}
	g.say("以前的记录都在。别的电脑再写到" + g.old.Name + "的，自动算在" + into.Name + "。")
	return g, nil
}

// handOver gives micro-grids, members and the branch to the other grid, and
// returns the members. A grid that had been given up itself is opened again.
func (g *gridding) handOver(into *roster.Grid) (members []syncproto.ID) {
	for _, id := range g.to.micros {
		g.set(ledger.Microgrid, id, g.to.set(ledger.Microgrid, "grid"))
	}
	for _, m := range g.membersOf(g.old.Village) {
		if m.Grid == g.old.ID {
			g.set(ledger.Member, m.ID, g.to.set(ledger.Member, "grid"))
			members = append(members, m.ID)
		}
	}
	branch := g.branchOf(g.old)
	for _, cover := range g.coversOf(g.old.ID) {
		g.set(ledger.BranchGrid, cover.ID, val(ledger.BranchGrid, "to", syncproto.IntOf(max(g.today(), cover.From))))
	}
	if branch != nil && g.branchOf(into) == nil {
		g.add(ledger.BranchGrid, g.here(), val(ledger.BranchGrid, "branch", syncproto.RefOf(branch.ID)),
			g.to.set(ledger.BranchGrid, "grid"), val(ledger.BranchGrid, "from", syncproto.IntOf(g.today())))
	}
	if into.To != 0 || !into.Into.IsZero() {
		g.set(ledger.Grid, into.ID, val(ledger.Grid, "to", syncproto.Value{}), val(ledger.Grid, "into", syncproto.Value{}))
	}
	return members
}

// coversOf lists which branches cover a grid today.
func (r reader) coversOf(grid syncproto.ID) []*roster.BranchGrid {
	var out []*roster.BranchGrid
	for _, cover := range r.roster.Covers {
		if r.roster.GridFor(cover.Grid) == grid && roster.Now(cover.From, cover.To, r.today()) {
			out = append(out, cover)
		}
	}
	slices.SortFunc(out, func(a, b *roster.BranchGrid) int { return a.ID.Compare(b.ID) })
	return out
}

// looseEnds takes over what is open in the grid and about no household.
func (g *gridding) looseEnds() error {
	var keys []syncproto.Key
	for k, n := range g.derived.open {
		if n.household.IsZero() && g.roster.GridFor(n.grid) == g.old.ID {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, syncproto.Key.Compare)
	for _, k := range keys {
		g.set(k.Collection, k.ID, g.to.set(k.Collection, "grid"))
	}
	return nil
}

// SplitPlan says what SplitGrid would do.
func (s *Service) SplitPlan(ctx context.Context, split GridSplit) (Plan, error) {
	b, err := s.book()
	if err != nil {
		return Plan{}, err
	}
	return b.SplitPlan(split)
}

// SplitGrid makes a part of a grid a grid of its own: see Book.SplitGrid.
func (s *Service) SplitGrid(ctx context.Context, split GridSplit) (Saved, error) {
	return s.act(func(b *Book) (Written, error) { return b.SplitGrid(split) })
}

// MergePlan says what MergeGrid would do.
func (s *Service) MergePlan(ctx context.Context, merge GridMerge) (Plan, error) {
	b, err := s.book()
	if err != nil {
		return Plan{}, err
	}
	return b.MergePlan(merge)
}

// MergeGrid gives up a grid for another: see Book.MergeGrid.
func (s *Service) MergeGrid(ctx context.Context, merge GridMerge) (Saved, error) {
	return s.act(func(b *Book) (Written, error) { return b.MergeGrid(merge) })
}
