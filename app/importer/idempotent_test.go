package importer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gridbook/syncproto/ledger"

	"pgregory.net/rapid"
)

// table of random words from small alphabets, so that names, numbers and
// addresses collide as they do in villages.
type columnOf struct {
	header string
	words  []string
}

func idOf(digits string) string { return digits + string(ledger.CheckDigit(digits)) }

func randomColumns(kind Kind) []columnOf {
	names := []string{"张三", "李四", "王五", "张 三", "赵六", ""}
	phones := []string{"13800001111", "13800002222", "13800001111、13800002222", "661234", "", "坏"}
	addresses := []string{"上沙1号", "沙溪村上沙1号", "上沙2号", "下沙3号", ""}
	dates := []string{"2024-03-05", "2024.3.5", "2024.4", "45356", ""}
	births := []string{"1962-08-15", "1962.08", "1962", "1970-01-01", ""}
	grids := []string{"沙溪第一网格", "第一网格", "第二网格", ""}
	switch kind {
	case Grids:
		return []columnOf{{"网格名称", grids}, {"网格编码", []string{"330702009204001", "330702009204002", ""}}, {"网格长", names}, {"网格党支部", []string{"第一党支部", "沙溪村第一支部", ""}}, {"户数", []string{"50", "60", ""}}}
	case Members:
		return []columnOf{{"姓名", names}, {"出生年月", births}, {"联系电话", phones}, {"所在党支部", []string{"第一党支部", "第二党支部", ""}}, {"所在网格", grids}, {"网格角色", []string{"网格长", "红色网格员", ""}}, {"党内职务", []string{"支部书记", ""}}}
	case Links:
		return []columnOf{{"网格名称", grids}, {"红色网格员", names}, {"户主姓名", names}, {"家庭住址", addresses}, {"开始时间", dates}, {"是否关爱户", []string{"是", "否", ""}}, {"家庭人口", []string{"3", "4", ""}}}
	case Visits:
		return []columnOf{{"走访日期", dates}, {"走访方式", []string{"入户", "电话", ""}}, {"走访人", names}, {"走访户(户主)", names}, {"地址", addresses}, {"家庭近况", []string{"好", "病", ""}}}
	case Hazards:
		return []columnOf{{"排查日期", dates}, {"所属网格", grids}, {"场所(户)", addresses}, {"隐患类别", []string{"消防", "用电"}}, {"隐患描述", []string{"堵", "线", ""}}, {"整改情况", []string{"已整改", "未整改", ""}}}
	case Cares:
		return []columnOf{{"姓名(户主)", names}, {"网格", grids}, {"关爱类别", []string{"低保", "独居老人"}}, {"复核日期", dates}, {"结对红色网格员", names}}
	}
	panic(kind)
}

// villagers are households in which names, births and addresses coincide as
// they do in villages.
func villagers() [][][]string {
	zhang, li := idOf("33079919620815001"), idOf("33079919700101002")
	return [][][]string{
		{{"1", "张三", "户主", "1962-08-15", "上沙1号", zhang, "13800001111", "男"}, {"", "李四", "配偶", "1970-01-01", "上沙1号", li, "", "女"}, {"", "张五", "子", "1990.5", "上沙1号", "", "13800002222", "男"}},
		{{"2", "张三", "户主", "1962-08-15", "上沙2号", "", "13800003333", "男"}, {"", "王五", "配偶", "1963", "上沙2号", "330799198506150027", "", "女"}},
		{{"3", "赵六", "户主", "1950-02-03", "上沙1号", "", "13800001111", "男"}, {"", "赵六", "子", "1980-02-03", "杭州", "", "坏", "男"}, {"", "赵七", "子", "1980-02-03", "上沙1号", "", "", ""}},
		{{"4", "赵六", "户主", "1950-02-03", "上沙4号", idOf("33079919500203003"), "661234", "男"}},
		{{"5", "孙八", "户主", "", "", "", "", ""}, {"", "孙八", "子", "", "", "", "", ""}},
	}
}

// rosterCSV is a roster of some of them, in any order, with double rows and
// cells left out.
func rosterCSV(t *rapid.T) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.Write([]string{"户号", "姓名", "与户主关系", "出生日期", "现居住地址", "公民身份号码", "联系电话", "性别"})
	numbered := rapid.Bool().Draw(t, "numbered")
	for _, family := range rapid.Permutation(villagers()).Draw(t, "families")[:rapid.IntRange(1, 5).Draw(t, "n")] {
		for i, person := range family {
			row := slices.Clone(person)
			if !numbered {
				row[0] = ""
			}
			for _, col := range []int{3, 4, 5, 6, 7} {
				if rapid.IntRange(0, 4).Draw(t, "blank") == 0 {
					row[col] = ""
				}
			}
			_ = w.Write(row)
			if i > 0 && rapid.IntRange(0, 9).Draw(t, "twice") == 0 {
				_ = w.Write(row)
			}
		}
	}
	w.Flush()
	return buf.Bytes()
}

func randomCSV(t *rapid.T, kind Kind) []byte {
	if kind == Households {
		return rosterCSV(t)
	}
	columns := randomColumns(kind)
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.header
	}
	_ = w.Write(header)
	for range rapid.IntRange(1, 12).Draw(t, "rows") {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = rapid.SampledFrom(c.words).Draw(t, c.header)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return buf.Bytes()
}

// Whatever a table says, taking it in again changes nothing, every row is
// counted once, and what it wrote passes the hub's checks (book.write).
func TestImportIsIdempotent(t *testing.T) {
	for _, kind := range []Kind{Grids, Members, Households, Links, Visits, Hazards, Cares} {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				b := newBook(t)
				var before []byte
				for _, base := range []Kind{Members, Households} {
					data := randomCSV(rt, base)
					before = append(before, data...)
					b.take(base, "base.csv", data, shaxi)
				}
				data := randomCSV(rt, kind)
				first := b.take(kind, "a.csv", data, shaxi)
				again := b.plan(kind, "a.csv", data, shaxi)
				if len(again.Edits) > 0 {
					rt.Fatalf("in a village with\n%s\ntaking in again\n%s\nwants to write\n%s", before, data, describe(again))
				}
				bad := map[string]bool{}
				for _, r := range again.Refused {
					bad[fmt.Sprint(r.Sheet, r.Row)] = true
				}
				if again.Unchanged+len(bad) != again.Rows || again.Rows != first.Rows {
					rt.Fatalf("%d rows, %d unchanged, %d refused", again.Rows, again.Unchanged, len(bad))
				}
			})
		})
	}
}

func describe(p *Plan) string {
	var lines []string
	for _, e := range p.Edits {
		line := ledger.Must(e.Collection).Key + " " + e.ID.String()
		for _, s := range e.Set {
			f, _ := ledger.Must(e.Collection).Field(s.Tag)
			line += fmt.Sprintf(" %s=%v/%d", f.Key, s.Value, s.To)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
