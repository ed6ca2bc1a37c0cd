package service

import (
	"fmt"
	"slices"

	"gridbook/app/edit"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// changes collects the edits of one action.
type changes struct{ edits []edit.Edit }

// set changes fields of a record.
func (c *changes) set(of syncproto.Collection, id syncproto.ID, sets ...edit.Set) {
	if len(sets) > 0 {
		c.edits = append(c.edits, edit.Edit{Collection: of, ID: id, Set: sets})
	}
}

// add makes a record.
func (c *changes) add(of syncproto.Collection, sets ...edit.Set) edit.Handle {
	handle := edit.Handle(len(c.edits) + 1)
	sets = slices.DeleteFunc(sets, func(s edit.Set) bool { return s.To == 0 && s.Value.IsNull() })
	c.edits = append(c.edits, edit.Edit{Collection: of, New: handle, Set: sets})
	return handle
}

// val gives a field a value by its key.
func val(of syncproto.Collection, key string, v syncproto.Value) edit.Set {
	return edit.Set{Tag: tagOf(of, key), Value: v}
}

// textValue and refValue are values of fields; nothing is no value.
func textValue(s string) syncproto.Value {
	if s == "" {
		return syncproto.Value{}
	}
	return syncproto.TextOf(s)
}

func refValue(id syncproto.ID) syncproto.Value {
	if id.IsZero() {
		return syncproto.Value{}
	}
	return syncproto.RefOf(id)
}

// idsOf reads a list of ids.
func idsOf(texts []string) ([]syncproto.ID, error) {
	out := make([]syncproto.ID, 0, len(texts))
	for _, t := range texts {
		id, err := parseID(t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// gridNamed finds a grid of a village by id, code or name.
func (r reader) gridNamed(village, ref string) (*roster.Grid, error) {
	var found []*roster.Grid
	for _, g := range r.gridsOf(village) {
		if g.ID.String() == ref || g.Code != "" && g.Code == ref {
			return g, nil
		}
		if g.Name == ref {
			found = append(found, g)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, &syncproto.Error{Code: syncproto.CodeNotFound, Message: r.placeName(village) + "没有“" + clip(ref, 30) + "”这个网格",
			Hint: "请写网格的名称、编码或编号，可用 gridbook list grid 查到。"}
	}
	return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: fmt.Sprintf("有 %d 个网格叫“%s”", len(found), clip(ref, 30)), Hint: "请写网格的编码或编号。"}
}

// together lists a household and what was merged with it.
func (r reader) together(id syncproto.ID) []syncproto.ID {
	if group := r.roster.Group(id); group != nil {
		return group
	}
	return []syncproto.ID{id}
}

// goal is the grid, and perhaps the village, to which households go.
type goal struct {
	village string       // "": they stay in theirs
	grid    syncproto.ID // zero: none yet
	made    edit.Handle  // in place of grid: the one that the same edits make
	micros  []syncproto.ID
	words   string
}

func (g goal) set(of syncproto.Collection, key string) edit.Set {
	return edit.Set{Tag: tagOf(of, key), Value: refValue(g.grid), To: g.made}
}

// openByHousehold lists the open matters, disputes and hazards by household.
func (r reader) openByHousehold() map[syncproto.ID][]syncproto.Key {
	out := map[syncproto.ID][]syncproto.Key{}
	for k, n := range r.derived.open {
		if id := r.roster.Resolve(n.household); !id.IsZero() {
			out[id] = append(out[id], k)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, syncproto.Key.Compare)
	}
	return out
}

// relocate writes down that a household, with what is open about it, is of
// another grid. What is closed keeps the grid in which it was.
func (r reader) relocate(c *changes, h *roster.Household, g goal, open []syncproto.Key) error {
	for _, k := range open {
		rec, err := r.get(k)
		if err != nil {
			return err
		}
		if !fieldsOf(rec).ref("grid").IsZero() {
			c.set(k.Collection, k.ID, g.set(k.Collection, "grid"))
		}
	}
	for _, mark := range r.roster.CaresOf(h.ID) {
		if !roster.Now(mark.From, mark.To, r.today()) {
			continue
		}
		rec, err := r.get(syncproto.Key{Collection: ledger.Care, ID: mark.ID})
		if err != nil {
			return err
		}
		if !fieldsOf(rec).ref("grid").IsZero() {
			c.set(ledger.Care, mark.ID, g.set(ledger.Care, "grid"))
		}
	}
	for _, id := range r.together(h.ID) {
		sets := []edit.Set{g.set(ledger.Household, "grid")}
		rec, err := r.get(syncproto.Key{Collection: ledger.Household, ID: id})
		if err != nil {
			return err
		}
		if micro := fieldsOf(rec).ref("microgrid"); !micro.IsZero() && !slices.Contains(g.micros, micro) {
			sets = append(sets, val(ledger.Household, "microgrid", syncproto.Value{}))
		}
		if g.village != "" {
			sets = append(sets, edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(g.village)})
		}
		c.set(ledger.Household, id, sets...)
	}
	return nil
}

// endLinks ends the links of a household that over says, and returns the names
// of the members.
func (r reader) endLinks(c *changes, h *roster.Household, why string, over func(*roster.Link) bool) []string {
	var names []string
	links := slices.SortedFunc(slices.Values(r.roster.LinksTo(h.ID)), func(a, b *roster.Link) int { return a.ID.Compare(b.ID) })
	for _, l := range links {
		if !roster.Now(0, l.To, r.today()) || !over(l) {
			continue
		}
		sets := []edit.Set{val(ledger.Link, "to", syncproto.IntOf(max(r.today(), l.From)))}
		name := r.nameOf("member", l.Member)
		if note := joined("；", why, name); note != "" {
			sets = append(sets, val(ledger.Link, "handover", syncproto.TextOf(clip(note, 90))))
		}
		c.set(ledger.Link, l.ID, sets...)
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
