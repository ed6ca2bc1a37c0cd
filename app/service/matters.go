package service

import (
	"fmt"
	"strconv"
	"strings"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// matterNumber returns the next free number of a day: the date, the number of
// this laptop, and a count, so that two laptops offline give no number twice.
func (r reader) matterNumber(day int64) (string, error) {
	meta, err := r.tx.Meta()
	if err != nil {
		return "", err
	}
	prefix := fmt.Sprintf("%s-%d-", strings.ReplaceAll(dateText(day), "-", ""), meta.Replica)
	last := 0
	for e, err := range r.tx.Dates(ledger.Matter, day, day) {
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(fieldsOf(e.Record).text("no"), prefix)); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%s%02d", prefix, last+1), nil
}

// limitDays is the time that a level has to finish a matter, in calendar days;
// 0 if the table has none.
func limitDays(level string) int64 {
	row, ok := ledger.MustTable("matter_level").Row(level)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(row.Limits["finish"], "d"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// steps says, by collection, in which one its steps are kept.
func stepsOf(c syncproto.Collection) (*ledger.Collection, bool) {
	switch c {
	case ledger.Matter:
		return ledger.Must(ledger.MatterStep), true
	case ledger.Dispute:
		return ledger.Must(ledger.DisputeStep), true
	case ledger.Mobile:
		return ledger.Must(ledger.MobileContact), true
	}
	return nil, false
}

// stepEdits adds a step to a record and carries over what the step says of it.
func (r reader) stepEdits(c *ledger.Collection, id syncproto.ID, values map[string]any) ([]edit.Edit, error) {
	steps, ok := stepsOf(c.Number)
	if !ok {
		return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: c.Label + "没有办理过程", Hint: "请直接修改这条资料。"}
	}
	rec, err := r.get(syncproto.Key{Collection: c.Number, ID: id})
	if err != nil {
		return nil, err
	}
	own, _, err := FieldSets(steps, values, nil)
	if err != nil {
		return nil, err
	}
	back, _ := steps.FieldByKey(c.Key)
	own = append(own, edit.Set{Tag: back.Tag, Value: syncproto.RefOf(id)})
	step := edit.Edit{Collection: steps.Number, New: 1, Set: own}

	said := syncproto.NewRecord(steps.Number, syncproto.ID{})
	for _, s := range own {
		said.Write(s.Tag, syncproto.Stamp{}, s.Value)
	}
	over := edit.Edit{Collection: c.Number, ID: id, Set: carried(c, rec, fieldsOf(said))}
	if len(over.Set) == 0 {
		return []edit.Edit{step}, nil
	}
	return []edit.Edit{step, over}, nil
}

// carried is what a step changes in the record that it belongs to.
func carried(c *ledger.Collection, rec *syncproto.Record, step fields) []edit.Set {
	var out []edit.Set
	set := func(key string, v syncproto.Value) {
		if f, ok := c.FieldByKey(key); ok && !v.IsNull() && rec.Value(f.Tag) != v {
			out = append(out, edit.Set{Tag: f.Tag, Value: v})
		}
	}
	for _, key := range [...]string{"state", "handler", "side", "deadline", "level", "reason"} {
		set(key, step.value(key))
	}
	date, state := step.value("date"), step.text("state")
	switch c.Number {
	case ledger.Mobile:
		set("last", date)
	case ledger.Dispute:
		set("mediator", step.value("by"))
		switch state {
		case "agreed_oral":
			set("agreement", syncproto.TextOf("oral"))
			set("closed", date)
		case "agreed_written":
			set("agreement", syncproto.TextOf("written"))
			set("closed", date)
		case "refused", "failed":
			set("closed", date)
		}
	case ledger.Matter:
		out = append(out, carriedMatter(rec, step, state, date)...)
	}
	return out
}

// carriedMatter: feedback has to be on record before a matter counts as
// finished with, and a matter that is taken up again is open.
func carriedMatter(rec *syncproto.Record, step fields, state string, date syncproto.Value) []edit.Set {
	set := func(key string, v syncproto.Value) []edit.Set {
		return []edit.Set{{Tag: tagOf(ledger.Matter, key), Value: v}}
	}
	switch state {
	case "accepted":
		if fieldsOf(rec).int("accepted") == 0 {
			return set("accepted", date)
		}
	case "resolved":
		return append(set("closed", date), set("result", step.value("content"))...)
	case "feedback":
		return append(set("feedback_date", date), set("feedback", syncproto.TextOf(clip(joined(" ", dateText(date.Int()), step.text("content")), 150)))...)
	case "reopened":
		return set("closed", syncproto.Value{})
	}
	return nil
}
