package bridge

import (
	"encoding"
	"encoding/json"
	"reflect"
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// withoutNil returns v with every nil slice and map in it replaced by an empty
// one. encoding/json writes nil ones as null, and a list that is sometimes
// null breaks a screen only on the day when the list is empty. What may hold
// a nil one is copied: the value may be shared with the service.
func withoutNil(v reflect.Value) reflect.Value {
	return filler{}.fill(v)
}

// filler remembers, for the length of one result, which types can hold a nil
// slice or map at all, so that the rows of a long list are not each looked
// through for nothing.
type filler map[reflect.Type]bool

func (f filler) fill(v reflect.Value) reflect.Value {
	t := v.Type()
	if !f.mayHoldNil(t) {
		return v
	}
	switch t.Kind() {
	case reflect.Slice:
		return f.fillSlice(v)
	case reflect.Map:
		return f.fillMap(v)
	case reflect.Struct:
		c := reflect.New(t).Elem()
		c.Set(v)
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				c.Field(i).Set(f.fill(v.Field(i)))
			}
		}
		return c
	case reflect.Array:
		c := reflect.New(t).Elem()
		for i := range v.Len() {
			c.Index(i).Set(f.fill(v.Index(i)))
		}
		return c
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(t.Elem())
		c.Elem().Set(f.fill(v.Elem()))
		return c
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		c := reflect.New(t).Elem()
		c.Set(f.fill(v.Elem()))
		return c
	}
	return v
}

func (f filler) fillSlice(v reflect.Value) reflect.Value {
	t := v.Type()
	if v.IsNil() {
		return reflect.MakeSlice(t, 0, 0)
	}
	if !f.mayHoldNil(t.Elem()) {
		return v
	}
	c := reflect.MakeSlice(t, v.Len(), v.Len())
	for i := range v.Len() {
		c.Index(i).Set(f.fill(v.Index(i)))
	}
	return c
}

func (f filler) fillMap(v reflect.Value) reflect.Value {
	t := v.Type()
	if v.IsNil() {
		return reflect.MakeMap(t)
	}
	if !f.mayHoldNil(t.Elem()) {
		return v
	}
	c := reflect.MakeMapWithSize(t, v.Len())
	for k, e := range v.Seq2() {
		c.SetMapIndex(k, f.fill(e))
	}
	return c
}

// mayHoldNil reports whether a value of type t can hold a slice or map that
// encoding/json would look into.
func (f filler) mayHoldNil(t reflect.Type) bool {
	may, known := f[t]
	if !known {
		f[t] = true // for a type that holds itself; at worst it is copied for nothing
		may = f.lookInto(t)
		f[t] = may
	}
	return may
}

func (f filler) lookInto(t reflect.Type) bool {
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		return false
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Array:
		return f.mayHoldNil(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() && f.mayHoldNil(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
