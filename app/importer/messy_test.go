package importer

import (
	"strings"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"

	"github.com/xuri/excelize/v2"
)

// workbookOf builds a workbook from rows of values, from row 1.
func workbookOf(t testing.TB, change func(*excelize.File), rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", cellName(0, i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(f)
	}
	return bytesOf(t, f)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A roster as villages really keep it.
func TestMessyRoster(t *testing.T) {
	data := workbookOf(t, func(f *excelize.File) {
		day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		must(t, err)
		month := "yyyy\"年\"m\"月\""
		ym, err := f.NewStyle(&excelize.Style{CustomNumFmt: &month})
		must(t, err)
		must(t, f.SetCellStyle("Sheet1", "F6", "F6", day))
		must(t, f.SetCellStyle("Sheet1", "F7", "F7", ym))
		must(t, f.MergeCell("Sheet1", "A1", "J1"))
		must(t, f.MergeCell("Sheet1", "A6", "A8"))
		must(t, f.MergeCell("Sheet1", "B4", "C4")) // 家庭成员 over two columns
		for _, col := range []string{"A", "D", "E", "F", "G", "H", "I", "J"} {
			must(t, f.MergeCell("Sheet1", col+"4", col+"5"))
		}
	},
		[]any{"沙溪村住户花名册"},
		[]any{"填报单位：沙溪村", nil, nil, nil, "填报日期：2025.3.1"},
		[]any{},
		[]any{"户 号*", "家庭成员", nil, "性 别", "身份证\n号码", "出生日期", "家庭住址", "联系方式", "婚姻状况", "心愿"},
		[]any{nil, "姓  名", "与户主的关系"},
		[]any{"０１２", "张　三", "户主", "男", "１１０１０５１９４９１２３１００２ｘ", 18263, "沙溪村上沙１号", "138 0000 1111/661234", "已婚"},
		[]any{nil, "李 四", "妻子", "女", 330799198506150026, 23590, "同上", "13900002222、0579-82000000"},
		[]any{nil, "张小三", "长子", "男", "330799198506150027", "1985.6.15", "〃", "1380000"},
		[]any{"户 号*", "姓  名", "与户主的关系", "性 别"},
		[]any{"013", "王五", "户主", "#N/A", "330799196002290", "2024年13月", "上沙2号"},
		[]any{"013", nil, "配偶", "女"},
		[]any{"合计", "4人"},
		[]any{"填表人：周敏", nil, nil, nil, nil, "审核人："},
	)
	b := newBook(t)
	p := b.take(Households, "花名册.xlsx", data, shaxi)
	if p.Rows != 5 || p.Created["household"] != 2 || p.Created["resident"] != 4 || p.Created["resident_private"] != 1 {
		t.Errorf("rows %d created %v", p.Rows, p.Created)
	}
	refused := map[string]string{}
	for _, r := range p.Refused {
		refused[r.Cell] = r.Code
		if r.Sheet != "Sheet1" || r.Column == "" || r.Message == "" {
			t.Errorf("%+v", r)
		}
	}
	for cell, code := range map[string]string{
		"E7": "id_number_as_number", "H8": "phone_bad", "D10": "enum_unknown", "E10": "id_old_15", "F10": "date_bad", "B11": "required",
	} {
		if refused[cell] != code {
			t.Errorf("%s: %q, want %q", cell, refused[cell], code)
		}
	}
	if len(p.Refused) != 6 {
		t.Errorf("refused %v", refused)
	}
	if len(p.Aside) != 1 || p.Aside[0].Cell != "E8" || p.Aside[0].Code != "id_check_digit" || p.Aside[0].Value != "330799198506150027" {
		t.Errorf("aside %+v", p.Aside)
	}
	home := b.one(ledger.Household, map[string]string{"hh_no": "012", "head_name": "张三", "address": "沙溪村上沙1号", "phone": "13800001111"})
	b.one(ledger.Resident, map[string]string{"name": "张三", "birth": "1949-12-31", "short_phone": "661234", "sex": "男性"})
	b.one(ledger.Resident, map[string]string{"name": "李四", "relation": "妻", "birth": "1964-08", "phone": "13900002222、0579-82000000", "household": home.ID.String(), "address": ""})
	b.one(ledger.Resident, map[string]string{"name": "张小三", "phone": "", "birth": "1985-06-15"})
	notes := strings.Join(p.Notes, "\n")
	for _, want := range []string{"婚姻状况(I列)", "心愿(J列)", "最小必要"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %s: %s", want, notes)
		}
	}
}

