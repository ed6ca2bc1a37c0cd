package roster

import "slices"

// GridFor returns the grid that stands for id: the one into which it was
// merged, and so on, else id itself. So what names a grid that was given up,
// also what arrives after the merge, is shown with the grid that took it over.
// Of grids that were merged into each other none has given way: each stands
// for itself, until someone decides.
func (r *Roster) GridFor(id ID) ID {
	at := id
	for range len(r.Grids) + 1 {
		g := r.Grids[at]
		if g == nil || g.Into.IsZero() || r.Grids[g.Into] == nil {
			return at
		}
		if at = g.Into; at == id {
			return id
		}
	}
	return id // leads into a circle of others
}

// Gone reports whether a grid has given way to another.
func (r *Roster) Gone(g *Grid) bool { return r.GridFor(g.ID) != g.ID }

// Circular reports whether a grid was merged into one that was merged, by way
// of others or not, into it.
func (r *Roster) Circular(g *Grid) bool {
	return !g.Into.IsZero() && r.Grids[g.Into] != nil && r.GridFor(g.ID) == g.ID
}

func (r *Roster) putGrid(g *Grid) {
	old := r.Grids[g.ID]
	r.Grids[g.ID] = g
	if old == nil || old.Into != g.Into {
		r.regrid()
	}
}

func (r *Roster) dropGrid(id ID) {
	if _, ok := r.Grids[id]; ok {
		delete(r.Grids, id)
		r.regrid()
	}
}

// regrid leads what names a grid to the one that stands for it now. Grids come
// and go seldom; when the rosters are read they come first.
func (r *Roster) regrid() {
	for _, h := range r.Households {
		h.Grid = r.GridFor(h.grid)
	}
	for _, h := range r.foldedHouseholds {
		h.Grid = r.GridFor(h.grid)
	}
	for _, m := range r.Members {
		m.Grid = r.GridFor(m.grid)
	}
	for _, m := range r.foldedMembers {
		m.Grid = r.GridFor(m.grid)
	}
	for _, m := range r.Micros {
		m.Grid = r.GridFor(m.grid)
	}
}

// NamedPeople lists the residents whose own records name a household, those
// who were merged into others too.
func (r *Roster) NamedPeople(household ID) []*Resident {
	out := slices.Clone(r.people[household])
	for _, p := range r.foldedResidents {
		if p.home == household {
			out = append(out, p)
		}
	}
	return out
}

// CaresAbout lists the care marks that name a household or resident.
func (r *Roster) CaresAbout(id ID) []*Care { return r.caresOf[id] }
