package service

// Doubles are the households and residents that look like one, and what was
// decided about such before.
type Doubles struct {
	Total int      `json:"total"`
	Rows  []Double `json:"rows"` // households first; at most as many as asked for
	// Decided are the decisions that stand, the newest first, at most 100.
	Decided []DoubleDecision `json:"decided"`
}

// Double is two records that look like one, side by side.
type Double struct {
	Collection string        `json:"collection"` // household, resident
	Why        []string      `json:"why"`        // in words
	A          DoubleSide    `json:"a"`          // the older
	B          DoubleSide    `json:"b"`
	Fields     []DoubleField `json:"fields"` // those that a side has filled in
	Also       []string      `json:"also"`   // of households: names of the people in both, merged with them
	CanWrite   bool          `json:"canWrite"`
}

// DoubleSide is one of the two.
type DoubleSide struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Subtitle  string    `json:"subtitle"`
	Village   string    `json:"village"`
	Household string    `json:"household"` // to open
	People    int       `json:"people"`    // of a household
	Visits    int       `json:"visits"`    // of a household
	Created   int64     `json:"created"`
	Changed   int64     `json:"changed"`
	By        string    `json:"by"` // who made the newest change
	Sync      SyncState `json:"sync"`
}

// DoubleField is a field with what both sides say.
type DoubleField struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	A       string `json:"a"` // in words
	B       string `json:"b"`
	Differs bool   `json:"differs"` // both are filled in, with different things
}

// DoubleDecision is what somebody decided about two records.
type DoubleDecision struct {
	ID         string `json:"id"` // for Unmerge
	Collection string `json:"collection"`
	Same       bool   `json:"same"` // Drop was merged into Keep; else they are two
	Keep       string `json:"keep"` // titles
	Drop       string `json:"drop"`
	Household  string `json:"household"` // to open
	Taken      string `json:"taken"`     // labels of what was taken from Drop
	By         string `json:"by"`
	At         int64  `json:"at"`
	CanWrite   bool   `json:"canWrite"`
}
