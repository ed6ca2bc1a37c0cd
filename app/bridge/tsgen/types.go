package tsgen

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

// typeOf returns the TypeScript of what encoding/json makes of t.
func (g *generator) typeOf(t reflect.Type) (string, error) {
	switch {
	case t == rawMessage:
		return "unknown", nil
	case t.Kind() != reflect.Pointer && t.Implements(textMarshaler):
		return "string", nil // time.Time among them
	case t.Kind() != reflect.Pointer && t.Implements(jsonMarshaler):
		return "unknown", nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return g.named(t, "boolean")
	case reflect.String:
		return g.named(t, "string")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return g.named(t, "number")
	case reflect.Interface:
		return "unknown", nil
	case reflect.Pointer:
		ts, err := g.typeOf(t.Elem())
		return ts + " | null", err
	case reflect.Slice, reflect.Array:
		return g.list(t)
	case reflect.Map:
		ts, err := g.typeOf(t.Elem())
		return "Record<string, " + ts + ">", err
	case reflect.Struct:
		return g.structure(t)
	}
	return "", fmt.Errorf("type %s has no counterpart in JSON", t)
}

func (g *generator) list(t reflect.Type) (string, error) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return "string", nil // base64
	}
	ts, err := g.typeOf(t.Elem())
	if strings.Contains(ts, " ") {
		ts = "(" + ts + ")"
	}
	return ts + "[]", err
}

// named gives a named simple type, such as a code, its own name.
func (g *generator) named(t reflect.Type, plain string) (string, error) {
	if t.PkgPath() == "" {
		return plain, nil
	}
	name, fresh, err := g.claim(t)
	if fresh {
		if values := g.values[t.Name()]; plain == "string" && len(values) > 0 {
			plain = strings.ReplaceAll(strings.Join(values, " | "), `"`, "'")
		}
		g.decls[name] = fmt.Sprintf("export type %s = %s\n", name, plain)
	}
	return name, err
}

func (g *generator) structure(t reflect.Type) (string, error) {
	if t.Name() == "" {
		return "", fmt.Errorf("struct %s has no name", t)
	}
	name, fresh, err := g.claim(t)
	if err != nil || !fresh {
		return name, err
	}
	fields, err := g.fields(t)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t, err)
	}
	g.decls[name] = "export interface " + name + " {\n" + fields + "}\n"
	return name, nil
}

// claim takes t's name for it; fresh is true the first time.
func (g *generator) claim(t reflect.Type) (name string, fresh bool, err error) {
	name = t.Name()
	if i := strings.IndexByte(name, '['); i >= 0 { // Page[gridbook/app/service.Household]
		arg := name[i+1 : len(name)-1]
		name = name[:i] + arg[strings.LastIndexAny(arg, "./")+1:]
	}
	if name == "Record" || name == "Promise" {
		return "", false, fmt.Errorf("%s would hide TypeScript's own %s", t, name)
	}
	if other, taken := g.names[name]; taken {
		if other != t {
			return "", false, fmt.Errorf("%s and %s share the name %s", other, t, name)
		}
		return name, false, nil
	}
	g.names[name] = t
	return name, true, nil
}

func (g *generator) fields(t reflect.Type) (string, error) {
	var out strings.Builder
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" && options == "" {
			continue
		}
		if f.Anonymous && tag == "" {
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			inner, err := g.fields(embedded)
			if err != nil {
				return "", err
			}
			out.WriteString(inner)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		ts, err := g.typeOf(f.Type)
		if err != nil {
			return "", fmt.Errorf("field %s: %w", f.Name, err)
		}
		optional := ""
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			optional, ts = "?", strings.TrimSuffix(ts, " | null")
		}
		fmt.Fprintf(&out, "  %s%s: %s\n", quoted(tag), optional, ts)
	}
	return out.String(), nil
}

// quoted puts quotes round a name that TypeScript would not take bare.
func quoted(name string) string {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return "'" + name + "'"
		}
	}
	return name
}
