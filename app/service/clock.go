package service

import (
	"time"

	"gridbook/syncproto/ledger"
)

// today returns the calendar day at this laptop, as days since 1970-01-01.
func (b *Book) today() int64 { return ledger.DayOf(b.now()) }

// millis returns the wall clock in ms since 1970.
func (b *Book) millis() int64 { return b.now().UnixMilli() }

// dateText returns a day as 2024-03-05, "" for none.
func dateText(day int64) string {
	if day == 0 {
		return ""
	}
	return ledger.DateText(day)
}

// dayOfText reads 2024-03-05; false if it is no date.
func dayOfText(s string) (int64, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, false
	}
	return ledger.DayOf(t), true
}
