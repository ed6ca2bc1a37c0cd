package service

// Home is the first screen: today's visits and matters, and whether all of the
// work has reached the office.
type Home struct {
	Today string `json:"today"`
	// Due are the visits due up to today that were promised or that a care
	// mark asks for, most overdue first, at most 50; Soon those of the next
	// seven days. Ordinary ones are counted in Unvisited.
	Due       []DueVisit  `json:"due"`
	DueTotal  int         `json:"dueTotal"`
	Soon      []DueVisit  `json:"soon"`
	Matters   []RecordRow `json:"matters"` // open ones, the overdue first, at most 50
	MattersN  int         `json:"mattersTotal"`
	Recent    []VisitRow  `json:"recent"`    // newest contact logs, at most 10
	Unvisited int         `json:"unvisited"` // households without a visit in the last half year
	Conflicts int         `json:"conflicts"`
	Refused   int         `json:"refused"`
	Inbox     int         `json:"inbox"`   // late work that the township has not looked at
	Waiting   int         `json:"waiting"` // written here, and held for the township to decide
	Lost      []LostValue `json:"lost"`    // written here, not shown, or decided since
	Hints     []Hint      `json:"hints"`
	Sync      SyncStatus  `json:"sync"`
	Loading   bool        `json:"loading"` // logs are still being read: figures about visits grow
}

// DueVisit is a household that is to be visited, and why.
type DueVisit struct {
	Household string `json:"household"`
	Head      string `json:"head"`
	Address   string `json:"address"`
	Phone     string `json:"phone"`
	Village   string `json:"village"`
	Grid      string `json:"grid"`   // name
	Member    string `json:"member"` // who looks after it
	Due       string `json:"due"`
	Over      int    `json:"over"`   // days since Due; negative: still to come
	Last      string `json:"last"`   // date of the last visit
	Reason    string `json:"reason"` // promised, care, ordinary
	Text      string `json:"text"`   // the reason in words
}

// VillageRow is a village on a township's screens.
type VillageRow struct {
	Code       string `json:"code"`
	Name       string `json:"name"`
	Grids      int    `json:"grids"`
	Households int    `json:"households"`
	People     int    `json:"people"`
	Members    int    `json:"members"`
	Linked     int    `json:"linked"`   // households that a member looks after
	Visits30   int    `json:"visits30"` // contact logs dated in the last 30 days
	Open       int    `json:"open"`     // open matters
	Conflicts  int    `json:"conflicts"`
	Uploaded   int64  `json:"uploaded"` // when the newest work of one of its laptops reached the office
	Devices    int    `json:"devices"`
}

// VillageGrids is a village as a tree.
type VillageGrids struct {
	Code  string    `json:"code"`
	Name  string    `json:"name"`
	Grids []GridRow `json:"grids"`
	// Loose counts households that are in no grid; MembersLoose the members.
	Loose        int         `json:"loose"`
	MembersLoose int         `json:"membersLoose"`
	Branches     []BranchRow `json:"branches"`
	Hints        []Hint      `json:"hints"`
}

// Contact is a person with a duty.
type Contact struct {
	Member string `json:"member"` // id, "" if only a name is known
	Name   string `json:"name"`
	Phone  string `json:"phone"`
}

// BranchRow is a Party branch.
type BranchRow struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Kind      string  `json:"kind"` // in words
	Joint     bool    `json:"joint"`
	Secretary Contact `json:"secretary"`
	Members   int     `json:"members"`
}

// GridRow is a grid with its branch and its people first.
type GridRow struct {
	ID         string      `json:"id"`
	Village    string      `json:"village"`
	Code       string      `json:"code"`
	Name       string      `json:"name"`
	Branch     *BranchRow  `json:"branch"` // nil: none yet
	Instructor []Contact   `json:"instructor"`
	Leader     []Contact   `json:"leader"`
	Fulltime   []Contact   `json:"fulltime"`
	Parttime   []Contact   `json:"parttime"`
	Members    []MemberRow `json:"members"`
	Micro      []MicroRow  `json:"micro"`
	Households int         `json:"households"`
	People     int         `json:"people"`
	Linked     int         `json:"linked"`
	// Visited counts the grid's households with a contact log in the current month.
	Visited   int       `json:"visited"`
	Sync      SyncState `json:"sync"`
	Conflicts int       `json:"conflicts"`
}

// MicroRow is a micro-grid.
type MicroRow struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Leader     []Contact `json:"leader"`
	Households int       `json:"households"`
}

// MemberRow is a Party member and how many households are looked after.
type MemberRow struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Phone      string    `json:"phone"`
	Grid       string    `json:"grid"` // id
	GridName   string    `json:"gridName"`
	Branch     string    `json:"branch"` // name
	Roles      []string  `json:"roles"`  // in words
	Households int       `json:"households"`
	Mobile     bool      `json:"mobile"` // away as a mobile member
	Exempt     bool      `json:"exempt"` // too old, ill or away: need not look after households
	Sync       SyncState `json:"sync"`
	Conflicts  int       `json:"conflicts"`
}

// GridPage is one grid in full.
type GridPage struct {
	Grid     GridRow    `json:"grid"`
	Record   RecordView `json:"record"`
	Hints    []Hint     `json:"hints"`
	Open     int        `json:"open"`     // open matters
	Unlinked int        `json:"unlinked"` // households nobody looks after
	// Duties are those in the grid, now and before.
	Duties []DutyRow `json:"duties"`
	// Into is the grid into which this one was merged, nil: none; Before are
	// those that became part of it or from which it was split off.
	Into   *GridKin  `json:"into"`
	Before []GridKin `json:"before"`
}

// GridKin is a grid that another came from or went into.
type GridKin struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	To    string `json:"to"`    // when it was given up, "": it was not
	Split bool   `json:"split"` // the grid was split off this one
}

// MemberPage is a member's own page: my households, my open matters.
type MemberPage struct {
	Member     MemberRow      `json:"member"`
	Record     RecordView     `json:"record"`
	Households []HouseholdRow `json:"households"`
	Matters    []RecordRow    `json:"matters"`
	Duties     []DutyRow      `json:"duties"` // now, then before
	Hints      []Hint         `json:"hints"`
}
