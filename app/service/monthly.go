package service

import (
	"context"
	"slices"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Monthly returns the monthly report, a line for each village.
func (s *Service) Monthly(ctx context.Context, month string) ([]MonthlyRow, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Monthly(month)
}

// Monthly returns the report of a month ("2024-03"), a line for each village.
// Rosters count as they stand today; visits, matters, disputes and hazards by
// their dates.
func (b *Book) Monthly(month string) ([]MonthlyRow, error) {
	first, last, ok := monthOf(month)
	if !ok {
		return nil, &syncproto.Error{Code: syncproto.CodeField, Message: "“" + clip(month, 30) + "”不是月份", Hint: "请写成 2024-03 这样。"}
	}
	b.Loaded()
	var out []MonthlyRow
	err := b.read(func(r reader) error {
		m := monthly{reader: r, first: first, last: last, rows: map[string]*MonthlyRow{}}
		for _, code := range r.villages() {
			out = append(out, MonthlyRow{Village: code, Name: r.placeName(code)})
		}
		for i := range out {
			m.rows[out[i].Village] = &out[i]
		}
		m.rosters()
		m.households()
		for _, count := range []struct {
			c syncproto.Collection
			f func(*MonthlyRow, fields)
		}{{ledger.Matter, m.matter}, {ledger.Dispute, m.dispute}, {ledger.Hazard, m.hazard}} {
			if err := m.log(count.c, count.f); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// monthly counts one month.
type monthly struct {
	reader
	first, last int64
	rows        map[string]*MonthlyRow
}

func (m *monthly) in(day int64) bool { return m.first <= day && day <= m.last }

func (m *monthly) rosters() {
	for _, g := range m.gridsOf("") {
		if row, ok := m.rows[g.Village]; ok {
			row.Grids++
			if m.branchOf(g) != nil {
				row.GridsWithBranch++
			}
		}
	}
	for _, p := range m.membersOf("") {
		if row, ok := m.rows[p.Village]; ok {
			row.Members++
			if _, in := m.roster.Grids[p.Grid]; in {
				row.MembersInGrid++
			}
		}
	}
}

func (m *monthly) households() {
	for _, h := range m.roster.Households {
		row, ok := m.rows[h.Village]
		if !ok || h.MovedOut != 0 && h.MovedOut < m.first {
			continue
		}
		row.Households++
		if slices.ContainsFunc(m.roster.LinksTo(h.ID), func(l *roster.Link) bool { return roster.Now(l.From, l.To, m.last) }) {
			row.Linked++
		}
		visits := m.derived.visitsBetween(h.ID, m.first, m.last)
		row.Visits += visits
		care := slices.ContainsFunc(m.roster.CaresOf(h.ID), func(c *roster.Care) bool { return roster.Now(c.From, c.To, m.last) })
		if care {
			row.CareDue++
		}
		if visits > 0 {
			row.Visited++
			if care {
				row.CareVisited++
			}
		}
		if day, _, due := m.due(h, m.first); visits > 0 || due && day <= m.last {
			row.Due++
		}
	}
}

// log counts the records of a log, the deleted ones left out.
func (m *monthly) log(c syncproto.Collection, count func(*MonthlyRow, fields)) error {
	for rec, err := range m.tx.Scan(c) {
		if err != nil {
			return err
		}
		if row, ok := m.rows[m.home(rec)]; ok && !ledger.Deleted(rec) {
			count(row, fieldsOf(rec))
		}
	}
	return nil
}

func (m *monthly) matter(row *MonthlyRow, f fields) {
	closed, deadline, state := f.int("closed"), f.int("deadline"), f.text("state")
	if m.in(firstDay(f.int("accepted"), f.int("date"))) {
		row.Matters++
		if f.text("level") == "referred" {
			row.Referred++
		}
	}
	if closed != 0 && m.in(closed) {
		row.Closed++
		if deadline == 0 || closed <= deadline {
			row.OnTime++
		}
		switch f.text("level") {
		case "grid", "village":
			row.ClosedVillage++
		case "town":
			row.ClosedTown++
		}
		if rating := f.text("rating"); rating != "" && rating != "none" {
			row.Rated++
			if rating == "satisfied" || rating == "mostly" {
				row.Satisfied++
			}
		}
	}
	// What is suspended leaves the count; it is listed elsewhere.
	if f.int("date") <= m.last && deadline != 0 && deadline <= m.last && (closed == 0 || closed > m.last) &&
		state != "suspended" && state != "withdrawn" && state != "not_accepted" {
		row.Overdue++
	}
}

func (m *monthly) dispute(row *MonthlyRow, f fields) {
	if m.in(f.int("date")) {
		row.Disputes++
	}
	switch f.text("state") {
	case "agreed_oral", "agreed_written", "confirmed", "performed", "follow_up":
		if m.in(f.int("closed")) {
			row.DisputesSettled++
		}
	}
}

func (m *monthly) hazard(row *MonthlyRow, f fields) {
	if !m.in(f.int("date")) {
		return
	}
	row.Hazards++
	switch f.text("state") {
	case "fixed", "rechecked":
		row.HazardsFixed++
	}
}

// firstDay is the first day that is known.
func firstDay(days ...int64) int64 {
	for _, d := range days {
		if d != 0 {
			return d
		}
	}
	return 0
}
