package importer

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"gridbook/syncproto/ledger"

	"github.com/xuri/excelize/v2"
)

type counts = map[string]int

func checkPlan(t *testing.T, p *Plan, rows int, created, updated counts, unchanged int) {
	t.Helper()
	if p.Rows != rows || !maps.Equal(p.Created, created) || !maps.Equal(p.Updated, updated) || p.Unchanged != unchanged {
		t.Errorf("rows %d created %v updated %v unchanged %d; want %d %v %v %d", p.Rows, p.Created, p.Updated, p.Unchanged, rows, created, updated, unchanged)
	}
	for _, r := range append(slices.Clone(p.Refused), p.Aside...) {
		t.Errorf("refused: %+v", r)
	}
}

// The six samples come in whole, and a second time nothing changes.
func TestSamples(t *testing.T) {
	b := newBook(t)
	want := []struct {
		rows             int
		created, updated counts
	}{
		{3, counts{"grid": 3, "branch": 3, "branch_grid": 3}, nil},
		{24, counts{"member": 24, "role": 24}, counts{"branch": 3}},
		{500, counts{"household": 168, "resident": 500, "resident_private": 500}, nil},
		{168, counts{"link": 168, "care": 24}, counts{"household": 168}},
		{1200, counts{"visit": 1200}, nil},
	}
	for i, s := range samples() {
		checkPlan(t, b.take(s.kind, s.name, sample(t, s.name), shaxi), want[i].rows, want[i].created, want[i].updated, 0)
	}
	const other = "下裴村-住户花名册.csv"
	checkPlan(t, b.take(Households, other, sample(t, other), xiapei), 293, counts{"household": 96, "resident": 293, "resident_private": 293}, nil, 0)
	for i, s := range samples() {
		again := b.plan(s.kind, s.name, sample(t, s.name), shaxi)
		checkPlan(t, again, want[i].rows, nil, nil, want[i].rows)
		if len(again.Edits) > 0 {
			t.Errorf("%s: %d edits the second time", s.name, len(again.Edits))
		}
	}
	checkPlan(t, b.plan(Households, other, sample(t, other), xiapei), 293, nil, nil, 293)
}

func TestSampleContents(t *testing.T) {
	b := shaxiBook(t)
	check := func(what string, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, want %q", what, got, want)
		}
	}
	home := b.one(ledger.Household, map[string]string{"hh_no": "0001"})
	check("head", b.text(home, "head_name"), "苏凤龙")
	check("head's record", b.text(b.follow(home, "head"), "name"), "苏凤龙")
	check("phone merged over the family", b.text(home, "phone"), "13800009318")
	check("grid from the link list", b.text(b.follow(home, "grid"), "grid_name"), "沙溪第一网格")
	check("people", b.text(home, "people"), "5")
	check("hamlet", b.text(home, "hamlet"), "上沙")

	mother := b.one(ledger.Resident, map[string]string{"name": "苏海", "birth": "1936-09-17"})
	check("relation", b.text(mother, "relation"), "母亲")
	check("the family's phone is not hers", b.text(mother, "phone"), "")
	check("her own address", b.text(mother, "address"), "")
	id := b.find(ledger.ResidentPrivate, map[string]string{"id_no": "330799193609170561"})
	if len(id) != 1 || id[0].ID != mother.ID {
		t.Errorf("her ID number is in %v", id)
	}

	member := b.one(ledger.Member, map[string]string{"name": "胡娟荣"})
	check("joined", b.text(member, "joined_party"), "1985-02")
	check("birth", b.text(member, "birth_ym"), "1981-11")
	check("status", b.text(member, "party_status"), "正式党员")
	check("mobile", b.text(member, "mobile_member"), "是")
	check("where", b.text(member, "mobile_where"), "江苏苏州")
	check("branch", b.text(b.follow(member, "branch"), "name"), "沙溪村第一党支部")
	branch := b.one(ledger.Branch, map[string]string{"name": "沙溪村第二党支部"})
	check("secretary", b.text(branch, "secretary"), "于秀敏")
	leader := b.one(ledger.RoleHeld, map[string]string{"role": "网格长", "grid": b.one(ledger.Grid, map[string]string{"grid_name": "沙溪第一网格"}).ID.String()})
	check("leader", b.text(b.follow(leader, "member"), "name"), "刘秀")

	grid := b.one(ledger.Grid, map[string]string{"grid_name": "沙溪第三网格"})
	check("code", b.text(grid, "grid_code"), "330702009202003")
	check("extent", b.text(grid, "extent"), "东至溪边，南至公路，西至山脚，北至里沙")
	check("instructor", b.text(grid, "instructor"), "驻村干部 周敏")

	link := b.one(ledger.Link, map[string]string{"household": home.ID.String()})
	check("linked by", b.text(b.follow(link, "member"), "name"), "刘秀")
	check("basis", b.text(link, "link_basis"), "就亲")
	check("from", b.text(link, "from"), "2024-03-01")
	care := b.find(ledger.Care, nil)[0]
	check("care", b.text(care, "care"), "其他需要关心的户")
	check("review", b.text(care, "review"), ledger.DateText(20_150+365))

	visit := b.one(ledger.Visit, map[string]string{"date": "2024-11-17", "request": "反映门前路灯不亮，已记录转村里。", "household": b.one(ledger.Household, map[string]string{"head_name": "梁勇宇"}).ID.String()})
	check("visitor", b.text(b.follow(visit, "visitor"), "name"), "苏浩生")
	check("mode", b.text(visit, "mode"), "电话")
	check("livelihood", b.text(visit, "livelihood"), "环境")
	check("address is the household's", b.text(visit, "address"), "")
}

