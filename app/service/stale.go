package service

import (
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// What comes from other laptops comes at any time: between opening a form and
// saving it, between looking at two values and choosing one, between a write
// and its undo. A write says that it has seen what it replaces, so it must not
// replace what its author has not.

// standing lists the values at which a field stands, each once, the oldest
// first; Null if it was never written.
func standing(reg syncproto.Register) []syncproto.Head {
	if len(reg.Heads) == 0 {
		return []syncproto.Head{{}}
	}
	var out []syncproto.Head
	for i := len(reg.Heads) - 1; i >= 0; i-- { // of equal ones the newest
		h := reg.Heads[i]
		if !slices.ContainsFunc(out, func(o syncproto.Head) bool { return o.Value == h.Value }) {
			out = append(out, h)
		}
	}
	slices.Reverse(out)
	return out
}

func valuesOf(heads []syncproto.Head) []syncproto.Value {
	out := make([]syncproto.Value, len(heads))
	for i, h := range heads {
		out[i] = h.Value
	}
	return out
}

// among reports whether v is one of the values, as f reads it: what an older
// version has stored in another form is the same to whoever reads it.
func among(f *ledger.Field, v syncproto.Value, values []syncproto.Value) bool {
	if slices.Contains(values, v) {
		return true
	}
	if f == nil || v.IsNull() {
		return false
	}
	read, err := f.Parse(f.JSON(v))
	return err == nil && slices.Contains(values, read)
}

// same reports whether a field stands at just these values.
func same(f *ledger.Field, heads []syncproto.Head, values []syncproto.Value) bool {
	return len(heads) == len(values) && !slices.ContainsFunc(heads, func(h syncproto.Head) bool { return !among(f, h.Value, values) })
}

// stillStands fails if a field no longer stands where a set says that it must.
func stillStands(c *ledger.Collection, before *syncproto.Record, s edit.Set) error {
	if s.Still == nil {
		return nil
	}
	var reg syncproto.Register
	if before != nil {
		reg = ledger.Register(before, s.Tag)
	}
	f, _ := c.Field(s.Tag)
	if same(f, standing(reg), s.Still) {
		return nil
	}
	label := c.Label
	if f != nil {
		label = f.Label
	}
	return notFoundNow(label)
}

func notFoundNow(label string) error {
	return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "“" + label + "”在这之后又改过，这一步没有做",
		Hint: "现在的内容已经显示出来，请再看一遍；要改，请直接修改。"}
}

// unseen turns the sets of a form that did not show what stands by now into
// ones that put the new value beside it.
func (w *writing) unseen(c *ledger.Collection, before *syncproto.Record, sets []edit.Set) ([]edit.Set, error) {
	if before == nil {
		return sets, nil
	}
	out := slices.Clone(sets)
	for i, s := range out {
		if s.Seen == nil || s.To != 0 {
			continue
		}
		reg, _ := before.Field(s.Tag)
		heads := standing(reg)
		f, _ := c.Field(s.Tag)
		if same(f, heads, s.Seen) {
			continue
		}
		if err := w.refers(c, s); err != nil {
			return nil, err
		}
		heads = slices.DeleteFunc(heads, func(h syncproto.Head) bool { return h.Value == s.Value })
		if len(heads) > 0 {
			out[i].Again = append(heads, syncproto.Head{Value: s.Value})
		}
	}
	return out, nil
}

// replaced is how to put back what a write of values over a register replaces:
// its value, or those between which nobody had decided.
func replaced(t syncproto.Tag, reg syncproto.Register, by ...syncproto.Value) edit.Set {
	before := standing(reg)
	if len(before) == 1 {
		return edit.Set{Tag: t, Value: before[0].Value, Still: by}
	}
	return edit.Set{Tag: t, Again: before, Still: by}
}

// again makes fields stand between several values: a decision is taken back,
// or somebody wrote without having seen what had come. The new stamps are this
// laptop's; it remembers whose the values were.
func (w *writing) again(k syncproto.Key, before *syncproto.Record, sets []edit.Set) (changed bool, err error) {
	undo := edit.Edit{Collection: k.Collection, ID: k.ID}
	for _, s := range sets {
		if s.Again == nil {
			continue
		}
		values := valuesOf(s.Again)
		stamps, err := w.w.Dispute(k, s.Tag, values)
		if err != nil {
			return false, err
		}
		for i, at := range stamps {
			if was := s.Again[i].Stamp; !was.IsZero() {
				w.authors = append(w.authors, reopened{at.String(), was.String()})
			}
		}
		reg, _ := before.Field(s.Tag)
		undo.Set = append(undo.Set, replaced(s.Tag, reg, values...))
	}
	if len(undo.Set) == 0 {
		return false, nil
	}
	w.out.Undo = append(w.out.Undo, undo)
	w.changed(k)
	return true, nil
}

// shownSets adds to the sets of a form what it showed, by the keys of its
// fields. What can no longer be read as a value of its field counts as not
// shown.
func shownSets(c *ledger.Collection, sets []edit.Set, seen map[string][]any) {
	for i := range sets {
		f, ok := c.Field(sets[i].Tag)
		if !ok {
			continue
		}
		shown, told := seen[f.Key]
		if !told {
			continue
		}
		sets[i].Seen = make([]syncproto.Value, 0, len(shown))
		for _, one := range shown {
			if v, err := f.Parse(one); err == nil {
				sets[i].Seen = append(sets[i].Seen, v)
			}
		}
	}
}
