// Package service is what the laptop does for the people in front of it: the
// screens call the methods of Service, the commands those of Book, which both
// stand on. It validates, writes each change in one transaction of the sealed
// store, keeps the rosters in memory and says what is where.
//
// Conventions of everything that crosses to the screens: ids are 20 characters,
// calendar dates "2024-03-05", months "2024-03", times milliseconds since 1970
// (0: never), places 12-digit village codes. "" is no value. Every error is a
// *syncproto.Error with a message and a hint in Chinese.
package service

// Topics of the events that a Service emits. The payload of TopicSync is a
// SyncStatus, of TopicState a State; the others only say that something
// changed and carry a Changed.
const (
	TopicState   = "state"   // unlocked, locked, joined
	TopicSync    = "sync"    // status of the exchange with the server
	TopicRecords = "records" // records were written here or came from the server
)

// Changed says what a TopicRecords event is about.
type Changed struct {
	// Collections are the keys of the collections in which something changed.
	Collections []string `json:"collections"`
	// Records are the changed records, at most 100; More if there were others.
	Records []RecordKey `json:"records"`
	More    bool        `json:"more"`
	Remote  bool        `json:"remote"` // it came from the server
}

// RecordKey names a record.
type RecordKey struct {
	Collection string `json:"collection"`
	ID         string `json:"id"`
}

// Phase says which screen comes first.
type Phase string

// The phases of a laptop.
const (
	PhaseNew    Phase = "new"    // not joined: ask for an invitation
	PhaseLocked Phase = "locked" // ask for the password
	PhaseReady  Phase = "ready"
)

// State is who is at the laptop and what it is for.
type State struct {
	Phase        Phase      `json:"phase"`
	Version      string     `json:"version"`
	Today        string     `json:"today"`
	Township     string     `json:"township"` // 9-digit code
	TownshipName string     `json:"townshipName"`
	Scope        string     `json:"scope"` // what the person's role is about: township, village or grid code
	ScopeName    string     `json:"scopeName"`
	Village      string     `json:"village"` // 12-digit code; "" for a township's laptop
	VillageName  string     `json:"villageName"`
	Role         string     `json:"role"`     // township, village, grid, inspector
	RoleName     string     `json:"roleName"` // in Chinese
	Person       string     `json:"person"`
	Device       string     `json:"device"`
	CanWrite     bool       `json:"canWrite"`
	Recovered    *Recovered `json:"recovered"` // set once after the store was damaged
	Draft        bool       `json:"draft"`     // a visit was being written when the program ended
	Ended        *Ended     `json:"ended"`     // nil: the person is in charge of something
}

// Recovered tells that the data file was damaged and what was done.
type Recovered struct {
	At      int64  `json:"at"`   // when it was noticed
	Copy    int64  `json:"copy"` // when the copy that was opened instead was made
	Kept    string `json:"kept"` // file name under which the damaged file was kept aside
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Settings are a person's own, kept on the laptop and never synced.
type Settings struct {
	// TextSize is the size of ordinary letters in pixels: 16, 18, 20 or 22; 0 is 18.
	TextSize int    `json:"textSize"`
	Language string `json:"language"` // zh-CN, en
	// LockMinutes without a key or click lock the screens; 0: never.
	LockMinutes int `json:"lockMinutes"`
	// VisitMode is the mode last chosen, offered first for the next visit.
	VisitMode string `json:"visitMode"`
	// Visitor is the member (id) that is offered first for the next visit.
	Visitor string `json:"visitor"`
}

// Saved is the outcome of a write.
type Saved struct {
	ID string `json:"id"`
	// Undo, given to Service.Undo, puts back what the write replaced; "" if
	// nothing changed.
	Undo string `json:"undo"`
	// Created names further records that the write made, by collection key:
	// the matter of a visit's request.
	Created []RecordKey `json:"created"`
}

// SyncState is where a record stands.
type SyncState string

// The states of a record.
const (
	StateSent    SyncState = "sent"    // the server is known to hold it as it is here
	StateToSend  SyncState = "to_send" // holds changes that the server has not confirmed
	StateRefused SyncState = "refused" // the server refused a change; see Rejections
)

// Hint is a gentle remark of a validator; never a score.
type Hint struct {
	Code       string `json:"code"` // V1, V2, V3, …: the rule; see RuleOf
	Text       string `json:"text"`
	Collection string `json:"collection"` // the record it is about, if one
	ID         string `json:"id"`
}

// File is something to be saved: give Handle to the host's save dialog.
type File struct {
	Handle string `json:"handle"`
	Name   string `json:"name"` // suggested
}
