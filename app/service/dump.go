package service

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Dump writes the canonical lines of all records, or of what a laptop of a
// village holds: the village's own and what everyone shares. They are sorted
// by id.
func (b *Book) Dump(w io.Writer, village string) error {
	return b.read(func(r reader) error {
		d, err := r.printer()
		if err != nil {
			return err
		}
		return d.Write(w, func(yield func(*syncproto.Record, error) bool) {
			for rec, err := range r.all() {
				if err == nil && village != "" && ledger.ClassOf(rec.Collection) != ledger.Shared && r.home(rec) != village {
					continue
				}
				if !yield(rec, err) {
					return
				}
			}
		})
	})
}

// printer is what prints records as canonical lines.
func (r reader) printer() (*ledger.Dump, error) {
	by := func(n syncproto.ReplicaID) string { return fmt.Sprintf("replica %d", n) }
	if c, ok := ledger.ByKey(deviceKey); ok {
		var err error
		if by, err = ledger.Authors(r.tx.Scan(c.Number)); err != nil {
			return nil, err
		}
	}
	return &ledger.Dump{
		Parent: func(k syncproto.Key) (*syncproto.Record, bool) {
			rec, err := r.tx.Get(k)
			return rec, err == nil && rec != nil
		},
		Author: by,
	}, nil
}

// all lists every record by id, then by collection, also those of collections
// that only newer programs know.
func (r reader) all() iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		days, err := r.keysByDay()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			keys := days[day]
			for h, err := range r.tx.OfDay(day) {
				if err != nil {
					yield(nil, err)
					return
				}
				keys = append(keys, h.Key)
			}
			slices.SortFunc(keys, func(a, b syncproto.Key) int {
				if c := a.ID.Compare(b.ID); c != 0 {
					return c
				}
				return int(a.Collection) - int(b.Collection)
			})
			for _, k := range slices.Compact(keys) {
				rec, err := r.tx.Get(k)
				if !yield(rec, err) || err != nil {
					return
				}
			}
		}
	}
}

// keysByDay lists the days on which records were created, with the unsent
// records of each.
func (r reader) keysByDay() (map[uint32][]syncproto.Key, error) {
	days := map[uint32][]syncproto.Key{}
	for d, err := range r.tx.Deltas() {
		if err != nil {
			return nil, err
		}
		days[d.ID.Time.Day()] = append(days[d.ID.Time.Day()], d.Key)
	}
	for d, err := range r.tx.Days() {
		if err != nil {
			return nil, err
		}
		if _, ok := days[d.Day]; !ok {
			days[d.Day] = nil
		}
	}
	return days, nil
}

// Line is a record as the commands print it: the canonical line, with the
// fields of its companions and where it stands.
type Line struct {
	ID         string                     `json:"id"`
	Collection string                     `json:"collection"`
	Village    string                     `json:"village"`
	Fields     map[string]json.RawMessage `json:"fields"`
	Title      string                     `json:"title"`
	Subtitle   string                     `json:"subtitle,omitempty"`
	Sync       SyncState                  `json:"sync"`
	Conflicts  []string                   `json:"conflicts,omitempty"` // keys of fields to be decided
}

// Get returns the record with an id.
func (b *Book) Get(id string) (Line, error) {
	parsed, err := parseID(id)
	if err != nil {
		return Line{}, err
	}
	rec, err := b.Find(parsed)
	if err != nil {
		return Line{}, err
	}
	var out Line
	err = b.read(func(r reader) error {
		d, err := r.printer()
		if err == nil {
			out, err = r.line(d, rec)
		}
		return err
	})
	return out, err
}

// List tells emit of the records of a query, in the order of Records, at most
// limit of them (0: all).
func (b *Book) List(q RecordQuery, limit int, emit func(Line) error) error {
	if limit <= 0 {
		limit = 1 << 30
	}
	return b.read(func(r reader) error {
		d, err := r.printer()
		if err != nil {
			return err
		}
		list, _, err := r.pick(q, "", limit)
		if err != nil {
			return err
		}
		for _, rec := range list {
			line, err := r.line(d, rec)
			if err != nil {
				return err
			}
			if err := emit(line); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r reader) line(d *ledger.Dump, rec *syncproto.Record) (Line, error) {
	var out Line
	raw, err := d.Line(rec)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fmt.Errorf("service: print %s: %w", rec.Key, err)
	}
	out.Title, out.Subtitle, out.Sync, out.Conflicts = r.title(rec), r.subtitle(rec), r.state(rec.Key), conflictKeys(rec)
	if _, known := ledger.Lookup(rec.Collection); !known {
		return out, nil
	}
	for _, c := range companionsOf(rec.Collection) {
		part, err := r.tx.Get(syncproto.Key{Collection: c.Number, ID: rec.ID})
		if err != nil {
			return out, err
		}
		if part == nil || !ledger.Completes(rec, part) {
			continue
		}
		more, err := r.line(d, part)
		if err != nil {
			return out, err
		}
		for key, v := range more.Fields {
			if _, own := out.Fields[key]; !own {
				out.Fields[key] = v
			}
		}
		out.Sync, out.Conflicts = worst(out.Sync, more.Sync), append(out.Conflicts, more.Conflicts...)
	}
	return out, nil
}

func conflictKeys(rec *syncproto.Record) []string {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return nil
	}
	var out []string
	for _, t := range ledger.Conflicts(rec) {
		if f, ok := c.Field(t); ok {
			out = append(out, f.Key)
		}
	}
	return out
}
