package ledger

import (
	"strings"
	"unicode/utf8"

	"gridbook/syncproto"
)

// MaskName hides a name but for the family name: 张*, 欧阳**.
func MaskName(s string) string {
	runes := []rune(s)
	if len(runes) < 2 {
		return s
	}
	keep := 1
	if len(runes) > 2 && doubleSurname(string(runes[:2])) {
		keep = 2
	}
	return string(runes[:keep]) + strings.Repeat("*", len(runes)-keep)
}

func doubleSurname(s string) bool {
	return strings.Contains("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 端木 宇文 长孙 轩辕 独孤 南宫 呼延", s)
}

// MaskID shows the first six and the last four characters of an ID number,
// less of a shorter one.
func MaskID(s string) string {
	if len(s) < 15 {
		return strings.Repeat("*", utf8.RuneCountInString(s))
	}
	return s[:6] + strings.Repeat("*", len(s)-10) + s[len(s)-4:]
}

// MaskPhone shows the first three and last four digits of each number:
// 138****5678.
func MaskPhone(s string) string {
	parts := strings.Split(s, phoneJoin)
	for i, p := range parts {
		if len(p) >= 7 {
			parts[i] = p[:3] + strings.Repeat("*", len(p)-7) + p[len(p)-4:]
		} else {
			parts[i] = strings.Repeat("*", len(p))
		}
	}
	return strings.Join(parts, phoneJoin)
}

// MaskAddress shows an address down to the natural village or building and
// hides door and room: everything from the first digit on.
func MaskAddress(s string) string {
	if i := strings.IndexAny(s, "0123456789"); i >= 0 {
		return s[:i] + "**"
	}
	return s
}

// Mask returns v as people see it who need not know more. Fields that are not
// about people show as in Text; sensitive ones show only that there is
// something.
func (f *Field) Mask(v syncproto.Value) string {
	s := f.Text(v)
	switch {
	case s == "" || f.Privacy == Public:
		return s
	case f.Type == IDNumber:
		return MaskID(s)
	case f.Privacy == Sensitive:
		return "***"
	case f.Type == Name:
		return MaskName(s)
	case f.Type == Phone || f.Type == ShortPhone:
		return MaskPhone(s)
	case f.Type == Partial:
		return s[:min(4, len(s))]
	case strings.Contains(f.Key, "address"):
		return MaskAddress(s)
	}
	return "***"
}
