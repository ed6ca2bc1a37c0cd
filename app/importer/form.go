package importer

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/form-columns.json
var formColumns []byte

// form is a table as people keep it, from form-columns.json.
type form struct {
	ID      string
	Title   string
	Columns []column
	words   map[string]word // what may stand in a header → the column
}

type column struct {
	Header   string
	Key      string
	Required bool
	Aliases  []string
}

// word is how well a header names a column: the form's own word is better than
// an alias, and that better than a word cut short.
type word struct {
	key  string
	rank int
}

const (
	rankShort = iota + 1
	rankAlias
	rankOwn
)

// formIDs says which form a kind of workbook is.
func formID(k Kind) string {
	return map[Kind]string{
		Grids: "grid_list", Members: "red_roster", Households: "household", Links: "link_list", Visits: "visit_log",
		Matters: "matter", Disputes: "dispute", Hazards: "hazard", Cares: "care_list", Activities: "activity",
		Mobiles: "mobile", Resources: "resource", HouseChecks: "house_check", Banquets: "banquet", Evacs: "evac",
	}[k]
}

// moreColumns are columns that real rosters carry beside those of the forms,
// and more words for those of the forms.
func moreColumns(id string) []column {
	switch id {
	case "household":
		return []column{
			{Header: "短号", Key: "short_phone"}, {Header: "所属网格", Key: "grid", Aliases: []string{"网格", "网格名称", "所在网格"}},
			{Header: "微网格", Key: "microgrid", Aliases: []string{"所属微网格", "微网格名称"}},
			{Header: "文化程度", Key: "education", Aliases: []string{"学历"}}, {Header: "职业", Key: "job", Aliases: []string{"从业情况", "工作情况"}},
			{Header: "户类别", Key: "kind", Aliases: []string{"户类型", "家庭类别"}}, {Header: "住房结构", Key: "housing", Aliases: []string{"房屋结构"}},
			{Header: "户主姓名", Key: "head_name", Aliases: []string{"户主"}},
			{Key: "name", Aliases: []string{"成员姓名", "家庭成员", "家庭成员姓名"}}, {Key: "relation", Aliases: []string{"与户主的关系", "家庭关系"}},
			{Key: "birth", Aliases: []string{"出生年月", "出生年月日", "生日"}}, {Key: "address", Aliases: []string{"地址", "住址", "居住地址", "详细地址", "居住地址(门牌号)"}},
			{Key: "id_no", Aliases: []string{"身份号码", "公民身份证号码", "证件号"}}, {Key: "residence", Aliases: []string{"居住情况", "居住类型"}},
			{Key: "hukou_address", Aliases: []string{"户籍地", "户口所在地"}}, {Key: "hamlet", Aliases: []string{"村民小组", "村小组"}},
		}
	case "red_roster":
		return []column{{Header: "短号", Key: "short_phone"}, {Header: "学历", Key: "education", Aliases: []string{"文化程度"}}, {Key: "joined_party", Aliases: []string{"入党年月日"}}}
	case "grid_list":
		return []column{{Key: "extent", Aliases: []string{"网格范围", "范围"}}}
	case "visit_log":
		return []column{
			{Header: "走访类别", Key: "category"}, {Header: "走访结果", Key: "outcome"},
			{Key: "mode", Aliases: []string{"方式", "走访形式"}}, {Key: "household", Aliases: []string{"走访户", "户主"}}, {Key: "address", Aliases: []string{"住址", "家庭住址", "门牌号"}},
			{Key: "next_date", Aliases: []string{"回访日期", "下次走访"}},
		}
	case "link_list":
		return []column{{Key: "grid", Aliases: []string{"网格", "所在网格", "所属网格"}}, {Key: "from", Aliases: []string{"联系时间", "开始日期"}}}
	case "matter":
		return []column{{Header: "办理状态", Key: "state", Aliases: []string{"状态"}}, {Key: "no", Aliases: []string{"序号", "事项编号"}}, {Key: "grid", Aliases: []string{"网格", "网格名称"}}}
	case "dispute", "hazard", "care_list":
		return []column{{Key: "grid", Aliases: []string{"网格", "网格名称", "所在网格", "所属网格"}}}
	}
	return nil
}

// notCollected are columns that rosters have and the ledger does not want:
// more than the service needs (PIPL art. 6).
func notCollected(header string) bool {
	switch header {
	case "婚姻状况", "婚否", "健康状况", "民族", "政治面貌", "宗教信仰", "血型", "收入", "家庭收入", "银行账号", "银行卡号":
		return true
	}
	return false
}

var theForms = sync.OnceValue(func() map[string]*form {
	var file struct{ Forms []*form }
	if err := json.Unmarshal(formColumns, &file); err != nil {
		panic("importer: embedded form-columns.json: " + err.Error())
	}
	out := map[string]*form{}
	for _, f := range file.Forms {
		f.words = map[string]word{}
		for _, c := range append(f.Columns, moreColumns(f.ID)...) {
			f.learn(c.Header, c.Key, rankOwn)
			if short, _, cut := strings.Cut(headerWord(c.Header), "("); cut {
				f.learn(short, c.Key, rankShort)
			}
			for _, a := range c.Aliases {
				f.learn(a, c.Key, rankAlias)
			}
		}
		out[f.ID] = f
	}
	return out
})

func (f *form) learn(header, key string, rank int) {
	h := headerWord(header)
	if known := f.words[h]; h != "" && rank > known.rank {
		f.words[h] = word{key, rank}
	}
}

func formOf(k Kind) (*form, bool) {
	f, ok := theForms()[formID(k)]
	return f, ok
}

// headerWord is a header without what differs from one village's table to the
// next: width, spaces, line breaks, stars for required columns.
func headerWord(s string) string {
	s = norm.NFKC.String(s)
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '*', ':', '\u200b', '\ufeff':
			return -1
		case '[', '【', '<', '《':
			return '('
		case ']', '】', '>', '》':
			return ')'
		}
		return r
	}, s)
	return strings.ToLower(s)
}

// find returns what a header of a file names.
func (f *form) find(header string) (word, bool) {
	h := headerWord(header)
	if h == "" {
		return word{}, false
	}
	if w, ok := f.words[h]; ok {
		return w, true
	}
	if short, _, cut := strings.Cut(h, "("); cut {
		if w, ok := f.words[short]; ok {
			return word{w.key, rankShort}, true
		}
	}
	return word{}, false
}

// required reports whether the form asks for the column.
func (f *form) required(key string) bool {
	for _, c := range f.Columns {
		if c.Key == key {
			return c.Required
		}
	}
	return false
}

// header returns the form's own word for a column.
func (f *form) header(key string) string {
	for _, c := range f.Columns {
		if c.Key == key {
			return c.Header
		}
	}
	return key
}
