package importer

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"

	"golang.org/x/text/unicode/norm"
)

// node is a record that is there or that the plan creates, with what the plan
// writes into it.
type node struct {
	c         *ledger.Collection
	rec       *syncproto.Record // nil for a new one
	handle    edit.Handle       // of a new one
	companion *node             // the record whose id a new one takes
	sets      []edit.Set
	stated    map[syncproto.Tag]*entry // by which row of the file
	// extra are parts for matching that the record itself does not hold: the
	// ID number of a resident.
	extra map[string]string
}

// name identifies the node in keys and as the target of references.
func (n *node) name() string {
	if n.rec != nil {
		return n.rec.ID.String()
	}
	return fmt.Sprintf("#%d", n.handle)
}

// value returns the value as it will be, Null for a reference to a new record.
func (n *node) value(key string) syncproto.Value {
	tag := n.c.Tag(key)
	for i := len(n.sets) - 1; i >= 0; i-- {
		if n.sets[i].Tag == tag {
			return n.sets[i].Value
		}
	}
	if n.rec == nil {
		return syncproto.Value{}
	}
	return n.rec.Value(tag)
}

func (n *node) text(key string) string { return n.value(key).Text() }

// target returns the name of the node that a reference points to, "" if none.
func (n *node) target(key string) string {
	tag := n.c.Tag(key)
	for i := len(n.sets) - 1; i >= 0; i-- {
		if n.sets[i].Tag == tag && n.sets[i].To != 0 {
			return fmt.Sprintf("#%d", n.sets[i].To)
		}
	}
	if id := n.value(key).Ref(); !id.IsZero() {
		return id.String()
	}
	return ""
}

// part returns a field in the form in which two ways of writing it are equal,
// "" if it is empty.
func (n *node) part(key string) string {
	if s, ok := n.extra[key]; ok {
		return s
	}
	f, ok := n.c.FieldByKey(key)
	if !ok {
		return ""
	}
	if f.Type == ledger.Ref {
		return n.target(key)
	}
	return partOf(f, n.value(key))
}

func partOf(f *ledger.Field, v syncproto.Value) string {
	switch {
	case v.IsNull():
		return ""
	case f.Type == ledger.Partial:
		s := ledger.PartialOf(v.Int()).String()
		return s[:min(len(s), len("1962-08"))]
	case v.Kind() == syncproto.Text && f.Type != ledger.Enum:
		return plain(v.Text())
	}
	return v.String()
}

// plain is a text without width, case and spaces.
func plain(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(s)), ""))
}

// edit returns the edit of the node, false if nothing changes.
func (n *node) edit() (edit.Edit, bool) {
	e := edit.Edit{Collection: n.c.Number, Set: n.sets}
	switch {
	case n.rec != nil:
		e.ID = n.rec.ID
		e.Set = slices.DeleteFunc(e.Set, func(s edit.Set) bool { return s.To == 0 && s.Value == n.rec.Value(s.Tag) })
		return e, len(e.Set) > 0
	case n.companion == nil:
		e.New = n.handle
	case n.companion.rec != nil:
		e.New, e.CompanionOf = n.handle, n.companion.rec.ID
	default:
		e.New, e.Companion = n.handle, n.companion.handle
	}
	return e, true
}

// draft is a row that becomes a record, new or there already.
type draft struct {
	c     *ledger.Collection
	entry *entry
	vals  []draftValue
	extra map[string]string // as node.extra
	node  *node             // once matched or created
}

// draftValue is a field that the row fills in: a value, or a reference.
type draftValue struct {
	field *ledger.Field
	value syncproto.Value
	to    *node
}

func newDraft(c *ledger.Collection, e *entry) *draft { return &draft{c: c, entry: e} }

// field returns a field by key; a key that the schema lacks is a mistake here.
func (d *draft) field(key string) *ledger.Field {
	f, ok := d.c.FieldByKey(key)
	if !ok {
		panic("importer: " + d.c.Key + " has no field " + key)
	}
	return f
}

func (d *draft) put(key string, v syncproto.Value) {
	if !v.IsNull() {
		d.vals = append(d.vals, draftValue{field: d.field(key), value: v})
	}
}

func (d *draft) point(key string, to *node) {
	if to != nil {
		d.vals = append(d.vals, draftValue{field: d.field(key), to: to})
	}
}

// to returns the node to which the row points, nil if to none.
func (d *draft) to(key string) *node {
	for _, v := range d.vals {
		if v.field.Key == key {
			return v.to
		}
	}
	return nil
}

// part is node.part for what the row says.
func (d *draft) part(key string) string {
	if s, ok := d.extra[key]; ok {
		return s
	}
	for _, v := range d.vals {
		switch {
		case v.field.Key != key:
		case v.to != nil:
			return v.to.name()
		default:
			return partOf(v.field, v.value)
		}
	}
	return ""
}

func (d *draft) value(key string) syncproto.Value {
	for _, v := range d.vals {
		if v.field.Key == key {
			return v.value
		}
	}
	return syncproto.Value{}
}