// corrected is a sample with some cells changed.
func corrected(t testing.TB, name string, cells map[string]any) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(sample(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	for cell, v := range cells {
		if err := f.SetCellValue(f.GetSheetName(0), cell, v); err != nil {
			t.Fatal(err)
		}
	}
	return bytesOf(t, f)
}

func bytesOf(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// A corrected file updates just what differs.
func TestCorrectedCopies(t *testing.T) {
	samples := samples()
	village := shaxiBook(t)
	for _, tc := range []struct {
		name             string
		sample           int
		cells            map[string]any
		created, updated counts
		unchanged        int
	}{
		{"a grid's households", 0, map[string]any{"G4": 57}, nil, counts{"grid": 1}, 2},
		{"a grid's name, known by its code", 0, map[string]any{"D5": "沙溪下沙网格"}, nil, counts{"grid": 1}, 2},
		{"a grid's code, known by its name", 0, map[string]any{"C5": "330702009204002"}, nil, counts{"grid": 1}, 2},
		{"a member's phone", 1, map[string]any{"L6": "13900009866"}, nil, counts{"member": 1}, 23},
		{"a member's name", 1, map[string]any{"B6": "胡永"}, nil, counts{"member": 1}, 23},
		{"a member's role", 1, map[string]any{"J6": "兼职网格员"}, nil, counts{"role": 1}, 23},
		{"a member more", 1, map[string]any{"B28": "新党员", "G28": "沙溪村第一党支部", "I28": "沙溪第一网格", "J28": "红色网格员"}, counts{"member": 1, "role": 1}, nil, 24},
		{"a resident's name", 2, map[string]any{"B5": "孟珍"}, nil, counts{"resident": 1}, 499},
		{"a head's name", 2, map[string]any{"B4": "苏凤隆"}, nil, counts{"household": 1, "resident": 1}, 499},
		{"an ID number", 2, map[string]any{"E5": "330799196211223014"}, nil, counts{"resident_private": 1}, 499},
		{"an address", 2, map[string]any{"G4": "上沙111号", "G5": "上沙111号", "G6": "上沙111号", "G7": "上沙111号", "G8": "上沙111号"}, nil, counts{"household": 1}, 499},
		{"a family's phone", 2, map[string]any{"J4": "13800009319"}, nil, counts{"household": 1, "resident": 1}, 499},
		{"a household's number", 2, map[string]any{"A9": "1002"}, nil, counts{"household": 1}, 499},
		{"an emptied cell erases nothing", 2, map[string]any{"F5": "", "J9": ""}, nil, nil, 500},
		{"a link's basis", 3, map[string]any{"I5": "就便"}, nil, counts{"link": 1}, 167},
		{"a link's start", 3, map[string]any{"K5": "2024.4"}, nil, counts{"link": 1}, 167},
		{"the member of seven links, in merged cells", 3, map[string]any{"C4": "胡勇", "D4": "13800009866"}, nil, counts{"link": 7}, 161},
		{"a visit's words", 4, map[string]any{"I4": "反映门前路灯不亮，已修好。"}, nil, counts{"visit": 1}, 1199},
		{"a visit's mode", 4, map[string]any{"C4": "入户"}, nil, counts{"visit": 1}, 1199},
		{"a visit's visitor", 4, map[string]any{"D4": "驻村干部周敏"}, nil, counts{"visit": 1}, 1199},
		{"a visit more", 4, map[string]any{"B1204": "2024.12.30", "C1204": "微信", "D1204": "刘秀", "F1204": "苏凤龙", "G1204": "上沙109号"}, counts{"visit": 1}, nil, 1200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := village.copy(t)
			s := samples[tc.sample]
			set, err := Read(s.kind, s.name, corrected(t, s.name, tc.cells))
			must(t, err)
			p := b.planSet(set, shaxi)
			b.write(p.Edits)
			checkPlan(t, p, p.Rows, tc.created, tc.updated, tc.unchanged)
			again := b.planSet(set, shaxi)
			checkPlan(t, again, p.Rows, nil, nil, p.Rows)
		})
	}
}

// The order in which a village imports its files does not matter for what the
// rosters say; who comes first makes what it names.
func TestMembersBeforeGrids(t *testing.T) {
	b := newBook(t)
	s := samples()
	checkPlan(t, b.take(Members, s[1].name, sample(t, s[1].name), shaxi), 24, counts{"member": 24, "role": 24, "grid": 3, "branch": 3}, nil, 0)
	checkPlan(t, b.take(Grids, s[0].name, sample(t, s[0].name), shaxi), 3, counts{"branch_grid": 3}, counts{"grid": 3}, 0)
}

func TestLinksNeedMembersAndHouseholds(t *testing.T) {
	b := newBook(t)
	s := samples()[3]
	p := b.take(s.kind, s.name, sample(t, s.name), shaxi)
	if len(p.Refused) != 336 || p.Unchanged != 0 || p.Created["link"] != 0 {
		t.Errorf("%d refused, created %v", len(p.Refused), p.Created)
	}
	r := p.Refused[0]
	if r.Sheet != "联系户" || r.Row != 4 || r.Column != "红色网格员" || r.Cell != "C4" || r.Value != "刘秀" || r.Code != string(ledger.CauseUnknownName) || r.Message == "" {
		t.Errorf("%+v", r)
	}
}