// One person a row, 序号 counting the rows: it is no household number.
func TestRowNumbersAreNoHouseholdNumbers(t *testing.T) {
	const roster = "序号,姓名,与户主关系,家庭住址\n1,张三,户主,上沙1号\n2,李四,配偶,上沙1号\n3,王五,户主,上沙2号\n4,王六,子,上沙2号\n5,赵七,本人,上沙3号\n"
	b := newBook(t)
	p := b.take(Households, "a.csv", []byte(roster), shaxi)
	checkPlan(t, p, 5, counts{"household": 3, "resident": 5}, nil, 0)
	for _, rec := range b.find(ledger.Household, nil) {
		if b.text(rec, "hh_no") != "" {
			t.Errorf("household number %s", b.text(rec, "hh_no"))
		}
	}
}

// Numbers start anew in each hamlet's file: the same number is another
// household there.
func TestSameNumberInAnotherHamlet(t *testing.T) {
	b := newBook(t)
	b.take(Households, "上沙.csv", []byte("户号,姓名,与户主关系,家庭住址\n1,张三,户主,上沙1号\n2,李四,户主,上沙2号\n"), shaxi)
	p := b.take(Households, "下沙.csv", []byte("户号,姓名,与户主关系,家庭住址\n1,王五,户主,下沙1号\n2,赵六,户主,下沙2号\n"), shaxi)
	checkPlan(t, p, 2, counts{"household": 2, "resident": 2}, nil, 0)
}

// Two rows of one file that differ on one record: the first counts, the other
// is named.
func TestContradiction(t *testing.T) {
	b := newBook(t)
	p := b.take(Members, "a.csv", []byte("姓名,联系电话,所在党支部,所在网格,党员类别\n张三,13800001111,一支部,一网格,正式\n张三,13800001111,一支部,一网格,预备\n"), shaxi)
	if len(p.Refused) != 1 || p.Refused[0].Code != codeContradiction || p.Refused[0].Cell != "E3" || p.Created["member"] != 1 {
		t.Errorf("%+v, %v", p.Refused, p.Created)
	}
	b.one(ledger.Member, map[string]string{"party_status": "正式党员"})
}

// The same name twice in a village is two people, told apart by phone or
// address; where nothing tells them apart the row is refused.
func TestNamesakes(t *testing.T) {
	b := newBook(t)
	b.take(Members, "m.csv", []byte("姓名,联系电话,所在党支部,所在网格\n刘秀,13800001111,一支部,一网格\n刘秀,13800002222,一支部,二网格\n"), shaxi)
	b.take(Households, "h.csv", []byte("户号,姓名,与户主关系,家庭住址\n1,张三,户主,上沙1号\n2,张三,户主,上沙2号\n,张小三,子,上沙2号\n"), shaxi)
	links := "网格名称,红色网格员,红色网格员电话,户主姓名,家庭住址\n一网格,刘秀,13800001111,张三,上沙1号\n二网格,刘秀,,张三,2号\n,刘秀,,张三,上沙1号\n一网格,刘秀,,张三,\n一网格,刘秀,,张三,下沙9号\n"
	p := b.take(Links, "l.csv", []byte(links), shaxi)
	if p.Created["link"] != 2 {
		t.Errorf("created %v", p.Created)
	}
	var got []string
	for _, r := range p.Refused {
		got = append(got, r.Cell+" "+r.Code)
	}
	if want := "B4 name_ambiguous, D5 name_ambiguous, D6 name_unknown"; strings.Join(got, ", ") != want {
		t.Errorf("refused %v, want %s", got, want)
	}
	visits := "走访日期,走访方式,走访人,走访户(户主),地址\n2024.3.5,入户,刘秀、周敏,张小三,上沙2号\n2024.3.6,入户,,张三,上沙1号\n"
	p = b.take(Visits, "v.csv", []byte(visits), shaxi)
	if len(p.Refused) != 1 || p.Refused[0].Cell != "C3" || p.Created["visit"] != 1 {
		t.Errorf("%+v, %v", p.Refused, p.Created)
	}
	b.one(ledger.Visit, map[string]string{"visitor_name": "刘秀", "companions": "周敏"})
}

// Whatever stands between two names, the first is who went.
func TestVisitorsAreParted(t *testing.T) {
	for cell, companions := range map[string]string{
		"刘秀、周敏": "周敏", "刘秀，周敏": "周敏", "刘秀；周敏": "周敏", "刘秀,周敏": "周敏", "刘秀/周敏": "周敏",
		"刘秀，周敏，吕 布": "周敏、吕布", "刘秀、周敏 吕建国": "周敏、吕建国",
	} {
		b := newBook(t)
		b.take(Households, "h.csv", []byte("户号,姓名,与户主关系,家庭住址\n1,张三,户主,上沙1号\n"), shaxi)
		p := b.take(Visits, "v.csv", []byte("走访日期,走访方式,走访人,走访户(户主),地址\n2024.3.5,入户,\""+cell+"\",张三,上沙1号\n"), shaxi)
		if p.Created["visit"] != 1 {
			t.Errorf("%s: created %v, refused %v", cell, p.Created, p.Refused)
			continue
		}
		b.one(ledger.Visit, map[string]string{"visitor_name": "刘秀", "companions": companions})
	}
}

