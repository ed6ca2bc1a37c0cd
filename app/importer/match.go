package importer

import "strings"

// pass is one way of telling that a row is a record that is there: all its
// fields are filled in on both sides and equal.
type pass struct {
	keys []string
	// weak passes hold only if as many rows as records share the key, so that
	// no row is taken for another's record.
	weak bool
	// veto, if set, refuses a pair although its key is equal.
	veto func(*draft, *node) bool
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

// match gives drafts the nodes of the records that they are, trying one pass
// after the other. With unique, rows of the same strong key are the same
// record (a roster names a person twice); without, each is one of its own (two
// visits on one day) and they pair in order.
func match(drafts []*draft, existing []*node, passes []pass, unique bool) {
	taken := map[*node]bool{}
	for _, p := range passes {
		rows := map[string][]*draft{}
		var order []string
		for _, d := range drafts {
			if d.node != nil {
				continue
			}
			if k := p.key(d.part); k != "" {
				if rows[k] == nil {
					order = append(order, k)
				}
				rows[k] = append(rows[k], d)
			}
		}
		if len(rows) == 0 {
			continue
		}
		nodes := map[string][]*node{}
		for _, n := range existing {
			if taken[n] {
				continue
			}
			if k := p.key(n.part); k != "" && rows[k] != nil {
				nodes[k] = append(nodes[k], n)
			}
		}
		for _, k := range order {
			if there := nodes[k]; len(there) > 0 {
				p.pair(rows[k], there, taken, unique)
			}
		}
	}
}

// pair joins rows and records of one key.
func (p pass) pair(rows []*draft, nodes []*node, taken map[*node]bool, unique bool) {
	if p.weak && len(rows) != len(nodes) {
		return
	}
	for i, d := range rows {
		j := i
		if unique && !p.weak {
			j = 0
		}
		if j >= len(nodes) {
			return
		}
		if p.veto == nil || !p.veto(d, nodes[j]) {
			d.node = nodes[j]
			taken[nodes[j]] = true
		}
	}
}

// fold finds, among rows that are new, those that say the same record again,
// and calls create for each of the others. It looks at strong passes alone.
func fold(drafts []*draft, passes []pass, unique bool, create func(*draft) *node) {
	made := map[string]*node{}
	for _, d := range drafts {
		if d.node != nil {
			continue
		}
		var keys []string
		for i, p := range passes {
			if k := p.key(d.part); k != "" && !p.weak && unique {
				keys = append(keys, string(rune('0'+i))+k)
			}
		}
		for _, k := range keys {
			if n := made[k]; n != nil {
				d.node = n
				break
			}
		}
		if d.node == nil {
			d.node = create(d)
		}
		for _, k := range keys {
			if made[k] == nil {
				made[k] = d.node
			}
		}
	}
}
