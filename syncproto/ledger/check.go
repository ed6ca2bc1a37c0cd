package ledger

import (
	"strings"

	"gridbook/syncproto"
)

// CheckFields checks each field of rec by itself, every head of it: the kind
// of its value and its length. It is what may be asked of a delta. Unknown
// collections and tags pass untouched: they come from a newer peer. So do
// unknown codes.
func CheckFields(rec *syncproto.Record) error {
	c, ok := Lookup(rec.Collection)
	if !ok {
		return nil
	}
	for _, reg := range rec.Fields {
		f, ok := c.Field(reg.Tag)
		if !ok {
			continue
		}
		for _, head := range reg.Heads {
			if err := f.fits(head.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check checks a whole record: CheckFields, and unless it was deleted that
// all required fields are there.
func Check(rec *syncproto.Record) error {
	if err := CheckFields(rec); err != nil {
		return err
	}
	if err := checkArrived(rec); err != nil {
		return err
	}
	c, ok := Lookup(rec.Collection)
	if mark, _ := rec.Field(TagDeleted); !ok || !mark.Conflicted() && mark.Shown().Value.Bool() {
		return nil // also if somebody disputes it: what was deleted may lack what is required by now
	}
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Required && rec.Value(f.Tag).IsNull() {
			return f.Missing()
		}
	}
	for _, group := range c.OneOf {
		if err := c.checkOneOf(rec, group); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collection) checkOneOf(rec *syncproto.Record, group []string) error {
	labels := make([]string, 0, len(group))
	for _, key := range group {
		f, _ := c.FieldByKey(key)
		if !rec.Value(f.Tag).IsNull() {
			return nil
		}
		labels = append(labels, f.Label)
	}
	return &syncproto.Error{
		Code:    syncproto.CodeField,
		Message: "“" + strings.Join(labels, "”或“") + "”至少要填一项",
		Hint:    "请补上其中一项后再试",
		Err:     CauseRequired,
	}
}
