// Package workload maps the benchmark's invented township onto the ledger's
// collections, without dropping a value.
package workload

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Op is one line for `gridbook apply`.
type Op struct {
	Op         string         `json:"op"`
	Collection string         `json:"collection"`
	Ref        string         `json:"ref,omitempty"`
	ID         string         `json:"id,omitempty"`
	Fields     map[string]any `json:"fields"`
}

// Doc is one document of the workload.
type Doc struct {
	ID, Type, Village, Name, Code, Grid                 string
	Leader, Boundary, Sex, Phone, Role, Duties          string
	Address, Head, Kind, Housing, Birth, IDNo, Relation string
	Household, Education, Job, Note, Member, Date       string
	Category, Text, Outcome, FollowUp                   string
	Size                                                int
	Lng, Lat                                            float64
	Tags                                                []string
	UpdatedAt                                           int64 // ms since 1970
}

// Township reads township.ndjson and calls each for every document.
func Township(r io.Reader, each func(*Doc) error) error {
	return lines(r, func(line []byte) error {
		d := &Doc{}
		if err := json.Unmarshal(line, d); err != nil {
			return err
		}
		return each(d)
	})
}

// Edits reads one edits file and returns its lines as ops. idOf gives the
// record id of a document that exists already.
func Edits(r io.Reader, idOf func(doc string) string) ([]Op, error) {
	var out []Op
	err := lines(r, func(line []byte) error {
		var e struct {
			Op, ID, Field string
			Value         any
			Doc           *Doc
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if e.Op == "put" {
			out = append(out, e.Doc.ops(idOf)...)
			return nil
		}
		out = append(out, Op{Op: "set", Collection: "resident", ID: idOf(e.ID), Fields: map[string]any{e.Field: e.Value}})
		return nil
	})
	return out, err
}

func lines(r io.Reader, each func([]byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	n := 0
	for s.Scan() {
		n++
		if err := each(s.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return s.Err()
}

// Ops maps a document; references name the documents that they point to.
func (d *Doc) Ops() []Op { return d.ops(func(doc string) string { return doc }) }

func (d *Doc) ops(to func(string) string) []Op {
	switch d.Type {
	case "village":
		return []Op{d.put("village", "code", VillageCode(d.Village), "name", d.Name, "note", d.Code)}
	case "grid":
		return []Op{d.put("grid", "village", VillageCode(d.Village), "grid_name", d.Name, "leader", d.Leader, "extent", d.Boundary)}
	case "member":
		role := map[string]string{"网格长": "leader", "网格员": "red"}[d.Role]
		held := Op{Op: "put", Collection: "role", Ref: d.ID + "r", Fields: map[string]any{
			"village": VillageCode(d.Village), "member": to(d.ID), "grid": to(d.Grid), "role": role, "identity": d.Duties}}
		return []Op{d.put("member", "village", VillageCode(d.Village), "name", d.Name, "sex", d.Sex, "phone", d.Phone, "grid", to(d.Grid)), held}
	case "household":
		return []Op{d.put("household", "village", VillageCode(d.Village), "grid", to(d.Grid), "address", d.Address, "head_name", d.Head,
			"people", d.Size, "kind", d.Kind, "housing", d.Housing, "lng", d.Lng, "lat", d.Lat)}
	case "resident":
		r := d.put("resident", "household", to(d.Household), "name", d.Name, "sex", d.Sex, "birth", d.Birth, "phone", d.Phone,
			"relation", d.Relation, "education", d.Education, "job", d.Job, "note", strings.Join(append(d.Tags, d.Note), ";"))
		r.Fields["id_no"] = d.IDNo
		return []Op{r}
	}
	return []Op{d.put("visit", "household", to(d.Household), "visitor", to(d.Member), "date", d.Date, "mode", "door",
		"category", d.Category, "situation", d.Text, "outcome", d.Outcome, "next_date", d.FollowUp)}
}

func (d *Doc) put(collection string, pairs ...any) Op {
	op := Op{Op: "put", Collection: collection, Ref: d.ID, Fields: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1]; v != "" && v != ";" && v != "," {
			op.Fields[pairs[i].(string)] = v
		}
	}
	return op
}

// VillageCode gives v01 … places in the township of the demonstration, by
// number. Most are in no table of places: their invitations need --unlisted.
func VillageCode(v string) string { return "330702009" + fmt.Sprintf("%03d", 200+number(v)) }

func number(v string) (n int) {
	_, _ = fmt.Sscanf(v, "v%d", &n)
	return n
}
