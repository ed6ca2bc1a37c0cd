package service

// Plan says in words what an action would do, before anybody does it.
type Plan struct {
	Text  string   `json:"text"`  // one sentence
	Lines []string `json:"lines"` // what else happens
	// Follow counts the records that go along, by collection.
	Follow []Counted `json:"follow"`
}

// Counted is a number of records of a collection.
type Counted struct {
	Collection string `json:"collection"`
	Label      string `json:"label"`
	Count      int    `json:"count"`
}

// MoveTo is where a household goes.
type MoveTo struct {
	Household string `json:"household"`
	Village   string `json:"village"` // 12-digit code; "": it stays in its village
	Grid      string `json:"grid"`    // id, code or name; "": none yet
}

// Moved is a household that went to another village.
type Moved struct {
	Household string `json:"household"`
	Text      string `json:"text"` // who went where
	By        string `json:"by"`
	At        int64  `json:"at"`
	// Unsent says that the office does not know of it yet: it can be undone.
	Unsent bool `json:"unsent"`
}

// GridSplit is a grid of which a part becomes a grid of its own.
type GridSplit struct {
	Grid string `json:"grid"` // id, code or name of the one that is split
	Name string `json:"name"` // of the new one
	Code string `json:"code"` // of the new one, "": none yet
	// What goes to the new grid: households, whole micro-grids, hamlets.
	Households []string `json:"households"`
	Micros     []string `json:"micros"`
	Hamlets    []string `json:"hamlets"`
	// Members (ids) go to the new grid, as what they are among the households;
	// Roles (ids) are held there from now on, no longer in the old one.
	Members []string `json:"members"`
	Roles   []string `json:"roles"`
	// Leader (a member's id) leads the new grid; "": not known yet.
	Leader string `json:"leader"`
	// EndLinks ends the links that would lead from one grid to the other.
	EndLinks bool `json:"endLinks"`
}

// GridMerge gives up a grid for another.
type GridMerge struct {
	Grid string `json:"grid"` // the one that is given up
	Into string `json:"into"`
	// Roles (ids) of the grid that is given up go on in the other, and so do
	// its members among the households; the rest ends today.
	Roles []string `json:"roles"`
}

// DutyRow is a duty that somebody has or had.
type DutyRow struct {
	// ID is that of the record; of a duty that only a grid's own record names,
	// the grid's with the duty's code.
	ID      string `json:"id"`
	Member  string `json:"member"` // id, "" if only a name is known
	Name    string `json:"name"`
	Role    string `json:"role"` // in words
	Code    string `json:"code"`
	Place   string `json:"place"` // name of the grid, micro-grid or branch
	From    string `json:"from"`
	To      string `json:"to"`
	Current bool   `json:"current"`
}

// DutyBegin is a duty that somebody takes on.
type DutyBegin struct {
	Role  string `json:"role"` // code of table role
	Grid  string `json:"grid"` // id, code or name; or
	Micro string `json:"micro"`
}

// DutyChange is what changes in a member's duties, all at once.
type DutyChange struct {
	Member string      `json:"member"`
	End    []string    `json:"end"` // of DutyRow.ID
	Begin  []DutyBegin `json:"begin"`
	// HandTo (a member's id) looks after the households from now on: those in
	// Households, with none named all; "": no change.
	HandTo     string   `json:"handTo"`
	Households []string `json:"households"`
	Reason     string   `json:"reason"`
	// Leaves says that the member left the village's branch: all duties end,
	// and so do the links that nobody takes over.
	Leaves bool `json:"leaves"`
}

// CheckSheet is a checklist as it was answered in a household.
type CheckSheet struct {
	Household     string   `json:"household"`
	Place         string   `json:"place"`
	Kind          string   `json:"kind"` // of Checklist
	Present       []string `json:"present"`
	Absent        []string `json:"absent"`
	NotApplicable []string `json:"notApplicable"`
}
