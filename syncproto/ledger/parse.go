package ledger

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gridbook/syncproto"
)

// str is the string that in must be.
func str(f *Field, in any) (string, error) {
	s, ok := in.(string)
	if !ok {
		return "", f.wrong(CauseKind, fmt.Sprint(in), "要用引号括起来的文字", "请查看 gridbook schema 里这一项的类型")
	}
	return s, nil
}

func parseText(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	if !utf8.ValidString(s) {
		return syncproto.Value{}, f.wrong(CauseKind, "", "文字编码不对", "请用 UTF-8 编码")
	}
	return syncproto.TextOf(s), nil
}

func parseEnum(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	code, ok := MustTable(f.Table).Code(s)
	if !ok {
		return syncproto.Value{}, f.wrong(CauseEnum, s, "不在可选的范围内", "可以填:"+MustTable(f.Table).sample())
	}
	return syncproto.TextOf(code), nil
}

func parseDate(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Format(time.DateOnly) != s {
		return syncproto.Value{}, f.wrong(CauseDate, s, "不是日期", "请写成 2024-03-05 这样")
	}
	return syncproto.IntOf(DayOf(t)), nil
}

func parsePartial(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	p, ok := partialOfText(s)
	if !ok {
		return syncproto.Value{}, f.wrong(CauseDate, s, "不是日期", "请写成 1962-08-15、1962-08 或 1962 这样")
	}
	return syncproto.IntOf(p.Int()), nil
}

// instantLayout is RFC 3339 in UTC with milliseconds.
const instantLayout = "2006-01-02T15:04:05.000Z"

func parseInstant(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return syncproto.Value{}, f.wrong(CauseDate, s, "不是时间", "请写成 2024-03-05T06:07:08.000Z 这样")
	}
	return syncproto.IntOf(t.UnixMilli()), nil
}

// number returns the exact decimal digits of a JSON number.
func number(f *Field, in any) (string, error) {
	switch n := in.(type) {
	case json.Number:
		return n.String(), nil
	case float64:
		if math.IsInf(n, 0) || math.IsNaN(n) {
			break
		}
		return strconv.FormatFloat(n, 'f', -1, 64), nil
	case int:
		return strconv.Itoa(n), nil
	case int64:
		return strconv.FormatInt(n, 10), nil
	}
	return "", f.wrong(CauseKind, fmt.Sprint(in), "要填数字", "请只写数字,不加引号")
}

func parseInt(f *Field, in any) (syncproto.Value, error) {
	s, err := number(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return syncproto.Value{}, f.wrong(CauseNumber, s, "不是整数", "请填整数")
	}
	return syncproto.IntOf(n), nil
}

func parseDecimal(f *Field, in any) (syncproto.Value, error) {
	s, err := number(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	n, ok := scaled(s)
	if !ok {
		return syncproto.Value{}, f.wrong(CauseNumber, s, "不是最多五位小数的数字", "请填数字,最多五位小数")
	}
	return syncproto.IntOf(n), nil
}

// decimals is the number of digits after the point that a Decimal keeps: 5,
// enough for a place on the ground within a metre.
const decimals = 5

// scaled turns "105.1" into 10510000. More than five decimals are rounded.
func scaled(s string) (int64, bool) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(x) > maxInt/1e5 {
		return 0, false
	}
	return int64(math.Round(x * 1e5)), true
}

// unscaled is the inverse, without trailing zeros.
func unscaled(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%0*d", sign, n/1e5, decimals, n%1e5)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func parseBool(f *Field, in any) (syncproto.Value, error) {
	b, ok := in.(bool)
	if !ok {
		return syncproto.Value{}, f.wrong(CauseKind, fmt.Sprint(in), "要填 true 或 false", "请写 true(是)或 false(否)")
	}
	return syncproto.BoolOf(b), nil
}

func parseHash(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		return syncproto.Value{}, f.wrong(CauseKind, s, "不是 64 位十六进制的校验值", "请重新计算 SHA-256")
	}
	return syncproto.BytesOf(b), nil
}

func parsePacked(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return syncproto.Value{}, f.wrong(CauseKind, s, "不是程序写的内容", "请不要改动这一项")
	}
	return syncproto.BytesOf(b), nil
}

func parseRef(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	id, err := syncproto.ParseStamp(s)
	if err != nil || id.IsZero() {
		return syncproto.Value{}, f.wrong(CauseReference, s, "不是记录的编号", "编号是 20 个字母和数字,可用 gridbook list 查到")
	}
	return syncproto.RefOf(id), nil
}

func parseList(f *Field, in any) (syncproto.Value, error) {
	var items []string
	switch l := in.(type) {
	case []string:
		items = l
	case []any:
		for _, one := range l {
			s, err := str(f, one)
			if err != nil {
				return syncproto.Value{}, err
			}
			items = append(items, s)
		}
	default:
		return syncproto.Value{}, f.wrong(CauseKind, fmt.Sprint(in), "要填一组文字", `请写成 ["甲","乙"] 这样`)
	}
	out := make([]string, 0, len(items))
	for _, s := range items {
		if f.Table != "" {
			if code, ok := MustTable(f.Table).Code(s); ok {
				s = code
			}
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return syncproto.Value{}, nil
	}
	return syncproto.ListOf(out...), nil
}
