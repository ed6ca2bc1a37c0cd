// Package importer turns a village's own workbooks into edits: it reads the
// file, finds the table in it, recognises what is already there, and plans
// what would be created, updated or refused. It writes nothing.
//
// Two rules run through it. An empty cell, or a row that is not in the file,
// never erases anything. And a cell that cannot be read is refused alone, by
// name, while the rest of its row goes in, unless the row cannot stand
// without it.
package importer

import (
	"iter"

	"gridbook/app/edit"
	"gridbook/syncproto"
)

// Kind is a kind of workbook.
type Kind string

// The kinds.
const (
	Grids       Kind = "grids"
	Members     Kind = "members"
	Households  Kind = "households"
	Links       Kind = "links"
	Visits      Kind = "visits"
	Matters     Kind = "matters"
	Disputes    Kind = "disputes"
	Hazards     Kind = "hazards"
	Cares       Kind = "care"
	Activities  Kind = "activities"
	Mobiles     Kind = "mobile"
	Resources   Kind = "resources"
	HouseChecks Kind = "house_checks"
	Banquets    Kind = "banquets"
	Evacs       Kind = "evac"
)

// Kinds returns the kinds in the order in which a village imports them.
func Kinds() []Kind {
	return []Kind{Grids, Members, Households, Links, Visits, Matters, Disputes, Hazards, Cares, Activities, Mobiles, Resources, HouseChecks, Banquets, Evacs}
}

// Label returns the title of the form, "" for an unknown kind.
func (k Kind) Label() string {
	if f, ok := formOf(k); ok {
		return f.Title
	}
	return ""
}

// Ledger is what is there already.
type Ledger interface {
	// Records returns the records of a collection with their current values,
	// without deleted ones.
	Records(c syncproto.Collection) iter.Seq[*syncproto.Record]
}

// Options say for whom a workbook is read.
type Options struct {
	Village string // 12 digits; the rows belong to it
	Today   int64  // days since 1970-01-01
}

// Plan is what an import would do.
type Plan struct {
	Edits     []edit.Edit
	Rows      int            // rows with data in the file
	Created   map[string]int // records by collection key
	Updated   map[string]int
	Unchanged int       // rows that say only what is known
	Refused   []Refusal // cells and rows that do not go in
	Aside     []Refusal // ID numbers that may be miscopied; their rows go in without
	Notes     []string  // what a person should know besides
}

// Refusal names a cell and says why it does not go in.
type Refusal struct {
	Sheet   string `json:"sheet"`
	Row     int    `json:"row"`    // as the spreadsheet counts, from 1
	Column  string `json:"column"` // the header
	Cell    string `json:"cell"`   // "E5"
	Value   string `json:"value"`
	Code    string `json:"code"` // a ledger.Cause or one of the codes below
	Message string `json:"message"`
}

// Codes of refusals beside those of package ledger.
const (
	codeCellError     = "cell_error"    // the spreadsheet shows an error like #N/A
	codeDuplicateID   = "id_duplicate"  // an ID number that another row has
	codeOtherVillage  = "other_village" // a row of another village
	codeContradiction = "contradiction" // another row of the file says otherwise
)
