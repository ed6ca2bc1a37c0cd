package service

// StickState says what is known of a bundle that left on a stick.
type StickState string

// The states of a bundle.
const (
	StickWaiting  StickState = "waiting"  // no answer has been read
	StickAnswered StickState = "answered" // its answer has been read
	// StickSettled: no answer to it was read, and none is needed any more: an
	// answer to a later bundle, or the network, has settled what was in it.
	StickSettled StickState = "settled"
)

// Stick is a bundle that was made here.
type Stick struct {
	Made     int64      `json:"made"`
	Records  int        `json:"records"` // with unsent work, that were in it
	File     string     `json:"file"`
	Answered int64      `json:"answered"` // when its answer was read; 0: not
	State    StickState `json:"state"`
	Sent     int        `json:"sent"`
	Received int        `json:"received"`
	Rejected int        `json:"rejected"`
	// Photos were in it; of them the answer said that PhotosArrived.
	Photos        int `json:"photos"`
	PhotosArrived int `json:"photosArrived"`
	// Renumbered says that the answer gave this laptop a new number, and took
	// nothing: what is unsent goes with the next bundle.
	Renumbered bool `json:"renumbered"`
}

// StickMade is a bundle that was just written.
type StickMade struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Records int    `json:"records"`
	Bytes   int    `json:"bytes"`
	Made    int64  `json:"made"`
	// Photos are in it; PhotosLeft found no room and go with the next one.
	Photos     int `json:"photos"`
	PhotosLeft int `json:"photosLeft"`
}

// StickRead is what came of an answer.
type StickRead struct {
	File string `json:"file"`
	Name string `json:"name"`
	Made int64  `json:"made"` // by the server's clock
	New  bool   `json:"new"`  // false: it had been read before, or a later one
	Sent int    `json:"sent"`
	// Received counts the records that came.
	Received   int      `json:"received"`
	Rejected   int      `json:"rejected"`
	Conflicts  int      `json:"conflicts"`
	Renumbered bool     `json:"renumbered"`
	Verified   Verified `json:"verified"`
	// Photos is how many of ours have arrived by now, PhotosRefused how many
	// the server does not take, and PhotosCame how many came here. They may
	// be new where the rest is not.
	Photos        int      `json:"photos"`
	PhotosRefused int      `json:"photosRefused"`
	PhotosCame    int      `json:"photosCame"`
	Problem       *Problem `json:"problem"`
}

// StickFound is the bundle of a village that lies on a stick.
type StickFound struct {
	File        string   `json:"file"`
	Name        string   `json:"name"`
	Bytes       int      `json:"bytes"`
	Made        int64    `json:"made"`
	Village     string   `json:"village"`
	VillageName string   `json:"villageName"`
	Taken       bool     `json:"taken"` // an answer lies beside it
	Problem     *Problem `json:"problem"`
}

// StickTaken is what came of such a bundle.
type StickTaken struct {
	StickFound
	Answer     string `json:"answer"` // name of the file for the village
	Person     string `json:"person"`
	Records    int    `json:"records"`
	Joined     int    `json:"joined"`
	Known      int    `json:"known"`
	Rejected   int    `json:"rejected"`
	Renumbered bool   `json:"renumbered"`
	// Of the photos in it: those that the server has now, those that it does
	// not take, those that came damaged, and those whose text has to come
	// first. The last two come again by themselves.
	Photos        int      `json:"photos"`
	PhotosRefused int      `json:"photosRefused"`
	PhotosDamaged int      `json:"photosDamaged"`
	PhotosEarly   int      `json:"photosEarly"`
	Told          *Problem `json:"told"` // what the answer tells the village's laptop
}

// StickPlace is where bundles may be read or written: a stick that is plugged
// in, the folder that was used last, or what the person chose.
type StickPlace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Last bool   `json:"last"`
	File bool   `json:"file"` // one bundle, which can only be read; else a folder
}
