package ledger

import (
	"strings"
	"sync"

	"gridbook/syncproto"
)

// Division is a county, township or village of Jinhua (statistical codes of
// the National Bureau of Statistics, 2023).
type Division struct {
	Code string // 6, 9 or 12 digits
	Name string // the official name
}

// Short returns the name that people use: 沙溪村 for 沙溪村委会, 五一社区 for
// 五一社区居委会.
func (d Division) Short() string {
	for _, end := range []string{"社区居民委员会", "社区居委会"} {
		if s, ok := strings.CutSuffix(d.Name, end); ok {
			return s + "社区"
		}
	}
	for _, end := range []string{"村民委员会", "村委会"} {
		if s, ok := strings.CutSuffix(d.Name, end); ok {
			return strings.TrimSuffix(s, "村") + "村"
		}
	}
	for _, end := range []string{"居民委员会", "居委会"} {
		if s, ok := strings.CutSuffix(d.Name, end); ok {
			return s + "居"
		}
	}
	return d.Name
}

type divisions struct {
	byCode map[string]Division
	below  map[string][]Division // county → townships, township → villages
	all    []Division            // the counties
}

var theDivisions = sync.OnceValue(func() *divisions {
	var file struct {
		Counties []struct {
			C, N string
			T    []struct {
				C, N string
				V    [][2]string
			}
		}
	}
	mustRead("jinhua-divisions.json", &file)
	d := &divisions{byCode: map[string]Division{}, below: map[string][]Division{}}
	for _, c := range file.Counties {
		d.all = append(d.all, d.add("", c.C, c.N))
		for _, t := range c.T {
			d.add(c.C, t.C, t.N)
			for _, v := range t.V {
				d.add(t.C, t.C+v[0], v[1])
			}
		}
	}
	return d
})

func (d *divisions) add(parent, code, name string) Division {
	one := Division{Code: code, Name: name}
	d.byCode[code] = one
	if parent != "" {
		d.below[parent] = append(d.below[parent], one)
	}
	return one
}

// Counties returns the nine counties of Jinhua.
func Counties() []Division { return theDivisions().all }

// Below returns the townships of a county (6 digits) or the villages of a
// township (9 digits), by code; nil for what the table does not have.
func Below(code string) []Division { return theDivisions().below[code] }

// PlaceOf returns the county, township or village with the code, false if the
// table does not have it. A township may add a village by hand: a code that is
// not here is no error by itself.
func PlaceOf(code string) (Division, bool) {
	d, ok := theDivisions().byCode[code]
	return d, ok
}

// IsTownship reports whether code has the shape of a township's: 9 digits.
func IsTownship(code string) bool { return len(code) == 9 && allDigits(code) }

// IsVillage reports whether code has the shape of a village's: 12 digits.
func IsVillage(code string) bool { return len(code) == 12 && allDigits(code) }

// TownshipOf returns the township (9 digits) of a place, "" for other text.
func TownshipOf(place string) string {
	if len(place) >= 9 && allDigits(place) {
		return place[:9]
	}
	return ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func parsePlace(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	if IsVillage(s) && strings.HasSuffix(s, "000") { // a township filled up to 12 digits
		s = s[:9]
	}
	if !IsTownship(s) && !IsVillage(s) {
		return syncproto.Value{}, f.wrong(CausePlace, s, "不是区划代码", "村(社区)填 12 位数字,乡镇(街道)填 9 位")
	}
	return syncproto.TextOf(s), nil
}

// parseGridCode takes 15 digits, or 17 for a micro-grid. It does not ask for
// the village's own 12 digits in front: villages keep codes from before their
// number changed, and police codes have the same length.
func parseGridCode(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	if len(s) != 15 && len(s) != 17 || !allDigits(s) {
		return syncproto.Value{}, f.wrong(CauseGridCode, s, "不是网格编码", "网格编码是 15 位数字,微网格是 17 位")
	}
	return syncproto.TextOf(s), nil
}