func TestUnknownGridIsRefusedWhereThereAreGrids(t *testing.T) {
	b := newBook(t)
	b.take(Grids, "g.csv", []byte("村(社区),网格名称,网格长\n沙溪村,沙溪第一网格,刘秀\n下裴村,下裴第一网格,唐梅\n"), shaxi)
	if n := len(b.find(ledger.Grid, nil)); n != 1 {
		t.Errorf("%d grids; the row of the other village must stay out", n)
	}
	p := b.take(Members, "m.csv", []byte("姓名,所在党支部,所在网格\n张三,一支部,第一网格\n李四,一支部,第一网各\n"), shaxi)
	if len(p.Refused) != 1 || p.Refused[0].Cell != "C3" || p.Created["grid"] != 0 || p.Created["member"] != 2 {
		t.Errorf("%+v, %v", p.Refused, p.Created)
	}
}

// The other forms: each takes one row, and the same row again is nothing new.
func TestOtherForms(t *testing.T) {
	village := shaxiBook(t)
	for kind, text := range map[Kind]string{
		Matters:     "编号,登记日期,来源,反映人,所属网格,事项类别,事项内容,办理层级,办理时限,群众评价\nM-1,2024.3.5,走访,苏凤龙,沙溪第一网格,环境,路灯不亮,村级,2024.3.12,满意\n",
		Disputes:    "排查日期,所属网格,当事人(甲方),当事人(乙方),纠纷类别,简要情况,风险等级,化解状态,协议形式\n2024.3.5,第一网格,苏凤龙,刘秀,邻里,排水沟,黄,已化解,口头\n",
		Hazards:     "排查日期,所属网格,场所(户),隐患类别,隐患描述,整改方式,整改情况\n2024.3.5,第一网格,上沙109号,用电,私拉电线,即查即改,已整改\n",
		Cares:       "姓名(户主),网格,关爱类别,需要的服务,结对红色网格员,走访周期,复核日期\n苏素敏,第一网格,独居老人,送药,徐洋雪,每月,2025.12\n",
		Activities:  "日期,地点,活动类别,主题,应到,实到\n2024.7.1,村委会,主题党日,学习,24人,20人\n",
		Mobiles:     "姓名,所在支部,流动方向,外出地点,外出时间,联系方式\n胡娟荣,沙溪村第一党支部,流出,江苏苏州,2024.3,13800005805\n",
		Resources:   "名称,类型,可提供的服务,服务民生类别,联系人,电话\n沙溪卫生室,单位,量血压,医疗,王医生,0579-82000001\n",
		HouseChecks: "业主,房屋地点,建筑面积,建成时间,结构类型,改造情况(加层/扩建/拆改主体结构),结论,日期\n苏凤龙,上沙109号,120㎡,1998.5,砖混,加层、扩建,有一般隐患,2024.3.5\n",
		Banquets:    "举办人姓名,手机,聚餐类型(婚宴/生日/建房/乔迁/丧事/其它),聚餐地点,聚餐时间(月日午晚),聚餐人数,健康证明\n苏凤龙,13800009318,婚宴,上沙109号,5月1日晚,80人,有\n",
		Evacs:       "户主,地址,转移人数,危险类型,避灾安置点,转移责任人及电话\n苏凤龙,上沙109号,5,地质灾害,村礼堂,刘秀 13800003786\n",
	} {
		t.Run(string(kind), func(t *testing.T) {
			b := village.copy(t)
			p := b.take(kind, "a.csv", []byte(text), shaxi)
			c := logOf(kind).collection
			checkPlan(t, p, 1, counts{ledger.Must(c).Key: 1}, nil, 0)
			checkPlan(t, b.plan(kind, "a.csv", []byte(text), shaxi), 1, nil, nil, 1)
			found := b.sorted(c)
			rec := found[len(found)-1]
			for _, key := range []string{"household", "grid", "member"} {
				f, ok := ledger.Must(c).FieldByKey(key)
				if ok && kind != Matters && kind != Disputes && kind != Activities && !(kind == Hazards && key == "member") {
					if rec.Value(f.Tag).IsNull() {
						t.Errorf("%s is not found", key)
					}
				}
			}
			if got, ok := Guess("a.csv", []byte(text)); !ok || got != kind {
				t.Errorf("guessed as %s", got)
			}
		})
	}
}

func TestNeedsAVillage(t *testing.T) {
	set, err := Read(Resources, "a.csv", []byte("名称,类型,可提供的服务\n甲,企业,乙\n"))
	must(t, err)
	if _, err := MakePlan(set, newBook(t), Options{Village: "330702009"}); syncproto.CodeOf(err) != syncproto.CodePlace {
		t.Error(err)
	}
}
