package importer

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// logForm says how the rows of a plain ledger become records: whose columns
// have the keys of the collection's fields.
type logForm struct {
	collection syncproto.Collection
	columns    []string
	required   []string
	passes     []pass
	unique     bool // rows of one key are one record
	// more fills in what takes looking up.
	more func(*planner, *draft, *directory)
}

func logOf(k Kind) logForm {
	switch k {
	case Matters:
		return logForm{
			collection: ledger.Matter, unique: true,
			columns:  []string{"no", "date", "source", "person", "phone", "category", "content", "level", "state", "accepted", "handler", "deadline", "progress", "closed", "result", "feedback", "rating", "note"},
			required: []string{"no", "date", "category", "content"},
			passes:   []pass{strong("no")},
			more:     (*planner).inGrid,
		}
	case Disputes:
		return logForm{
			collection: ledger.Dispute,
			columns:    []string{"date", "party_a", "party_b", "phone", "people", "kind", "facts", "risk", "measures", "mediator", "deadline", "state", "agreement", "closed", "follow_up", "note"},
			required:   []string{"date", "party_a", "kind", "facts"},
			passes:     []pass{strong("date", "party_a", "facts"), weak("date", "party_a"), weak("party_a", "facts")},
			more:       (*planner).inGrid,
		}
	case Hazards:
		return logForm{
			collection: ledger.Hazard,
			columns:    []string{"date", "place", "owner", "kind", "content", "grade", "measures", "deadline", "fixer", "state", "recheck", "rechecker", "note"},
			required:   []string{"date", "place", "kind", "content"},
			passes:     []pass{strong("date", "place", "content"), weak("date", "place", "kind"), weak("place", "content")},
			more: func(p *planner, d *draft, dir *directory) {
				p.inGrid(d, dir)
				p.atHousehold(d, dir, "place", "")
			},
		}
	case Cares:
		return logForm{
			collection: ledger.Care, unique: true,
			columns:  []string{"name", "care", "need", "kin", "cycle", "basis", "consent", "review", "note"},
			required: []string{"name", "care", "review"},
			passes:   []pass{strong("name", "household", "care"), weak("name", "care"), weak("name")},
			more:     (*planner).caredPerson,
		}
	case Activities:
		return logForm{
			collection: ledger.Activity,
			columns:    []string{"date", "place", "kind", "title", "host", "expected", "present", "content", "recorder", "note"},
			required:   []string{"date", "kind", "title"},
			passes:     []pass{strong("date", "kind", "title"), weak("date", "kind"), weak("kind", "title")},
		}
	}
	return rosterLogOf(k)
}

func rosterLogOf(k Kind) logForm {
	switch k {
	case Mobiles:
		return logForm{
			collection: ledger.Mobile, unique: true,
			columns:  []string{"name", "direction", "reason", "where", "since", "certificate", "host_org", "phone", "online_branch", "contact", "last", "back", "note"},
			required: []string{"name", "direction"},
			passes:   []pass{strong("name", "direction", "since"), weak("name", "direction"), weak("name")},
			more:     (*planner).mobileMember,
		}
	case Resources:
		return logForm{
			collection: ledger.Resource, unique: true,
			columns:  []string{"name", "kind", "offer", "livelihood", "contact", "phone", "when", "note"},
			required: []string{"name", "kind", "offer"},
			passes:   []pass{strong("name", "kind"), weak("name")},
		}
	case HouseChecks:
		return logForm{
			collection: ledger.HouseCheck,
			columns:    []string{"owner", "address", "phone", "floors", "area", "built", "structure", "foundation", "design", "altered", "use", "findings", "grade", "checker", "date"},
			required:   []string{"owner", "address"},
			passes:     []pass{strong("owner", "address", "date"), weak("owner", "date"), weak("address", "date")},
			more:       func(p *planner, d *draft, dir *directory) { p.atHousehold(d, dir, "owner", "address") },
		}
	case Banquets:
		return logForm{
			collection: ledger.Banquet,
			columns:    []string{"host", "phone", "kind", "place", "when", "people", "cook_source", "cook", "health_cert", "guide", "note"},
			required:   []string{"host", "phone", "kind", "place", "when", "people"},
			passes:     []pass{strong("host", "when", "place"), weak("host", "when")},
			more:       func(p *planner, d *draft, dir *directory) { p.atHousehold(d, dir, "host", "place") },
		}
	}
	return logForm{ // Evacs
		collection: ledger.Evac, unique: true,
		columns:  []string{"head", "address", "people", "helped", "danger", "shelter", "guide", "told", "arrived", "note"},
		required: []string{"head", "address", "people", "shelter", "guide"},
		passes:   []pass{strong("head", "address"), weak("head"), weak("address")},
		more:     func(p *planner, d *draft, dir *directory) { p.atHousehold(d, dir, "head", "address") },
	}
}

// ledgerRows reads the rows of a plain ledger.
func (p *planner) ledgerRows(form logForm, rows []*entry) {
	dir := p.directory()
	if form.more != nil {
		dir.loadGrids()
		dir.loadMembers()
		dir.loadHouseholds()
	}
	c := ledger.Must(form.collection)
	var drafts []*draft
	for _, e := range rows {
		d := newDraft(c, e)
		p.take(d, form.columns...)
		if p.lacks(d, form.required...) {
			continue
		}
		if form.more != nil {
			form.more(p, d, dir)
		}
		drafts = append(drafts, d)
	}
	p.match(form.collection, matching{
		drafts: drafts, existing: p.existing(form.collection), unique: form.unique,
		anchor: form.passes[0].keys[:1], passes: form.passes,
	})
	for _, d := range drafts {
		p.account(d.entry, func() { p.apply(d) })
	}
}

// inGrid looks up the grid of a matter, dispute or hazard.
func (p *planner) inGrid(d *draft, dir *directory) {
	d.point("grid", dir.grid(d.entry, "grid"))
}

// atHousehold links a row to its household if just one fits; the row goes in
// either way, with the words as they stand.
func (p *planner) atHousehold(d *draft, dir *directory, nameKey, addressKey string) {
	address := d.entry.text(addressKey)
	n, _ := dir.household(d.entry.text(nameKey), address, "")
	if n == nil {
		if at := dir.byAddress[p.addressKey(d.entry.text(nameKey))]; len(at) == 1 {
			n = at[0]
		}
	}
	if n != nil {
		d.point("household", n)
	}
}

// caredPerson finds whom a care list means: a household by its head, else a
// resident; and the member who looks after them.
func (p *planner) caredPerson(d *draft, dir *directory) {
	e := d.entry
	grid := dir.grid(e, "grid")
	d.point("grid", grid)
	if n, _ := dir.household(e.text("name"), "", ""); n != nil {
		d.point("household", n)
	}
	if e.text("red") == "" {
		return
	}
	if n, _ := dir.member(e.text("red"), "", grid); n != nil {
		d.point("red", n)
		return
	}
	d.put("red_name", p.read(e, "red", d.field("red_name")))
}

// mobileMember finds the member and the branch; a branch elsewhere stays a
// name.
func (p *planner) mobileMember(d *draft, dir *directory) {
	e := d.entry
	if n, _ := dir.member(e.text("name"), e.text("phone"), nil); n != nil {
		d.point("member", n)
	}
	if found := dir.branches[p.branchKey(e.text("branch"))]; len(found) > 0 && e.text("branch") != "" {
		d.point("branch", found[0])
		return
	}
	d.put("branch_name", p.read(e, "branch", d.field("branch_name")))
}
