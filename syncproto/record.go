package syncproto

import (
	"cmp"
	"slices"
)

// Field is one register of a record.
type Field struct {
	Tag Tag
	Register
}

// Record is a named set of registers. A delta is a Record with only some of
// the fields; joining it is the same as joining the whole.
type Record struct {
	Key
	Fields []Field // sorted by tag
}

// NewRecord returns an empty record.
func NewRecord(c Collection, id ID) *Record { return &Record{Key: Key{c, id}} }

// Field returns the register of tag and whether the record has one.
func (r *Record) Field(t Tag) (Register, bool) {
	i, ok := r.find(t)
	if !ok {
		return Register{}, false
	}
	return r.Fields[i].Register, true
}

func (r *Record) find(t Tag) (int, bool) {
	return slices.BinarySearchFunc(r.Fields, t, func(f Field, t Tag) int { return cmp.Compare(f.Tag, t) })
}

// Value returns the value shown for tag, Null if there is none.
func (r *Record) Value(t Tag) Value {
	reg, _ := r.Field(t)
	return reg.Shown().Value
}

// Write sets a field as a write that saw all of its heads.
func (r *Record) Write(t Tag, at Stamp, v Value) {
	i, ok := r.find(t)
	if ok {
		r.Fields[i].Register = r.Fields[i].Write(at, v)
		return
	}
	r.Fields = slices.Insert(r.Fields, i, Field{t, Written(at, v)})
}

// Join joins o into r and reports which tags changed. Both must have the same
// key.
func (r *Record) Join(o *Record) (changed []Tag) {
	for _, f := range o.Fields {
		i, ok := r.find(f.Tag)
		if !ok {
			r.Fields = slices.Insert(r.Fields, i, f)
			changed = append(changed, f.Tag)
			continue
		}
		if joined := r.Fields[i].Join(f.Register); !joined.Equal(r.Fields[i].Register) {
			r.Fields[i].Register = joined
			changed = append(changed, f.Tag)
		}
	}
	return changed
}

// Clone returns a copy that shares only immutable parts.
func (r *Record) Clone() *Record {
	return &Record{Key: r.Key, Fields: slices.Clone(r.Fields)}
}

// Only returns the delta of r with the given tags.
func (r *Record) Only(tags []Tag) *Record {
	out := &Record{Key: r.Key}
	for _, f := range r.Fields {
		if slices.Contains(tags, f.Tag) {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}

// Equal reports whether both are the same in every stamp and value.
func (r *Record) Equal(o *Record) bool {
	return r.Key == o.Key && slices.EqualFunc(r.Fields, o.Fields, func(a, b Field) bool {
		return a.Tag == b.Tag && a.Register.Equal(b.Register)
	})
}

// Newest returns the greatest time that occurs in r.
func (r *Record) Newest() Time {
	t := r.ID.Time
	for _, f := range r.Fields {
		for _, h := range f.Heads {
			t = max(t, h.Stamp.Time)
		}
		for _, s := range f.Seen {
			t = max(t, s.Time)
		}
	}
	return t
}

// Conflicts returns the tags that people have to decide.
func (r *Record) Conflicts() []Tag {
	var out []Tag
	for _, f := range r.Fields {
		if f.Conflicted() {
			out = append(out, f.Tag)
		}
	}
	return out
}
