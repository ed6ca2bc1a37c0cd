package service

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Why a household is due for a visit.
const (
	duePromised = "promised" // a visit said when the next one is
	dueCare     = "care"     // the cycle of a care mark
	dueOrdinary = "ordinary" // everyone is seen twice a year
)

// cycleDays returns the days between visits of a code in table visit_cycle.
func cycleDays(code string) int64 {
	table, ok := ledger.TableOf("visit_cycle")
	if !ok {
		return 0
	}
	row, ok := table.Row(code)
	if !ok || len(row.Extra) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(row.Extra[0], "d"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// due says when a household is to be visited next and why; false if nothing
// calls for a visit. An ordinary household counts from its last visit, or from
// now on if there was none: a new village is not overdue as a whole.
func (b *Book) due(h *roster.Household, today int64) (day int64, why string, ok bool) {
	if h.MovedOut != 0 && h.MovedOut <= today {
		return 0, "", false
	}
	last, visited := b.derived.lastVisit(h.ID, today)
	if promised := b.promised(h.ID, today); promised != 0 {
		day, why, ok = promised, duePromised, true
	}
	for _, c := range b.roster.CaresOf(h.ID) {
		days := cycleDays(firstOf(c.Cycle, "care"))
		if !roster.Now(c.From, c.To, today) || days == 0 {
			continue
		}
		from := cmp.Or(c.From, c.ID.Time.Milli()/dayMillis)
		if visited {
			from = max(from, int64(last.day))
		}
		if at := from + days; !ok || at < day {
			day, why, ok = at, dueCare, true
		}
	}
	if !ok && visited && h.Residence != "vacant" {
		if days := cycleDays("ordinary"); days > 0 {
			day, why, ok = int64(last.day)+days, dueOrdinary, true
		}
	}
	return day, why, ok
}

const dayMillis = 86_400_000

// promised is the day that the newest visit said, 0 if none: each new visit
// takes the place of what an earlier one promised. A visit that met nobody
// leaves the promise open unless it names another day.
func (b *Book) promised(household syncproto.ID, today int64) int64 {
	for _, m := range b.derived.marks(household) {
		if int64(m.day) > today {
			continue
		}
		if m.next != 0 {
			return int64(m.next)
		}
		if !m.away {
			return 0
		}
	}
	return 0
}

// dueList lists the visits due from one day to another, most overdue first.
func (r reader) dueList(from, to int64, village string) []DueVisit {
	today := r.today()
	var out []DueVisit
	for _, h := range r.roster.Households {
		if village != "" && h.Village != village {
			continue
		}
		if day, why, ok := r.due(h, today); ok && from <= day && day <= to {
			out = append(out, r.dueVisit(h, day, why))
		}
	}
	slices.SortFunc(out, func(a, b DueVisit) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), roster.Natural(a.Address, b.Address), cmp.Compare(a.Household, b.Household))
	})
	return out
}

// called lists the due visits that somebody counts on: promised ones and those
// of care. Ordinary ones, which in a new year may be all of a village's, are
// only counted on the first screen.
func (r reader) called(from, to int64) []DueVisit {
	return slices.DeleteFunc(r.dueList(from, to, ""), func(d DueVisit) bool { return d.Reason == dueOrdinary })
}

func (r reader) dueVisit(h *roster.Household, day int64, why string) DueVisit {
	d := DueVisit{
		Household: h.ID.String(), Head: h.Head, Address: h.Address, Phone: r.phoneOf(h), Village: h.Village,
		Grid: r.nameOf("grid", h.Grid), Member: r.lookedAfterBy(h.ID), Due: dateText(day),
		Over: int(r.today() - day), Reason: why,
	}
	if last, ok := r.derived.lastVisit(h.ID, r.today()); ok {
		d.Last = dateText(int64(last.day))
	}
	switch why {
	case duePromised:
		d.Text = "约好回访"
	case dueCare:
		d.Text = "关爱户定期走访"
	default:
		d.Text = "半年没有走访"
	}
	return d
}

// phoneOf is the household's number, else its head's.
func (r reader) phoneOf(h *roster.Household) string {
	if h.Phone != "" {
		return h.Phone
	}
	if p := r.headOf(h); p != nil {
		return p.Phone
	}
	return ""
}

// headOf is the resident who heads a household, nil if none is known.
func (b *Book) headOf(h *roster.Household) *roster.Resident {
	if p, ok := b.roster.Residents[b.roster.Resolve(h.HeadRef)]; ok {
		return p
	}
	for _, p := range b.roster.PeopleOf(h.ID) {
		if isHead(p) || p.Name == h.Head {
			return p
		}
	}
	return nil
}

// isHead: codes 01 and 02 of GB/T 4761 are the person and the head.
func isHead(p *roster.Resident) bool { return p.Relation == "01" || p.Relation == "02" }

// lookedAfterBy names the members who look after a household now.
func (r reader) lookedAfterBy(household syncproto.ID) string {
	today := r.today()
	var names []string
	for _, l := range r.roster.LinksTo(household) {
		if roster.Now(l.From, l.To, today) {
			names = append(names, r.nameOf("member", l.Member))
		}
	}
	slices.Sort(names)
	return joined("、", slices.Compact(names)...)
}
