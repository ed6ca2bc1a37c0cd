package service

// SyncPhase says what the exchange with the server is doing.
type SyncPhase string

// The phases. Offline is a calm state, not an error.
const (
	SyncIdle    SyncPhase = "idle"    // nothing to do
	SyncRunning SyncPhase = "running" // an exchange is under way
	SyncOffline SyncPhase = "offline" // no way to the server; tried again by itself
	SyncWaiting SyncPhase = "waiting" // the server asked to come later, or a try failed
	SyncStopped SyncPhase = "stopped" // cannot go on by itself: see Problem
)

// SyncStatus is derived from marks and receipts, never from "the run ended".
type SyncStatus struct {
	Phase    SyncPhase `json:"phase"`
	ToSend   int       `json:"toSend"`   // records with changes that the server has not confirmed
	Sent     int       `json:"sent"`     // records of this laptop that the server has confirmed
	Rejected int       `json:"rejected"` // records of which the server refused a change
	// Sticks counts bundles that left on a stick and have no answer yet.
	Sticks int `json:"sticks"`
	// Conflicts counts records with fields to be decided.
	Conflicts int      `json:"conflicts"`
	Verified  Verified `json:"verified"`
	Done      int      `json:"done"`  // of a running exchange: n …
	Total     int      `json:"total"` // … of N; 0: not known yet
	NextTry   int64    `json:"nextTry"`
	LastSync  int64    `json:"lastSync"` // when an exchange last completed
	Problem   *Problem `json:"problem"`
	// Clock says that the laptop's clock is wrong by more than ten minutes;
	// work goes on with the server's time.
	Clock *Problem  `json:"clock"`
	Last  *SyncDone `json:"last"` // the newest completed one
	// Photos that are here and not yet at the server, that are named here and
	// not on this laptop, and that the server did not take.
	PhotosToSend  int  `json:"photosToSend"`
	PhotosMissing int  `json:"photosMissing"`
	PhotosRefused int  `json:"photosRefused"`
	PhotosMoving  bool `json:"photosMoving"` // the text is through, and photos go now
	// PhotosShut is why the photos cannot be opened now, nil: they can. How many
	// wait is then not known; the text goes on.
	PhotosShut *Problem `json:"photosShut"`
	// ByKind is what is to be sent, by collection; events leave it out.
	ByKind []KindLeft `json:"byKind"`
}

// Verified is the last comparison with the server.
type Verified struct {
	Equal   bool  `json:"equal"`
	Records int   `json:"records"`
	At      int64 `json:"at"` // 0: never
}

// Problem is an error for people.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// KindLeft counts unsent records of a collection.
type KindLeft struct {
	Collection string `json:"collection"`
	Label      string `json:"label"`
	ToSend     int    `json:"toSend"`
	Rejected   int    `json:"rejected"`
}

// SyncDone is the report of a sync. Bytes are those of HTTP with its headers;
// the wire adds what TLS costs.
type SyncDone struct {
	Exchanges int      `json:"exchanges"`
	BytesUp   int64    `json:"bytes_up"`
	BytesDown int64    `json:"bytes_down"`
	Sent      int      `json:"sent"`
	Received  int      `json:"received"`
	Rejected  int      `json:"rejected"`
	Conflicts int      `json:"conflicts"`
	Verified  Verified `json:"verified"`
	Epoch     uint32   `json:"epoch"`
	MS        int64    `json:"ms"`
	WireUp    int64    `json:"wire_up"`
	WireDown  int64    `json:"wire_down"`
	// Photos that arrived whole, and why others have to wait; the text is
	// through all the same.
	PhotosUp      int      `json:"photos_up"`
	PhotosDown    int      `json:"photos_down"`
	PhotosProblem *Problem `json:"photos_problem"`
}

// Rejection is a change that the server refused. It stays here, can be
// corrected, sent again and exported.
type Rejection struct {
	Collection string `json:"collection"`
	Label      string `json:"label"` // of the collection
	ID         string `json:"id"`
	Title      string `json:"title"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Hint       string `json:"hint"`
	Fields     string `json:"fields"` // labels of the changed fields
}
