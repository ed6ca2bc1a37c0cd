package service

// ImportKind is a kind of workbook that Import understands.
type ImportKind struct {
	Kind  string `json:"kind"`
	Label string `json:"label"`
}

// ImportReport says what an import would do or has done.
type ImportReport struct {
	Kind      string         `json:"kind"`
	File      string         `json:"file"`
	Rows      int            `json:"rows"`
	Created   map[string]int `json:"created"` // by collection key
	Updated   map[string]int `json:"updated"`
	Unchanged int            `json:"unchanged"`
	Refused   []CellNote     `json:"refused"` // cells or rows that do not go in
	Aside     []CellNote     `json:"aside"`   // kept aside: wrong check digits; the rest of the row goes in
	Notes     []string       `json:"notes"`   // what a person should know besides
	DryRun    bool           `json:"dryRun"`
	Undo      string         `json:"undo"` // see Service.Undo; "" if nothing was written
}

// CellNote names a cell and what is wrong with it.
type CellNote struct {
	Sheet   string `json:"sheet"`
	Row     int    `json:"row"` // as the table program counts
	Column  string `json:"column"`
	Cell    string `json:"cell"` // "E5"
	Value   string `json:"value"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MonthlyRow is a village's line of the monthly report. Villages come in the
// order of their codes, never by a figure.
type MonthlyRow struct {
	Village         string `json:"village"`
	Name            string `json:"name"`
	Grids           int    `json:"grids"`
	GridsWithBranch int    `json:"grids_with_branch"`
	Members         int    `json:"members"`
	MembersInGrid   int    `json:"members_in_grid"`
	Households      int    `json:"households"`
	Linked          int    `json:"linked"`
	Due             int    `json:"due"`     // households that were to be visited in the month
	Visited         int    `json:"visited"` // households visited in the month
	Visits          int    `json:"visits"`
	CareDue         int    `json:"care_due"`
	CareVisited     int    `json:"care_visited"`
	Matters         int    `json:"matters"` // accepted in the month
	ClosedVillage   int    `json:"closed_village"`
	ClosedTown      int    `json:"closed_town"`
	Referred        int    `json:"referred"`
	OnTime          int    `json:"on_time"` // of those closed in the month
	Closed          int    `json:"closed"`
	Overdue         int    `json:"overdue"` // open at the month's end, past their deadline
	Disputes        int    `json:"disputes"`
	DisputesSettled int    `json:"disputes_settled"`
	Hazards         int    `json:"hazards"`
	HazardsFixed    int    `json:"hazards_fixed"`
	Rated           int    `json:"rated"`
	Satisfied       int    `json:"satisfied"`
}
