package service

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// fields reads the fields of a record by their keys; a key that its collection
// does not have reads as empty.
type fields struct {
	rec *syncproto.Record
	of  *ledger.Collection
}

func fieldsOf(rec *syncproto.Record) fields {
	c, _ := ledger.Lookup(rec.Collection)
	return fields{rec, c}
}

func (f fields) value(key string) syncproto.Value {
	if f.of == nil {
		return syncproto.Value{}
	}
	field, ok := f.of.FieldByKey(key)
	if !ok {
		return syncproto.Value{}
	}
	return f.rec.Value(field.Tag)
}

func (f fields) text(key string) string      { return f.value(key).Text() }
func (f fields) int(key string) int64        { return f.value(key).Int() }
func (f fields) ref(key string) syncproto.ID { return f.value(key).Ref() }

// words returns a field's value as people read it.
func (f fields) words(key string) string {
	if f.of == nil {
		return ""
	}
	field, ok := f.of.FieldByKey(key)
	if !ok {
		return ""
	}
	return field.Text(f.rec.Value(field.Tag))
}

// tagOf returns the tag of a field that this program knows to be there.
func tagOf(c syncproto.Collection, key string) syncproto.Tag { return ledger.Must(c).Tag(key) }
