package ledger

import (
	"strconv"
	"strings"
	"time"

	"gridbook/syncproto"
)

// dateMarks are what people put between year, month and day.
var dateMarks = strings.NewReplacer("年", ".", "月", ".", "日", "", "号", "", "-", ".", "/", ".", "—", ".", "、", ".", " ", "", "。", ".")

// ReadDate reads a date as people write it in a table: 2024.3.5, 2024-03-05,
// 2024/3/5, 20240305, 2024年3月5日, with or without a weekday or a time behind
// it, a month or year alone, or a spreadsheet's serial number. Years of two
// digits are refused: nobody can say which century a roster means.
func ReadDate(c Cell) (PartialDate, Cause) {
	s := strings.ToLower(trim(Fold(c.Text)))
	if c.Number && !strings.Contains(s, "e") {
		if p, cause, done := readNumberDate(s); done {
			return p, cause
		}
	}
	s = dropTime(s)
	s = dateMarks.Replace(s)
	s = strings.TrimSuffix(s, ".")
	if p, ok := digitsDate(s); ok {
		return p, ""
	}
	parts := strings.Split(s, ".")
	if len(parts) > 3 || len(parts[0]) != 4 {
		return PartialDate{}, CauseDate
	}
	var n [3]int
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || v < 1 || i > 0 && len(part) > 2 {
			return PartialDate{}, CauseDate
		}
		n[i] = v
	}
	return checked(PartialDate{n[0], n[1], n[2]})
}

func checked(p PartialDate) (PartialDate, Cause) {
	if !p.Valid() {
		return PartialDate{}, CauseDate
	}
	return p, ""
}

// readNumberDate reads a number that may be a serial, digits of a date, or
// 2024.3 that the spreadsheet took for a fraction. 2024.1 may have been typed
// as January or as October: the final zero is lost.
func readNumberDate(s string) (p PartialDate, c Cause, done bool) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return p, "", false
	}
	whole, frac, _ := strings.Cut(s, ".")
	if y, err := strconv.Atoi(whole); err == nil && len(whole) == 4 && 1850 <= y && y <= 2200 && x < 2201 {
		switch {
		case frac == "":
			return PartialDate{Year: y}, "", true
		case frac == "1":
			return p, CauseMonth, true
		case len(frac) <= 2:
			m, _ := strconv.Atoi(frac)
			p, c = checked(PartialDate{Year: y, Month: m})
			if m == 0 {
				c = CauseDate
			}
			return p, c, true
		}
		return p, CauseDate, true
	}
	if frac == "" {
		if p, ok := digitsDate(whole); ok {
			return p, "", true
		}
	}
	if day, ok := DayOfSerial(x); ok {
		t := time.UnixMilli(day * dayMilli).UTC()
		return PartialDate{t.Year(), int(t.Month()), t.Day()}, "", true
	}
	return p, CauseDate, true
}

// digitsDate reads 20240305, 202403 and 2024.
func digitsDate(s string) (PartialDate, bool) {
	n, err := strconv.Atoi(s)
	if err != nil || strings.ContainsAny(s, "+-") {
		return PartialDate{}, false
	}
	var p PartialDate
	switch len(s) {
	case 8:
		p = PartialDate{n / 10000, n / 100 % 100, n % 100}
		return p, p.Day > 0 && p.Valid()
	case 6:
		p = PartialDate{n / 100, n % 100, 0}
		return p, p.Month > 0 && p.Valid()
	case 4:
		p = PartialDate{n, 0, 0}
		return p, p.Valid()
	}
	return p, false
}

// dropTime cuts off a time of day or a weekday behind a date.
func dropTime(s string) string {
	for _, mark := range []string{"星期", "周", "(", "上午", "下午", "晚"} {
		if i := strings.Index(s, mark); i > 0 {
			s = s[:i]
		}
	}
	if i := strings.IndexByte(s, ':'); i > 0 {
		head := strings.TrimRight(s[:i], "0123456789")
		s = strings.TrimSuffix(head, "t")
	}
	return trim(s)
}

func (f *Field) badDate(c Cell, cause Cause) error {
	if cause == CauseMonth {
		return f.wrong(cause, c.Text, "表格把年月存成了数字,分不清是1月还是10月", "请把这一格设为“文本”格式,写成 2024.01 或 2024.10")
	}
	return f.wrong(cause, c.Text, "看不出是哪一天", "请写成 2024-03-05 这样")
}

// cellDate takes the first day of a month or year that has no day; who needs
// to tell can ask ReadDate.
func cellDate(f *Field, c Cell) (syncproto.Value, error) {
	if blank(c.Text) {
		return syncproto.Value{}, nil
	}
	p, cause := ReadDate(c)
	if cause != "" {
		return syncproto.Value{}, f.badDate(c, cause)
	}
	return syncproto.IntOf(p.First()), nil
}

func cellPartial(f *Field, c Cell) (syncproto.Value, error) {
	if blank(c.Text) {
		return syncproto.Value{}, nil
	}
	p, cause := ReadDate(c)
	if cause != "" {
		return syncproto.Value{}, f.badDate(c, cause)
	}
	return syncproto.IntOf(p.Int()), nil
}

// cellInstant takes a date as its midnight in China.
func cellInstant(f *Field, c Cell) (syncproto.Value, error) {
	v, err := cellDate(f, c)
	if err != nil || v.IsNull() {
		return v, err
	}
	return syncproto.IntOf(v.Int()*dayMilli - 8*3_600_000), nil
}
