package service

// Inbox is the township's inbox: work that came after its author could no
// longer write it, or after the record had moved away.
type Inbox struct {
	Open  int         `json:"open"`  // not decided yet
	Total int         `json:"total"` // with those that were decided
	Rows  []InboxItem `json:"rows"`  // what waits first, then by time, the newest first
}

// InboxItem is one piece of such work.
type InboxItem struct {
	ID string `json:"id"`
	// Held: it waits for a decision. Else it was joined already, and is shown
	// for information.
	Held       bool         `json:"held"`
	Collection string       `json:"collection"` // of the record that it is about
	Label      string       `json:"label"`
	Record     string       `json:"record"`
	Household  string       `json:"household"` // to open
	Title      string       `json:"title"`     // of the record, as it stands or as it came
	Village    string       `json:"village"`   // name
	Person     string       `json:"person"`    // who wrote it
	Device     string       `json:"device"`    // name of the laptop
	Reason     string       `json:"reason"`    // why it is here
	Received   int64        `json:"received"`
	Here       bool         `json:"here"`   // the record is on this laptop
	Closed     bool         `json:"closed"` // private: only the server can read it
	Fields     []InboxField `json:"fields"`
	Decision   string       `json:"decision"` // take, dismiss; "": not yet
	By         string       `json:"by"`       // who decided
	At         int64        `json:"at"`
	Sync       SyncState    `json:"sync"`
	CanWrite   bool         `json:"canWrite"`
	// Version names what is shown here, for DecideInbox.
	Version string `json:"version"`
}

// InboxField is a field of what came, beside the record as it is now.
type InboxField struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Came    string `json:"came"` // in words
	Now     string `json:"now"`
	Differs bool   `json:"differs"`
}

// DepositPage is what the township was to decide about of this laptop's work.
type DepositPage struct {
	Total int       `json:"total"` // with what is not among Rows
	Rows  []Deposit `json:"rows"`  // what waits first, then by time, the newest first
}

// Deposit is work of this laptop that the township was to decide about: its
// author may no longer write there. The work itself is not here any more.
type Deposit struct {
	ID       string `json:"id"`
	Label    string `json:"label"`   // what kind of record
	Written  int64  `json:"written"` // when the record was made, ms since 1970
	Reason   string `json:"reason"`
	Received int64  `json:"received"` // by the server, ms since 1970
	Decision string `json:"decision"` // take, dismiss; "": not yet
	By       string `json:"by"`       // who decided
	At       int64  `json:"at"`
}
