package importer

import (
	"slices"
	"strings"
)

// pass is one way of telling that a row is a record that is there: all its
// fields are filled in on both sides and equal.
type pass struct {
	keys []string
	// weak passes hold only if as many rows as records share the key, so that
	// no row is taken for another's record.
	weak bool
	// veto, if set, refuses a pair although its key is equal.
	veto func(*draft, *node) bool
	// apart, if set, keeps two rows of a strong key from being one record.
	apart func(a, b *draft) bool
}

func strong(keys ...string) pass { return pass{keys: keys} }
func weak(keys ...string) pass   { return pass{keys: keys, weak: true} }

func (p pass) but(veto func(*draft, *node) bool) pass {
	p.veto = veto
	return p
}

// key joins the parts, "" if one is missing.
func (p pass) key(part func(string) string) string {
	parts := make([]string, len(p.keys))
	for i, k := range p.keys {
		if parts[i] = part(k); parts[i] == "" {
			return ""
		}
	}
	return strings.Join(parts, "\x00")
}

// matching finds, for each row of a table, the record that it is about.
type matching struct {
	drafts   []*draft
	existing []*node
	// anchor are the fields without which no record is thought the same.
	anchor []string
	passes []pass
	// unique: rows that share a strong key are one record, a person named
	// twice. Without, each row is a record of its own, two visits on one day,
	// and they pair in order.
	unique bool

	group map[*draft]*draft // row → first row of the same record
	nodes map[*draft]*node  // first row → record
	taken map[*node]bool
}

// run gives every row its node, and creates one for what is new. A record
// that is there goes to the rows that name it most exactly, and to no others.
func (m *matching) run(create func() *node) {
	m.taken = map[*node]bool{}
	m.nodes = map[*draft]*node{}
	m.group = map[*draft]*draft{}
	for _, d := range m.drafts {
		m.group[d] = d
	}
	if m.unique {
		m.join()
	}
	for _, p := range m.passes {
		if !p.weak {
			m.byKey(p)
		}
	}
	m.bySame()
	for _, p := range m.passes {
		if p.weak {
			m.byKey(p)
		}
	}
	for _, d := range m.drafts {
		first := m.group[d]
		if m.nodes[first] == nil {
			m.nodes[first] = create()
		}
		d.node = m.nodes[first]
	}
}

// give hands a record to the group of a row.
func (m *matching) give(d *draft, n *node) {
	m.nodes[m.group[d]] = n
	m.taken[n] = true
}

// join puts rows that share a strong key into one group, named by its first
// row.
func (m *matching) join() {
	var root func(*draft) *draft
	root = func(d *draft) *draft {
		if m.group[d] != d {
			m.group[d] = root(m.group[d])
		}
		return m.group[d]
	}
	place := make(map[*draft]int, len(m.drafts))
	for i, d := range m.drafts {
		place[d] = i
	}
	for _, p := range m.passes {
		if p.weak {
			continue
		}
		seen := map[string]*draft{}
		for _, d := range m.drafts {
			k := p.key(d.part)
			if k == "" {
				continue
			}
			if seen[k] == nil {
				seen[k] = d
				continue
			}
			if p.apart != nil && p.apart(seen[k], d) {
				continue
			}
			a, b := root(seen[k]), root(d)
			if place[a] > place[b] {
				a, b = b, a
			}
			m.group[b] = a
		}
	}
	for _, d := range m.drafts {
		m.group[d] = root(d)
	}
}

// byKey pairs groups of rows, and records that are nobody's yet, of equal
// keys: in order, weak ones only if there are as many of both.
func (m *matching) byKey(p pass) {
	rows := map[string][]*draft{}
	var order []string
	for _, d := range m.drafts {
		if m.nodes[m.group[d]] != nil || p.weak && m.group[d] != d {
			continue
		}
		if k := p.key(d.part); k != "" {
			if rows[k] == nil {
				order = append(order, k)
			}
			if !slices.ContainsFunc(rows[k], func(o *draft) bool { return m.group[o] == m.group[d] }) || !m.unique {
				rows[k] = append(rows[k], d)
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	nodes := map[string][]*node{}
	for _, n := range m.existing {
		if k := p.key(n.part); k != "" && rows[k] != nil && !m.taken[n] {
			nodes[k] = append(nodes[k], n)
		}
	}
	for _, k := range order {
		if there := nodes[k]; !p.weak || len(there) == len(rows[k]) {
			m.pair(p, rows[k], there)
		}
	}
}

func (m *matching) pair(p pass, rows []*draft, nodes []*node) {
	for i := range min(len(rows), len(nodes)) {
		d, n := rows[i], nodes[i]
		free := m.nodes[m.group[d]] == nil && !m.taken[n]
		if free && (p.veto == nil || !p.veto(d, n)) {
			m.give(d, n)
		}
	}
}

// bySame pairs rows with a record of the same anchor that says all that the
// first of them says: so a table that was taken in finds its records again
// even where they lack what strong passes ask for.
func (m *matching) bySame() {
	anchor := pass{keys: m.anchor}
	nodes := map[string][]*node{}
	for _, n := range m.existing {
		if k := anchor.key(n.part); k != "" && !m.taken[n] {
			nodes[k] = append(nodes[k], n)
		}
	}
	var rows []*draft
	for _, d := range m.drafts {
		if m.group[d] == d && m.nodes[d] == nil {
			rows = append(rows, d)
		}
	}
	slices.SortStableFunc(rows, func(a, b *draft) int { return len(b.vals) - len(a.vals) }) // who says most first
	for _, d := range rows {
		for _, n := range nodes[anchor.key(d.part)] {
			if !m.taken[n] && says(n, d) {
				m.give(d, n)
				break
			}
		}
	}
}

func says(n *node, d *draft) bool {
	for _, v := range d.vals {
		if d.part(v.field.Key) != n.part(v.field.Key) {
			return false
		}
	}
	for key, part := range d.extra {
		if part != "" && part != n.part(key) {
			return false
		}
	}
	return true
}
