package service

// HouseholdQuery narrows the household list.
type HouseholdQuery struct {
	Village string `json:"village"` // 12-digit code, "": all
	Grid    string `json:"grid"`    // id, "": all, "none": in no grid
	Member  string `json:"member"`  // id of the member who looks after them
	Text    string `json:"text"`    // as typed: see Service.Search
	// Filter: "", "care", "unlinked", "unvisited" (half a year), "due",
	// "unsent", "refused", "conflict", or "residence:CODE".
	Filter string `json:"filter"`
	Sort   string `json:"sort"` // "" by door number, "name", "last" (longest without a visit first)
}

// HouseholdList is a window into the list.
type HouseholdList struct {
	Total  int            `json:"total"`
	Offset int            `json:"offset"`
	Rows   []HouseholdRow `json:"rows"`
}

// HouseholdRow is a household in a list.
type HouseholdRow struct {
	ID        string    `json:"id"`
	No        string    `json:"no"` // household number
	Head      string    `json:"head"`
	Address   string    `json:"address"`
	Hamlet    string    `json:"hamlet"`
	Phone     string    `json:"phone"`
	Village   string    `json:"village"`
	Grid      string    `json:"grid"` // id
	GridName  string    `json:"gridName"`
	People    int       `json:"people"`
	Residence string    `json:"residence"` // in words
	Care      bool      `json:"care"`
	Member    string    `json:"member"` // names of who looks after it
	Last      string    `json:"last"`   // date of the last visit
	Next      string    `json:"next"`   // when it is due, if so
	Sync      SyncState `json:"sync"`
	Conflicts int       `json:"conflicts"` // fields to be decided, of its people too
}

// Hit is one line of a search's answer.
type Hit struct {
	Kind      string `json:"kind"` // resident, household, member
	ID        string `json:"id"`
	Household string `json:"household"` // to open; "" for a member
	Title     string `json:"title"`     // the name
	Subtitle  string `json:"subtitle"`  // address, grid, relation
	Phone     string `json:"phone"`
	Matched   string `json:"matched"` // name, pinyin, address, phone, number
	Village   string `json:"village"`
}

// HouseholdPage is all about one household but its older logs.
type HouseholdPage struct {
	Household HouseholdRow  `json:"household"`
	Record    RecordView    `json:"record"`
	People    []ResidentRow `json:"people"` // the head first
	Links     []LinkRow     `json:"links"`  // now, then ended ones
	Care      []CareRow     `json:"care"`
	Open      []RecordRow   `json:"open"` // matters, disputes, hazards not yet closed
	Visits    VisitPage     `json:"visits"`
	Due       *DueVisit     `json:"due"`
	Sync      SyncState     `json:"sync"` // the least advanced of all that the page shows
	// Doubles counts what looks like this household or its people.
	Doubles int `json:"doubles"`
	// Moved says that it went, or after the next sync goes, to another village.
	Moved *Moved `json:"moved"`
}

// ResidentRow is a person of a household.
type ResidentRow struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Sex       string     `json:"sex"`      // in words
	Relation  string     `json:"relation"` // in words
	Birth     string     `json:"birth"`    // date or month
	Age       int        `json:"age"`      // -1: unknown
	Phone     string     `json:"phone"`
	Residence string     `json:"residence"` // in words
	IDNo      string     `json:"idNo"`      // masked, "" if not held here
	Note      string     `json:"note"`
	Care      bool       `json:"care"`
	Sync      SyncState  `json:"sync"`
	Conflicts []Conflict `json:"conflicts"`
}

// LinkRow says which member looks after the household.
type LinkRow struct {
	ID     string    `json:"id"`
	Member string    `json:"member"`
	Name   string    `json:"name"`
	Phone  string    `json:"phone"`
	Basis  string    `json:"basis"` // in words
	From   string    `json:"from"`
	To     string    `json:"to"`
	Sync   SyncState `json:"sync"`
}

// CareRow is a care mark of the household or of one of its people.
type CareRow struct {
	ID       string    `json:"id"`
	Resident string    `json:"resident"` // id, "": the household
	Name     string    `json:"name"`
	Category string    `json:"category"` // in words
	Need     string    `json:"need"`
	Cycle    string    `json:"cycle"`  // in words
	Review   string    `json:"review"` // date
	Sync     SyncState `json:"sync"`
}

// VisitPage is a part of a contact log, newest first.
type VisitPage struct {
	Rows []VisitRow `json:"rows"`
	Next string     `json:"next"` // cursor of the older ones, "": that was all
}

// VisitRow is one contact.
type VisitRow struct {
	ID         string     `json:"id"`
	Date       string     `json:"date"`
	Mode       string     `json:"mode"`    // in words
	Visitor    string     `json:"visitor"` // name
	Companions string     `json:"companions"`
	Household  string     `json:"household"` // id
	Head       string     `json:"head"`
	Address    string     `json:"address"`
	Village    string     `json:"village"`
	Situation  string     `json:"situation"`
	Request    string     `json:"request"`
	Category   string     `json:"category"` // livelihood category in words
	Done       string     `json:"done"`     // answered or done on the spot
	Next       string     `json:"next"`     // next visit promised
	Note       string     `json:"note"`
	Matter     string     `json:"matter"` // id of the matter made of it
	MatterNo   string     `json:"matterNo"`
	Sync       SyncState  `json:"sync"`
	Conflicts  []Conflict `json:"conflicts"`
}

// VisitDraft is a visit being written. Date, mode, visitor and household are
// enough to save it.
type VisitDraft struct {
	ID          string `json:"id"` // of the visit being changed, "": new
	Date        string `json:"date"`
	Mode        string `json:"mode"`    // code of table visit_mode
	Visitor     string `json:"visitor"` // member id, or "" with VisitorName
	VisitorName string `json:"visitorName"`
	Companions  string `json:"companions"`
	Household   string `json:"household"`
	Situation   string `json:"situation"`
	Request     string `json:"request"`
	Livelihood  string `json:"livelihood"` // code
	DoneOnSpot  string `json:"doneOnSpot"`
	NextDate    string `json:"nextDate"`
	Note        string `json:"note"`
	// MakeMatter turns the request into a matter of its own.
	MakeMatter     bool   `json:"makeMatter"`
	MatterCategory string `json:"matterCategory"` // code; "": other
	SavedAt        int64  `json:"savedAt"`        // of a draft, set by Service
	Head           string `json:"head"`           // of a draft, set by Service: the household's name
	// Key names the draft: each visit being written has its own. The form makes
	// it for a new visit; "": the id.
	Key string `json:"key"`
	// Seen is what the form of a visit that is changed showed, by field, set
	// by VisitForm: only what differs from it is written.
	Seen map[string][]any `json:"seen"`
}

// LinkSuggestion is a member who could look after a household. The secretary
// decides.
type LinkSuggestion struct {
	Member     string   `json:"member"`
	Name       string   `json:"name"`
	Phone      string   `json:"phone"`
	Basis      string   `json:"basis"`   // code of the basis that fits best
	Reasons    []string `json:"reasons"` // in words: 同自然村, 同姓, 同一网格 …
	Households int      `json:"households"`
}
