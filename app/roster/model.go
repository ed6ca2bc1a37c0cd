// Package roster keeps the rosters of a laptop in memory as typed values:
// who lives where, who looks after whom, which grid has which branch. They are
// read once after unlocking and follow every record that is written or
// received. Logs stay in the store.
package roster

import "gridbook/syncproto"

// ID names a record.
type ID = syncproto.ID

// Village is a village that the township keeps in its list.
type Village struct {
	ID   ID
	Code string // 12 digits
	Name string
}

// Grid is a grid with the people that its own record names.
type Grid struct {
	ID      ID
	Village string
	Code    string
	Name    string
	Phone   string
	To      int64 // abolished on that day, 0: not
	Into    ID    // the grid that it was merged into, zero: none
	From    ID    // the grid that it was split off, zero: none
	// Names as the grid list gives them; dated roles come before them.
	Instructor, Leader, Fulltime, Parttime string
}

// Micro is a micro-grid.
type Micro struct {
	ID     ID
	Grid   ID
	Name   string
	Leader string
	Phone  string

	grid ID // as the record names it; Grid stands for it
}

// Branch is a Party branch.
type Branch struct {
	ID        ID
	Village   string
	Name      string
	Kind      string // code
	Secretary string
	Phone     string
	To        int64
}

// BranchGrid says that a branch covers a grid from one day to another.
type BranchGrid struct {
	ID           ID
	Branch, Grid ID
	From, To     int64
}

// Member is a Party member.
type Member struct {
	ID      ID
	Village string
	Name    string
	Phone   string
	Address string
	Post    string
	Branch  ID
	Grid    ID
	Status  string // code
	Online  string // the online branch, if any
	Reason  string // why the number of households is out of range
	Mobile  bool
	Exempt  bool
	Birth   int64 // ledger.PartialDate as Int, 0: unknown
	Of      ID    // the resident that the member is, zero: not known
	To      int64

	grid ID // as in Micro
}

// Role is a duty in a grid, micro-grid or branch from one day to another.
type Role struct {
	ID                  ID
	Member              ID
	Name, Phone         string
	Role                string // code
	Grid, Micro, Branch ID
	From, To            int64
}

// Household is a household.
type Household struct {
	ID        ID
	Village   string
	No        string
	Head      string
	HeadRef   ID
	Address   string
	Hamlet    string
	Phone     string
	Grid      ID
	Micro     ID
	Kind      string
	Residence string // code
	Size      int    // people, as its own record says
	MovedOut  int64

	grid ID // as in Micro
}

// Resident is a person of a household.
type Resident struct {
	ID        ID
	Household ID
	Name      string
	Phone     string
	Short     string
	Birth     int64 // ledger.PartialDate as Int, 0: unknown
	*Traits

	home ID // the household that the record names; Household stands for it
}

// Traits are codes that many residents have in common. Those with the same
// share them.
type Traits struct{ Sex, Relation, Residence string }

// Link says that a member looks after a household from one day to another.
type Link struct {
	ID                ID
	Member, Household ID
	Basis             string // code
	From, To          int64  // days; 0: open

	home, who ID // as the record names them; Household and Member stand for them
}

// Care is a care mark; never more than a category and what is needed.
type Care struct {
	ID                  ID
	Household, Resident ID
	Name                string
	Category            string // code
	Cycle               string // code
	Review              int64
	From, To            int64

	home, person ID // as the record names them
}

// Now reports whether something dated from and to holds on day; 0 is open.
func Now(from, to, day int64) bool {
	return (from == 0 || from <= day) && (to == 0 || day < to)
}
