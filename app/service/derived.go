package service

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// derived is what is known of all records without holding them: who has
// conflicts, and when each household was visited. It follows every record.
type derived struct {
	conflicts map[syncproto.Key]int
	visits    *visitMarks
	open      map[syncproto.Key]openNote    // matters, disputes, hazards
	moved     map[syncproto.ID]movedNote    // by trace: households that went to another village
	inbox     map[syncproto.ID]struct{}     // what the township has not decided about
	rulings   map[syncproto.Stamp]ruledNote // by this laptop's values that somebody did not take
	touched   map[syncproto.Key]bool        // changed while the logs are being read; nil afterwards
	// mine are the records with a value that this laptop wrote and that still
	// stands.
	mine map[syncproto.Key]struct{}
	own  map[syncproto.ReplicaID]bool // this laptop's numbers, now and before
	// numbers grows with every change of an ID number.
	numbers uint64
	// group lists all households that were merged with one, nil if none was.
	group func(syncproto.ID) []syncproto.ID
}

// openNote is a matter, dispute or hazard that is not closed.
type openNote struct {
	household, grid syncproto.ID
	village         string // its own; "" if its parent's counts
	day, deadline   int32
	closed          bool
}

// movedNote is the trace of a household that went to another village.
type movedNote struct {
	key       syncproto.Key // of the trace
	household syncproto.ID
	text, by  string
	at        int64 // ms since 1970
}

// whereTo returns the newest trace of a household, false if it never left.
func (d *derived) whereTo(household syncproto.ID) (movedNote, bool) {
	var newest movedNote
	for _, n := range d.moved {
		if n.household == household && n.key.ID.Compare(newest.key.ID) > 0 {
			newest = n
		}
	}
	return newest, !newest.household.IsZero()
}

func newDerived(group func(syncproto.ID) []syncproto.ID) *derived {
	return &derived{
		group:     group,
		conflicts: map[syncproto.Key]int{}, visits: newVisitMarks(), open: map[syncproto.Key]openNote{},
		moved: map[syncproto.ID]movedNote{}, inbox: map[syncproto.ID]struct{}{}, touched: map[syncproto.Key]bool{}, mine: map[syncproto.Key]struct{}{}, own: map[syncproto.ReplicaID]bool{},
		rulings: map[syncproto.Stamp]ruledNote{},
	}
}

func (d *derived) put(rec *syncproto.Record) {
	d.remove(rec.Key)
	if n := len(ledger.Conflicts(rec)); n > 0 {
		d.conflicts[rec.Key] = n
	}
	if d.isMine(rec) {
		d.mine[rec.Key] = struct{}{}
	}
	if ledger.Deleted(rec) {
		return
	}
	switch rec.Collection {
	case ledger.Visit:
		d.putVisit(rec)
	case ledger.Matter, ledger.Dispute, ledger.Hazard:
		if note := noteOf(rec); !note.closed {
			d.open[rec.Key] = note
		}
	case ledger.Inbox:
		if fieldsOf(rec).text("decision") == "" {
			d.inbox[rec.ID] = struct{}{}
		}
	case ledger.AccessLog:
		if f := fieldsOf(rec); f.text("action") == moveAction {
			d.moved[rec.ID] = movedNote{rec.Key, f.ref("record"), f.text("reason"), f.text("who"), f.int("at")}
		}
		d.putRuling(rec)
	}
}

func (d *derived) remove(k syncproto.Key) {
	if k.Collection == ledger.ResidentPrivate {
		d.numbers++
	}
	delete(d.conflicts, k)
	delete(d.open, k)
	delete(d.mine, k)
	switch k.Collection {
	case ledger.AccessLog:
		delete(d.moved, k.ID)
	case ledger.Inbox:
		delete(d.inbox, k.ID)
	case ledger.Visit:
		d.visits.remove(k.ID)
	}
}

func (d *derived) isMine(rec *syncproto.Record) bool {
	for _, f := range rec.Fields {
		for _, h := range f.Heads {
			if d.own[h.Stamp.Replica] {
				return true
			}
		}
	}
	return false
}

func (d *derived) putVisit(rec *syncproto.Record) {
	f := fieldsOf(rec)
	d.visits.put(f.ref("household"), visitMark{
		time: rec.ID.Time, replica: rec.ID.Replica,
		day: int32(f.int("date")), next: int32(f.int("next_date")), away: f.text("mode") == "away",
	})
}

// marks lists the visits of a household and of those merged into it, newest
// first.
func (d *derived) marks(household syncproto.ID) []visitMark {
	group := d.group(household)
	if group == nil {
		return d.visits.of(household)
	}
	var out []visitMark
	for _, one := range group {
		out = append(out, d.visits.of(one)...)
	}
	slices.SortFunc(out, newerFirst)
	return out
}

// lastVisit returns the newest visit of a household up to a day on which
// somebody was met, false if there is none.
func (d *derived) lastVisit(household syncproto.ID, until int64) (visitMark, bool) {
	for _, m := range d.marks(household) {
		if int64(m.day) <= until && !m.away {
			return m, true
		}
	}
	return visitMark{}, false
}

// visitsBetween counts the visits of a household from one day to another.
func (d *derived) visitsBetween(household syncproto.ID, from, to int64) int {
	n := 0
	for _, m := range d.marks(household) {
		if from <= int64(m.day) && int64(m.day) <= to {
			n++
		}
	}
	return n
}

// noteOf reads what is to be known of a matter, dispute or hazard.
func noteOf(rec *syncproto.Record) openNote {
	f := fieldsOf(rec)
	n := openNote{
		household: f.ref("household"), grid: f.ref("grid"), village: f.text("village"),
		day: int32(f.int("date")), deadline: int32(f.int("deadline")),
	}
	state := f.text("state")
	switch rec.Collection {
	case ledger.Matter:
		n.closed = f.int("closed") != 0 || slices.Contains([]string{"resolved", "feedback", "rated", "withdrawn", "not_accepted"}, state)
		if state == "reopened" {
			n.closed = false
		}
	case ledger.Dispute:
		n.closed = f.int("closed") != 0 || slices.Contains([]string{"refused", "agreed_oral", "agreed_written", "confirmed", "failed", "performed", "follow_up"}, state)
	case ledger.Hazard:
		n.closed = slices.Contains([]string{"fixed", "done", "rechecked"}, state)
	}
	return n
}
