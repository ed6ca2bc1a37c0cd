package ledger

// Description is a collection as `gridbook schema` prints it.
type Description struct {
	Collection string             `json:"collection"`
	Number     int                `json:"number"`
	Label      string             `json:"label"`
	Class      string             `json:"class"`
	Companion  string             `json:"companion,omitempty"`
	Writer     string             `json:"writer"`
	OneOf      [][]string         `json:"one_of,omitempty"`
	Fields     []FieldDescription `json:"fields"`
}

// FieldDescription is a field as `gridbook schema` prints it.
type FieldDescription struct {
	Field    string            `json:"field"`
	Tag      int               `json:"tag"`
	Label    string            `json:"label"`
	Type     string            `json:"type"`
	Required bool              `json:"required,omitempty"`
	Privacy  string            `json:"privacy"`
	Ref      string            `json:"ref,omitempty"`   // collection of a ref
	Max      int               `json:"max,omitempty"`   // characters
	Table    string            `json:"table,omitempty"` // code table
	Open     bool              `json:"open,omitempty"`  // other words than the table's are allowed
	Codes    []CodeDescription `json:"codes,omitempty"`
}

// CodeDescription is a code as `gridbook schema` prints it. An open field
// stores the label.
type CodeDescription struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// Describe returns all collections as `gridbook schema` prints them.
func Describe() []Description {
	out := make([]Description, 0, len(All()))
	for _, c := range All() {
		d := Description{Collection: c.Key, Number: int(c.Number), Label: c.Label, Class: c.Class.String(), Companion: c.Companion, Writer: string(c.Writer), OneOf: c.OneOf}
		for i := range c.Fields {
			d.Fields = append(d.Fields, describeField(&c.Fields[i]))
		}
		out = append(out, d)
	}
	return out
}

func describeField(f *Field) FieldDescription {
	d := FieldDescription{
		Field: f.Key, Tag: int(f.Tag), Label: f.Label, Type: f.Type.String(), Required: f.Required,
		Privacy: f.Privacy.String(), Ref: f.Ref, Max: f.Limit(), Table: f.Table,
		Open: f.Table != "" && f.Type != Enum,
	}
	if f.Table != "" {
		for _, r := range MustTable(f.Table).Rows {
			d.Codes = append(d.Codes, CodeDescription{r.Code, r.Label})
		}
	}
	return d
}
