package service

import (
	"strings"
	"time"
	"unicode"

	"gridbook/syncproto/ledger"
)

// namesIn splits the names in one field: 张三、李四 13800001234.
func namesIn(s string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、,，;；/\n", r) }) {
		name := strings.TrimSpace(strings.TrimRightFunc(part, func(r rune) bool {
			return unicode.IsDigit(r) || unicode.IsSpace(r) || strings.ContainsRune("()（）-+:：", r)
		}))
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// monthStart is the first day of a day's month.
func monthStart(day int64) int64 {
	t := time.UnixMilli(day * dayMillis).UTC()
	return ledger.DayOf(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC))
}

// monthOf returns the first and last day of a month "2024-03".
func monthOf(s string) (first, last int64, ok bool) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, 0, false
	}
	return ledger.DayOf(t), ledger.DayOf(t.AddDate(0, 1, -1)), true
}

// familyName is the first character of a name.
func familyName(name string) string {
	for i := range name {
		if i > 0 {
			return name[:i]
		}
	}
	return name
}

func contains(s, part string) bool { return strings.Contains(s, part) }

// fullWidth writes the commas of the server's sentences as Chinese has them.
func fullWidth(sentence string) string { return strings.ReplaceAll(sentence, ",", "，") }
