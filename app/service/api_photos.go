package service

// TopicPhotos tells that photos have come or gone, or that their states have
// changed; it carries nothing.
const TopicPhotos = "photos"

// PhotoList is the photos of a record. Arrived says of how many the server has
// the picture, Here how many can be seen on this laptop: "3 photos, 2 have
// arrived".
type PhotoList struct {
	Total   int        `json:"total"`
	Arrived int        `json:"arrived"`
	Here    int        `json:"here"`
	Most    int        `json:"most"` // photos that a record may have
	CanAdd  bool       `json:"canAdd"`
	Rows    []PhotoRow `json:"rows"` // in the order in which they were added
	// Problem is why the pictures cannot be opened now: which of them are here
	// is then not known.
	Problem *Problem `json:"problem"`
}

// PhotoRow is a photo of a record.
type PhotoRow struct {
	ID      string `json:"id"`     // of its record, an attachment
	SHA256  string `json:"sha256"` // of the picture, hexadecimal
	Caption string `json:"caption"`
	Date    string `json:"date"`
	By      string `json:"by"` // who added it
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Size    int    `json:"size"`    // bytes
	Here    bool   `json:"here"`    // the picture is on this laptop
	Arrived bool   `json:"arrived"` // the server has it whole
	// Lost: added on this laptop, and its bytes went bad here before they
	// arrived; it has to be added again.
	Lost bool `json:"lost"`
	// Done of Parts chunks are through, while it goes up or comes down.
	Done    int       `json:"done"`
	Parts   int       `json:"parts"`
	Wanted  bool      `json:"wanted"` // somebody has asked to see it, and it is on its way
	Sync    SyncState `json:"sync"`   // of its record
	Problem *Problem  `json:"problem"`
}
