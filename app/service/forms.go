package service

import (
	"maps"
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// FieldSets turns named values, as JSON gives them, into sets of a collection's
// fields. Values of fields that only a companion collection has, such as a
// resident's id_no, are returned by that companion. refs, which may be nil,
// finds the handle behind a name given instead of an id. Errors are of
// CodeField.
func FieldSets(c *ledger.Collection, values map[string]any, refs func(name string) (edit.Handle, bool)) (own []edit.Set, companions map[*ledger.Collection][]edit.Set, err error) {
	companions = map[*ledger.Collection][]edit.Set{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		in, f, ok := findField(c, key)
		if !ok {
			return nil, nil, &syncproto.Error{Code: syncproto.CodeField, Message: c.Label + "没有“" + clip(key, 30) + "”这一项",
				Hint: "可用 gridbook schema 查看有哪些项。"}
		}
		set, err := fieldSet(f, values[key], refs)
		if err != nil {
			return nil, nil, err
		}
		if in == c {
			own = append(own, set)
		} else {
			companions[in] = append(companions[in], set)
		}
	}
	return own, companions, nil
}

func findField(c *ledger.Collection, key string) (*ledger.Collection, *ledger.Field, bool) {
	if f, ok := c.FieldByKey(key); ok {
		return c, f, true
	}
	for _, companion := range companionsOf(c.Number) {
		if f, ok := companion.FieldByKey(key); ok {
			return companion, f, true
		}
	}
	return nil, nil, false
}

func fieldSet(f *ledger.Field, value any, refs func(string) (edit.Handle, bool)) (edit.Set, error) {
	if name, ok := value.(string); ok && f.Type == ledger.Ref && refs != nil {
		if h, known := refs(name); known {
			return edit.Set{Tag: f.Tag, To: h}, nil
		}
	}
	v, err := f.Parse(value)
	return edit.Set{Tag: f.Tag, Value: v}, err
}

// saveEdits makes the edits that write named values to a record, or to a new
// one with a zero id.
func saveEdits(c *ledger.Collection, id syncproto.ID, values map[string]any) ([]edit.Edit, error) {
	own, companions, err := FieldSets(c, values, nil)
	if err != nil {
		return nil, err
	}
	main := edit.Edit{Collection: c.Number, ID: id, Set: own}
	if id.IsZero() {
		main.New = 1
	}
	edits := []edit.Edit{main}
	for _, companion := range companionsOf(c.Number) {
		sets := slices.DeleteFunc(companions[companion], func(s edit.Set) bool { return id.IsZero() && s.Value.IsNull() })
		if len(sets) > 0 {
			edits = append(edits, edit.Edit{Collection: companion.Number, Companion: main.New, CompanionOf: id, Set: sets})
		}
	}
	return edits, nil
}

// draftEdits makes the edits that save a visit, and the matter of its request
// if one is wanted and the visit has none yet.
func (r reader) draftEdits(d VisitDraft) ([]edit.Edit, error) {
	c := ledger.Must(ledger.Visit)
	values := map[string]any{
		"date": d.Date, "mode": d.Mode, "visitor": d.Visitor, "visitor_name": d.VisitorName, "companions": d.Companions,
		"household": d.Household, "situation": d.Situation, "request": d.Request, "livelihood": d.Livelihood,
		"done_on_spot": d.DoneOnSpot, "next_date": d.NextDate, "note": d.Note,
	}
	if d.ID != "" {
		r.leaveUntouched(values, d.Seen)
	}
	own, _, err := FieldSets(c, values, nil)
	if err != nil {
		return nil, err
	}
	shownSets(c, own, d.Seen)
	visit := edit.Edit{Collection: ledger.Visit, New: 1, Set: own}
	if d.ID != "" {
		visit.New = 0
		if visit.ID, err = parseID(d.ID); err != nil {
			return nil, err
		}
	}
	if d.MakeMatter && d.ID != "" {
		has, err := r.hasMatter(visit.ID)
		if err != nil {
			return nil, err
		}
		d.MakeMatter = !has
	}
	if !d.MakeMatter {
		return []edit.Edit{visit}, nil
	}
	matter, err := r.matterEdit(d)
	if err != nil {
		return nil, err
	}
	number := matter.Set[0].Value
	from := edit.Set{Tag: tagOf(ledger.Matter, "visit"), To: visit.New, Value: syncproto.RefOf(visit.ID)}
	if visit.New != 0 {
		from.Value = syncproto.Value{}
	}
	matter.Set = append(matter.Set, from)
	visit.Set = append(visit.Set, edit.Set{Tag: tagOf(ledger.Visit, "matter"), To: matter.New},
		edit.Set{Tag: tagOf(ledger.Visit, "matter_no"), Value: number})
	return []edit.Edit{visit, matter}, nil
}

// hasMatter reports whether a visit's request has become a matter that stands.
func (r reader) hasMatter(visit syncproto.ID) (bool, error) {
	rec, err := r.get(syncproto.Key{Collection: ledger.Visit, ID: visit})
	if err != nil {
		return false, err
	}
	id := fieldsOf(rec).ref("matter")
	if id.IsZero() {
		return false, nil
	}
	matter, err := r.tx.Get(syncproto.Key{Collection: ledger.Matter, ID: id})
	return err == nil && (matter == nil || !ledger.Deleted(matter)), err
}

// leaveUntouched takes out of a changed visit what stands in its form as the
// form showed it: what others have written there since is theirs.
func (r reader) leaveUntouched(values map[string]any, seen map[string][]any) {
	for key, shown := range seen {
		if len(shown) == 0 {
			continue
		}
		last := shown[len(shown)-1]
		if text, ok := last.(string); ok && key == "household" {
			if id, err := parseID(text); err == nil {
				last = idText(r.roster.Resolve(id)) // as the form shows it
			}
		}
		if last == nil {
			last = ""
		}
		if values[key] == last {
			delete(values, key)
		}
	}
}

// visitSeen is what the form of a visit shows, as SaveVisit wants it back.
func visitSeen(rec *syncproto.Record) map[string][]any {
	c := ledger.Must(ledger.Visit)
	out := map[string][]any{}
	for _, key := range visitFields() {
		f, _ := c.FieldByKey(key)
		reg, _ := rec.Field(f.Tag)
		for _, h := range standing(reg) {
			var shown any
			if !h.Value.IsNull() {
				shown = f.JSON(h.Value)
			}
			out[key] = append(out[key], shown)
		}
	}
	return out
}

// visitFields are the fields of a visit that its form has.
func visitFields() []string {
	return []string{"date", "mode", "visitor", "visitor_name", "companions", "household", "situation", "request",
		"livelihood", "done_on_spot", "next_date", "note"}
}

// matterEdit makes a matter of a visit's request. Its number comes first.
func (r reader) matterEdit(d VisitDraft) (edit.Edit, error) {
	if d.Request == "" {
		return edit.Edit{}, &syncproto.Error{Code: syncproto.CodeField, Message: "还没有写困难与诉求，不能转为事项",
			Hint: "请先写下群众反映了什么。"}
	}
	day, ok := dayOfText(d.Date)
	if !ok {
		return edit.Edit{}, badDate(d.Date)
	}
	no, err := r.matterNumber(day)
	if err != nil {
		return edit.Edit{}, err
	}
	values := map[string]any{
		"date": d.Date, "source": "visit", "household": d.Household, "category": firstOf(d.MatterCategory, d.Livelihood, "L9"),
		"content": d.Request, "level": "village", "state": "reported", "heard": "request",
	}
	if id, err := parseID(d.Household); err == nil {
		if h, ok := r.roster.Households[id]; ok {
			values["person"], values["phone"] = h.Head, r.phoneOf(h)
		}
	}
	if n := limitDays("village"); n > 0 {
		values["deadline"] = dateText(day + n)
	}
	own, _, err := FieldSets(ledger.Must(ledger.Matter), values, nil)
	number := edit.Set{Tag: tagOf(ledger.Matter, "no"), Value: syncproto.TextOf(no)}
	return edit.Edit{Collection: ledger.Matter, New: 2, Set: append([]edit.Set{number}, own...)}, err
}
