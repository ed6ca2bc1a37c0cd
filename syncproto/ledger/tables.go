package ledger

import (
	"embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:embed data
var files embed.FS

// Table is a code table: what is stored, and the words that people see.
type Table struct {
	Name     string
	Standard string // "GB/T 2261.1-2003", or "local"
	Rows     []Row  // in the order in which a list shows them

	label map[string]string // code → words
	code  map[string]string // code, words and aliases → code
}

// Row is one code of a table.
type Row struct {
	Code  string
	Label string
	// Extra is what else a table says: romanisations of a people's name, the
	// cycle "30d" of a visit, whether care is for a "household" or "person".
	Extra []string
	// Limits are the time limits of a matter's level: accept, finish and
	// extend_max, in "15d" days or "2wd" working days.
	Limits map[string]string
}

// UnmarshalJSON reads the form [code, label, extra …].
func (r *Row) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for i, part := range parts {
		var s string
		if err := json.Unmarshal(part, &s); err != nil {
			if err := json.Unmarshal(part, &r.Limits); err != nil {
				return err
			}
			continue
		}
		switch i {
		case 0:
			r.Code = s
		case 1:
			r.Label = s
		default:
			r.Extra = append(r.Extra, s)
		}
	}
	return nil
}

type tableFile struct {
	Tables map[string]struct {
		Standard string
		Codes    []Row
	}
	Extra   map[string][]Row
	Aliases map[string]map[string]string
}

// mustRead decodes an embedded file, which the tests have seen to be right.
func mustRead(name string, into any) {
	b, err := files.ReadFile("data/" + name)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		panic("ledger: embedded " + name + ": " + err.Error())
	}
}

var theTables = sync.OnceValue(func() map[string]*Table {
	out := map[string]*Table{}
	var local, national tableFile
	mustRead("code-tables.json", &national)
	mustRead("local-tables.json", &local)
	for _, file := range []tableFile{national, local} {
		for name, t := range file.Tables {
			out[name] = newTable(name, t.Standard, append(t.Codes, local.Extra[name]...), local.Aliases[name])
		}
	}
	return out
})

func newTable(name, standard string, rows []Row, aliases map[string]string) *Table {
	if standard == "" {
		standard = "local"
	}
	t := &Table{Name: name, Standard: standard, Rows: rows, label: map[string]string{}, code: map[string]string{}}
	put := func(word, code string) {
		if _, taken := t.code[word]; word != "" && !taken {
			t.code[word] = code
		}
	}
	for _, r := range rows {
		t.label[r.Code] = r.Label
		t.code[r.Code] = r.Code
	}
	for _, r := range rows {
		put(r.Label, r.Code)
	}
	for word, code := range aliases {
		put(word, code)
	}
	for _, r := range rows { // "挂起" for "挂起(…)", "红" for "红:立即上报"
		if i := strings.IndexAny(r.Label, "(:"); i > 0 {
			put(r.Label[:i], r.Code)
		}
	}
	return t
}

// TableOf returns the table of that name, false if there is none.
func TableOf(name string) (*Table, bool) {
	t, ok := theTables()[name]
	return t, ok
}

// MustTable returns a table that this package names. It panics on any other, a
// mistake of the program.
func MustTable(name string) *Table {
	t, ok := TableOf(name)
	if !ok {
		panic("ledger: no code table " + name)
	}
	return t
}

// Code returns the code for a code, its words or one of their aliases. Codes
// that a township added itself (Z and digits) are taken as they are.
func (t *Table) Code(word string) (string, bool) {
	if code, ok := t.code[word]; ok {
		return code, true
	}
	plain := strings.ReplaceAll(Fold(word), " ", "")
	if code, ok := t.code[plain]; ok {
		return code, true
	}
	if i := strings.IndexAny(plain, "(:"); i > 0 {
		if code, ok := t.code[plain[:i]]; ok {
			return code, true
		}
	}
	return plain, isLocal(plain)
}

// isLocal reports whether code is a township's own: Z and up to six digits.
func isLocal(code string) bool {
	return len(code) >= 2 && len(code) <= 7 && code[0] == 'Z' && allDigits(code[1:])
}

// Label returns the words of a code, the code itself if the table does not
// know it.
func (t *Table) Label(code string) string {
	if l, ok := t.label[code]; ok {
		return l
	}
	return code
}

// Row returns the row of a code, false if the table does not have it.
func (t *Table) Row(code string) (Row, bool) {
	for _, r := range t.Rows {
		if r.Code == code {
			return r, true
		}
	}
	return Row{}, false
}

// sample lists the first few words, for hints.
func (t *Table) sample() string {
	words := make([]string, 0, 8)
	for _, r := range t.Rows[:min(len(t.Rows), 8)] {
		words = append(words, r.Label)
	}
	s := strings.Join(words, "、")
	if len(t.Rows) > 8 {
		s += "等"
	}
	return s
}

// Checklist is a list of points to look at for one kind of hazard.
type Checklist struct {
	ID    string // the code in table hazard
	Name  string
	When  string // the season
	Items []CheckItem
}

// CheckItem is a point of a checklist. Its answer is 无, 有 or 不适用; one
// without an answer was not checked and never counts as safe.
type CheckItem struct {
	ID     string
	Text   string
	Action string `json:"default_action"` // the code in table hazard_grade
}

var theChecklists = sync.OnceValue(func() []Checklist {
	var file struct{ Lists []Checklist }
	mustRead("hazard-checklists.json", &file)
	return file.Lists
})

// Checklists returns the lists that come with the program. The caller must
// not change them.
func Checklists() []Checklist { return theChecklists() }
