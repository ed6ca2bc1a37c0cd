package service

// Schema is the vocabulary that forms and commands are made from.
type Schema struct {
	Collections []SchemaCollection `json:"collections"`
}

// SchemaCollection is a kind of record.
type SchemaCollection struct {
	Key       string        `json:"key"`
	Label     string        `json:"label"`
	Class     string        `json:"class"`     // shared, roster, log, private
	Parent    string        `json:"parent"`    // field key that leads to the record whose village it shares
	Companion string        `json:"companion"` // collection whose ids it shares, "" if none
	Write     bool          `json:"write"`     // this person may write it
	Fields    []SchemaField `json:"fields"`
}

// SchemaField is a field of a kind of record.
type SchemaField struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Type     string `json:"type"`
	Table    string `json:"table"` // code table of an enum
	Ref      string `json:"ref"`   // collection key of a reference
	Required bool   `json:"required"`
	Privacy  string `json:"privacy"` // public, personal, sensitive
	Max      int    `json:"max"`     // characters, 0: no limit
}

// Checklist is a list of points to look at in a household, of one hazard kind.
type Checklist struct {
	Kind  string      `json:"kind"` // code of table hazard
	Name  string      `json:"name"`
	When  string      `json:"when"` // in which season
	Items []CheckItem `json:"items"`
}

// CheckItem is one point of a checklist.
type CheckItem struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Action string `json:"action"` // code of table hazard_grade that fits as a rule
}

// Code is a row of a code table.
type Code struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// RecordView is a record with all of its fields, for a form.
type RecordView struct {
	Collection string      `json:"collection"`
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Village    string      `json:"village"`
	Deleted    bool        `json:"deleted"`
	Fields     []FieldView `json:"fields"` // in the order of the schema, empty ones too
	Sync       SyncState   `json:"sync"`
	Rejection  *Rejection  `json:"rejection"`
	Conflicts  int         `json:"conflicts"`
	Created    int64       `json:"created"`
	Changed    int64       `json:"changed"`
	By         string      `json:"by"` // who made the newest change
	CanWrite   bool        `json:"canWrite"`
}

// FieldView is a field with its value.
type FieldView struct {
	Key      string    `json:"key"`
	Label    string    `json:"label"`
	Value    any       `json:"value"`  // as SaveRecord takes it; null: empty
	Text     string    `json:"text"`   // in words
	Masked   bool      `json:"masked"` // Text is masked and Value left out: see Reveal
	Conflict *Conflict `json:"conflict"`
}

// RecordQuery narrows a list of records. Logs are listed newest first,
// all else by its title.
type RecordQuery struct {
	Collection string `json:"collection"`
	Village    string `json:"village"`
	Grid       string `json:"grid"`      // id
	Household  string `json:"household"` // id
	Parent     string `json:"parent"`    // id of the parent: the steps of a matter
	State      string `json:"state"`     // "", open, overdue, closed
	From       string `json:"from"`      // dates, both included
	To         string `json:"to"`
	Text       string `json:"text"`   // some field holds it
	Filter     string `json:"filter"` // "", unsent, refused, conflict, deleted
}

// RecordPage is a part of such a list.
type RecordPage struct {
	Rows []RecordRow `json:"rows"`
	Next string      `json:"next"` // cursor, "": that was all
}

// RecordRow is a record in a list.
type RecordRow struct {
	Collection string    `json:"collection"`
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Subtitle   string    `json:"subtitle"`
	Date       string    `json:"date"`
	Deadline   string    `json:"deadline"`
	Overdue    bool      `json:"overdue"`
	Closed     bool      `json:"closed"`
	State      string    `json:"state"` // in words
	Village    string    `json:"village"`
	Grid       string    `json:"grid"`      // name
	Household  string    `json:"household"` // id
	Sync       SyncState `json:"sync"`
	Conflicts  int       `json:"conflicts"`
}

// FieldHistory is what this laptop knows of a field's values: those that stand
// and, while an undo is possible, the one replaced here.
type FieldHistory struct {
	Key   string     `json:"key"`
	Label string     `json:"label"`
	Heads []HeadView `json:"heads"` // newest first
}

// Conflict is a field with differing values that nobody has decided yet.
type Conflict struct {
	Key     string     `json:"key"`
	Label   string     `json:"label"`
	Heads   []HeadView `json:"heads"`   // oldest first; the last is shown
	LostOwn bool       `json:"lostOwn"` // a value written on this laptop is not the one shown
}

// HeadView is one of the values of a field.
type HeadView struct {
	N        int    `json:"n"` // to take it: 1 is the oldest
	Value    any    `json:"value"`
	Text     string `json:"text"`
	Stamp    string `json:"stamp"`
	At       int64  `json:"at"`       // when it was written
	Received int64  `json:"received"` // when the server got the record's newest change; 0: not yet
	By       string `json:"by"`
	Device   string `json:"device"`
	Replica  int    `json:"replica"` // number of the laptop, for ResolveFrom
	Own      bool   `json:"own"`     // written on this laptop
	Shown    bool   `json:"shown"`
}

// Resolved is the outcome of deciding many fields at once.
type Resolved struct {
	Records int    `json:"records"`
	Fields  int    `json:"fields"`
	Undo    string `json:"undo"`
}

// LostValue is a value written on this laptop that is not the one shown, and
// what became of it.
type LostValue struct {
	Collection string `json:"collection"`
	ID         string `json:"id"`
	Title      string `json:"title"`
	Household  string `json:"household"` // to open; "" if none
	Field      string `json:"field"`     // key
	Label      string `json:"label"`
	Mine       string `json:"mine"`  // in words
	Shown      string `json:"shown"` // in words
	By         string `json:"by"`    // who wrote what is shown, or decided
	Device     string `json:"device"`
	At         int64  `json:"at"`      // when
	Decided    bool   `json:"decided"` // somebody has decided
	Taken      bool   `json:"taken"`   // and took what was written here
}

// ConflictRow is a record with conflicts, for the review list.
type ConflictRow struct {
	Collection string     `json:"collection"`
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Subtitle   string     `json:"subtitle"`
	Village    string     `json:"village"`
	Household  string     `json:"household"` // to open; "" if none
	Fields     []Conflict `json:"fields"`
}
