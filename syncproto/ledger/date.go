package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const dayMilli = 86_400_000

// DayOf returns the calendar day of t in t's own zone as days since
// 1970-01-01. Dates have no zone: a visit of 5 March stays one everywhere.
func DayOf(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMilli
}

// DateText returns a day since 1970-01-01 as 2024-03-05.
func DateText(day int64) string {
	return time.UnixMilli(day * dayMilli).UTC().Format(time.DateOnly)
}

// DayOfDate returns the day since 1970-01-01 of a calendar date, false if
// there is no such date or it lies outside the years 1850 to 2200.
func DayOfDate(y, m, d int) (int64, bool) {
	if y < 1850 || y > 2200 || m < 1 || m > 12 || d < 1 {
		return 0, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t.UnixMilli() / dayMilli, t.Day() == d && int(t.Month()) == m
}

// PartialDate is a date of which the day, or the month and the day, may be
// unknown: then they are 0. Rosters know births and Party entries like that.
type PartialDate struct{ Year, Month, Day int }

// Int returns the stored form: ordered like the dates, and close together for
// dates that are.
func (p PartialDate) Int() int64 { return int64((p.Year*13+p.Month)*32 + p.Day) }

// PartialOf reads the stored form.
func PartialOf(n int64) PartialDate {
	if n < 0 || n > 9999*13*32 {
		return PartialDate{}
	}
	return PartialDate{Year: int(n / (13 * 32)), Month: int(n / 32 % 13), Day: int(n % 32)}
}

// Valid reports whether p is a date, a month or a year between 1850 and 2200.
func (p PartialDate) Valid() bool {
	if p.Day != 0 {
		_, ok := DayOfDate(p.Year, p.Month, p.Day)
		return ok
	}
	return p.Year >= 1850 && p.Year <= 2200 && p.Month >= 0 && p.Month <= 12
}

// First returns the first day that p may mean, as days since 1970-01-01.
func (p PartialDate) First() int64 {
	day, _ := DayOfDate(p.Year, max(p.Month, 1), max(p.Day, 1))
	return day
}

// Age returns the full years from p to today (days since 1970-01-01): the
// greatest that p allows.
func (p PartialDate) Age(today int64) int {
	y, m, d := time.UnixMilli(today * dayMilli).UTC().Date()
	age := y - p.Year
	if p.Month > int(m) || p.Month == int(m) && p.Day > d {
		age--
	}
	return age
}

// Agrees reports whether p and o may be the same day.
func (p PartialDate) Agrees(o PartialDate) bool {
	same := func(a, b int) bool { return a == b || a == 0 || b == 0 }
	return p.Year == o.Year && same(p.Month, o.Month) && same(p.Day, o.Day)
}

// String returns 1962-08-15, 1962-08 or 1962.
func (p PartialDate) String() string {
	switch {
	case p.Month == 0:
		return fmt.Sprintf("%04d", p.Year)
	case p.Day == 0:
		return fmt.Sprintf("%04d-%02d", p.Year, p.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", p.Year, p.Month, p.Day)
}

// partialOfText is the strict inverse of String.
func partialOfText(s string) (PartialDate, bool) {
	var p PartialDate
	parts := strings.Split(s, "-")
	for i, dst := range []*int{&p.Year, &p.Month, &p.Day} {
		if i == len(parts) {
			break
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return p, false
		}
		*dst = n
	}
	return p, len(parts) <= 3 && p.Valid() && p.String() == s
}

// serialEpoch is day 0 of spreadsheet dates in days since 1970-01-01:
// 1899-12-30, so that day 61 is 1900-03-01 in spite of the leap day that 1900
// did not have.
const serialEpoch = -25569

// DayOfSerial returns the day of a spreadsheet's date number (1900 system),
// false outside 1900-03-01 to 2200.
func DayOfSerial(serial float64) (int64, bool) {
	if serial < 61 || serial >= 109_940 {
		return 0, false
	}
	return int64(serial) + serialEpoch, true
}
