package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"gridbook/syncproto"
)

// Dump prints records as canonical JSON lines: two replicas that hold the
// same records print the same bytes. Its fields are what a line needs beside
// the record itself.
type Dump struct {
	// Parent returns a record by key, false if it is not held here.
	Parent func(syncproto.Key) (*syncproto.Record, bool)
	// Author names who writes under a replica number; see Authors.
	Author func(syncproto.ReplicaID) string

	// parents holds of each parent met what Home asks for.
	parents map[syncproto.Key]*syncproto.Record
}

// dumpLine is one line, its keys in the order in which they are printed.
type dumpLine struct {
	ID         string         `json:"id"`
	Collection string         `json:"collection"`
	Village    string         `json:"village"`
	Fields     map[string]any `json:"fields"`
}

// dumpHead is one of the differing values of a field.
type dumpHead struct {
	Value any    `json:"value"`
	Stamp string `json:"stamp"`
	By    string `json:"by"`
}

// Write prints one line for each record but deposits, which only one laptop
// has. The records must come by id and then by collection, as the lines do;
// Write fails on any other order.
func (d *Dump) Write(w io.Writer, records iter.Seq2[*syncproto.Record, error]) error {
	var last syncproto.Key
	for rec, err := range records {
		if err != nil {
			return fmt.Errorf("dump: %w", err)
		}
		c := last.ID.Compare(rec.ID)
		if !last.ID.IsZero() && (c > 0 || c == 0 && last.Collection >= rec.Collection) {
			return fmt.Errorf("dump: %s after %s", rec.Key, last)
		}
		last = rec.Key
		if rec.Collection == Deposit {
			continue
		}
		line, err := d.Line(rec)
		if err != nil {
			return fmt.Errorf("dump %s: %w", rec.Key, err)
		}
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("dump: %w", err)
		}
	}
	return nil
}

// Line returns the line of one record, with its end of line. Fields without a
// value are left out; keys within fields are sorted by name.
func (d *Dump) Line(rec *syncproto.Record) ([]byte, error) {
	line := dumpLine{
		ID:         rec.ID.String(),
		Collection: fmt.Sprintf("collection%d", rec.Collection),
		Village:    Home(rec, d.parent),
		Fields:     make(map[string]any, len(rec.Fields)),
	}
	c, known := Lookup(rec.Collection)
	if known {
		line.Collection = c.Key
	}
	for _, f := range rec.Fields {
		if f.Tag == TagKnew {
			continue // not for people
		}
		name, field := fmt.Sprintf("tag%d", f.Tag), (*Field)(nil)
		if known {
			if found, ok := c.Field(f.Tag); ok {
				name, field = found.Key, found
			}
		}
		if reg := Register(rec, f.Tag); reg.Conflicted() {
			line.Fields[name] = d.heads(field, reg)
		} else if v := f.Shown().Value; !v.IsNull() {
			line.Fields[name] = plainJSON(field, v)
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line)
	return buf.Bytes(), err
}

func (d *Dump) heads(field *Field, r syncproto.Register) map[string][]dumpHead {
	out := make([]dumpHead, len(r.Heads)) // sorted by stamp
	for i, h := range r.Heads {
		out[i] = dumpHead{plainJSON(field, h.Value), h.Stamp.String(), d.Author(h.Stamp.Replica)}
	}
	return map[string][]dumpHead{"heads": out}
}

// parent is Parent with a memory: most records share few parents.
func (d *Dump) parent(k syncproto.Key) (*syncproto.Record, bool) {
	if rec, ok := d.parents[k]; ok {
		return rec, rec != nil
	}
	if d.parents == nil {
		d.parents = map[syncproto.Key]*syncproto.Record{}
	}
	rec, ok := d.Parent(k)
	if !ok {
		d.parents[k] = nil
		return nil, false
	}
	d.parents[k] = rec.Only(homeTags(rec.Collection))
	return rec, true
}

// homeTags are the fields that Home reads.
func homeTags(n syncproto.Collection) []syncproto.Tag {
	tags := []syncproto.Tag{TagVillage}
	if c, ok := Lookup(n); ok {
		for _, key := range c.Parents {
			tags = append(tags, c.Tag(key))
		}
	}
	return tags
}

// plainJSON is Field.JSON, and for a field that is not known here, or a value
// of another kind than expected, the plain form of its kind: nothing that a
// newer program wrote is left out.
func plainJSON(f *Field, v syncproto.Value) any {
	if f != nil && f.Type.Kind() == v.Kind() {
		return f.JSON(v)
	}
	switch v.Kind() {
	case syncproto.Bool:
		return v.Bool()
	case syncproto.Int:
		return v.Int()
	case syncproto.Text:
		return v.Text()
	case syncproto.Bytes:
		return hex.EncodeToString(v.Bytes())
	case syncproto.Ref:
		return v.Ref().String()
	case syncproto.List:
		return v.List()
	}
	return nil
}

// Authors returns a function that names the person of a replica, from the
// township's device records, and "replica N" for one that has none.
func Authors(devices iter.Seq2[*syncproto.Record, error]) (func(syncproto.ReplicaID) string, error) {
	c := Must(mustKey("device"))
	replica, person := c.Tag("replica"), c.Tag("person")
	names := map[syncproto.ReplicaID]string{}
	for rec, err := range devices {
		if err != nil {
			return nil, fmt.Errorf("device records: %w", err)
		}
		if name := rec.Value(person).Text(); name != "" {
			names[syncproto.ReplicaID(rec.Value(replica).Int())] = name
		}
	}
	return func(n syncproto.ReplicaID) string {
		if name := names[n]; name != "" {
			return name
		}
		return fmt.Sprintf("replica %d", n)
	}, nil
}
