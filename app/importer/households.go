package importer

import (
	"slices"
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// family is the rows of one household in a roster.
type family struct {
	rows []*person
	head *person
	d    *draft // of the household
}

// person is a row of the roster.
type person struct {
	d  *draft // of the resident
	id syncproto.Value
}

// households reads 住户花名册: households and the people in them. The rows of
// a household follow the one with its number or its head.
func (p *planner) households(rows []*entry) {
	dir := p.directory()
	dir.loadGrids()
	numbered := usesHouseholdNumbers(rows)
	families := p.families(rows, numbered)
	homes := p.existing(ledger.Household)
	people := p.existing(ledger.Resident)
	private := p.existing(ledger.ResidentPrivate)
	p.knowIDs(people, private)

	drafts := make([]*draft, 0, len(families))
	for _, f := range families {
		f.d = p.householdDraft(dir, f, numbered)
		drafts = append(drafts, f.d)
	}
	p.match(ledger.Household, matching{
		drafts: drafts, existing: homes, unique: true, anchor: []string{"head_name"},
		passes: p.householdPasses(families, homes, people),
	})
	p.matchPeople(families, people)
	for _, f := range families {
		p.writeFamily(f, private)
	}
}

// families groups the rows and drops those without a name.
func (p *planner) families(rows []*entry, numbered bool) []*family {
	var out []*family
	var cur *family
	number, sheet := "", ""
	seenIDs := map[string]bool{}
	for _, e := range rows {
		one := p.person(e, seenIDs)
		if one == nil {
			continue
		}
		no := householdNo(e.text("hh_no"))
		if !numbered {
			no = ""
		}
		relation := one.d.value("relation").Text()
		isHead := relation == "02" || relation == "01" // a person alone is 本人
		starts := cur == nil || sheet != e.table.sheet || no != "" && no != number ||
			no == "" && (isHead && cur.head != nil || p.headChanged(cur, e))
		if starts {
			cur = &family{}
			out = append(out, cur)
			number = no
		}
		sheet = e.table.sheet
		cur.rows = append(cur.rows, one)
		if cur.head == nil && isHead {
			cur.head = one
		}
	}
	for _, f := range out {
		if f.head == nil {
			f.head = f.rows[0]
			p.note("有的户没有写明谁是“户主”,以该户第一个人为户主(如第 %d 行)", f.head.d.entry.row)
		}
	}
	return out
}

// headChanged: rosters that name the head in a column of its own begin a
// household where that name changes.
func (p *planner) headChanged(cur *family, e *entry) bool {
	head := plain(e.text("head_name"))
	return head != "" && plain(cur.rows[0].d.entry.text("head_name")) != head
}

// usesHouseholdNumbers tells household numbers from a column 序号 that merely
// counts the rows: there every row has a number of its own, members' too.
func usesHouseholdNumbers(rows []*entry) bool {
	last, lastTable := "", (*table)(nil)
	members := false
	for _, e := range rows {
		no := householdNo(e.text("hh_no"))
		if e.table == lastTable {
			if no == "" || no == last {
				return true
			}
			relation := plain(e.text("relation"))
			members = members || relation != "" && relation != "户主" && relation != "本人"
		}
		last, lastTable = no, e.table
	}
	return !members
}

// person reads a row as a resident; nil if it has no name.
func (p *planner) person(e *entry, seen map[string]bool) *person {
	c := ledger.Must(ledger.Resident)
	d := newDraft(c, e)
	p.take(d, "name", "relation", "sex", "birth", "residence", "education", "job", "note")
	if p.lacks(d, "name") {
		return nil
	}
	if !e.cells["phone"].merged { // merged over the family, it is the household's
		p.take(d, "phone")
	}
	if e.table.has("short_phone") {
		p.take(d, "short_phone")
	}
	one := &person{d: d, id: p.idNumber(e, seen)}
	p.fromID(one)
	return one
}

// idNumber reads the ID number. A wrong check digit puts it aside: it is in
// the report, and the person goes in without.
func (p *planner) idNumber(e *entry, seen map[string]bool) syncproto.Value {
	cell, ok := e.cells["id_no"]
	if !ok || cell.fault {
		return syncproto.Value{}
	}
	f, _ := ledger.Must(ledger.ResidentPrivate).FieldByKey("id_no")
	v, err := f.ParseCell(ledger.Cell{Text: cell.text, Number: cell.number})
	switch {
	case err != nil && ledger.CauseOf(err) == ledger.CauseIDCheck:
		r := e.refusal("id_no")
		r.Code, r.Message = string(ledger.CauseIDCheck), sentence(err)
		p.plan.Aside = append(p.plan.Aside, r)
		return syncproto.Value{}
	case err != nil:
		p.refuseErr(e, "id_no", err)
		return syncproto.Value{}
	case v.IsNull():
		return v
	case seen[v.Text()]:
		p.refuse(e, "id_no", codeDuplicateID, "这个身份证号在表里出现了两次,后面这一次没有登记。请核对是谁的")
		return syncproto.Value{}
	}
	seen[v.Text()] = true
	return v
}

// fromID fills in birth and sex from the ID number where the row has none, and
// points out where they differ.
func (p *planner) fromID(one *person) {
	id := one.id.Text()
	if id == "" {
		return
	}
	said := one.d.value("birth")
	switch born := ledger.BirthOfID(id); {
	case said.IsNull():
		one.d.put("birth", syncproto.IntOf(born.Int()))
	case !ledger.PartialOf(said.Int()).Agrees(born):
		p.note("第 %d 行的出生日期与身份证号里的不一样,照表登记,请核对", one.d.entry.row)
	}
	switch said := one.d.value("sex").Text(); {
	case said == "":
		one.d.put("sex", syncproto.TextOf(ledger.SexOfID(id)))
	case said != ledger.SexOfID(id) && (said == "1" || said == "2"):
		p.note("第 %d 行的性别与身份证号里的不一样,照表登记,请核对", one.d.entry.row)
	}
}

// householdDraft gathers what the rows of a family say of the household.
func (p *planner) householdDraft(dir *directory, f *family, numbered bool) *draft {
	c := ledger.Must(ledger.Household)
	first, head := f.rows[0].d.entry, f.head.d.entry
	d := newDraft(c, head)
	if numbered {
		p.takeFrom(d, first, "hh_no")
	}
	d.put("head_name", f.head.d.value("name"))
	for _, key := range []string{"address", "hukou_address", "hamlet", "phone", "kind", "housing"} {
		for _, e := range append([]*entry{head}, entriesOf(f)...) {
			if e.text(key) == "" {
				continue
			}
			if key == "phone" && e != head && !e.cells[key].merged {
				continue // a member's own number
			}
			p.takeFrom(d, e, key)
			break
		}
	}
	d.put("residence", f.head.d.value("residence"))
	d.point("grid", dir.grid(head, "grid"))
	return d
}

func entriesOf(f *family) []*entry {
	out := make([]*entry, 0, len(f.rows))
	for _, one := range f.rows {
		out = append(out, one.d.entry)
	}
	return out
}

// takeFrom takes a column from a row; what cannot be read was refused when the
// row was read as a person, or is refused now.
func (p *planner) takeFrom(d *draft, e *entry, key string) {
	f := d.field(key)
	if key == "phone" && !e.cells[key].merged {
		if v, err := f.ParseCell(ledger.Cell{Text: e.text(key), Number: e.cells[key].number}); err == nil {
			d.put(key, v)
		}
		return
	}
	d.put(key, p.read(e, key, f))
}

// knowIDs gives residents the ID numbers of their private parts to match by.
func (p *planner) knowIDs(people, private []*node) {
	ids := map[syncproto.ID]string{}
	for _, n := range private {
		ids[n.rec.ID] = n.text("id_no")
	}
	for _, n := range people {
		n.extra = map[string]string{"id_no": ids[n.rec.ID]}
	}
}

// householdPasses says how a household is known again. Numbers start anew in
// each hamlet's file, so a number alone is enough only if someone in the rows
// lives there already.
func (p *planner) householdPasses(families []*family, homes, people []*node) []pass {
	byDraft := map[*draft]*family{}
	for _, f := range families {
		byDraft[f.d] = f
	}
	living := map[string][]string{} // household → names and ID numbers
	ids := map[string]string{}
	for _, n := range people {
		ids[n.name()] = n.part("id_no")
		home := n.target("household")
		living[home] = append(living[home], n.part("name"))
		if id := n.part("id_no"); id != "" {
			living[home] = append(living[home], id)
		}
	}
	strangers := func(d *draft, n *node) bool {
		for _, one := range byDraft[d].rows {
			if slices.Contains(living[n.name()], one.d.part("name")) || one.id.Text() != "" && slices.Contains(living[n.name()], one.id.Text()) {
				return false
			}
		}
		return true
	}
	for _, n := range homes {
		n.extra = map[string]string{"hh_no": householdNo(n.text("hh_no")), "address": p.addressKey(n.text("address")), "head_id": ids[n.target("head")]}
	}
	for _, f := range families {
		f.d.extra = map[string]string{"hh_no": householdNo(f.d.value("hh_no").Text()), "address": p.addressKey(f.d.value("address").Text()), "head_id": f.head.id.Text()}
	}
	return []pass{
		strong("head_id"), strong("hh_no", "head_name"), strong("hh_no", "address"),
		weak("head_name", "address"), weak("hh_no").but(strangers), weak("address").but(strangers), weak("head_name").but(strangers),
	}
}

// householdNo is a number without the zeros that a spreadsheet may drop.
func householdNo(s string) string {
	if t := strings.TrimLeft(plain(s), "0"); t != "" {
		return t
	}
	return plain(s)
}

// matchPeople finds the residents that are there already: by ID number
// anywhere in the village, else only within their household, for a name and a
// birth date may be two people's.
func (p *planner) matchPeople(families []*family, people []*node) {
	var drafts []*draft
	for _, f := range families {
		for _, one := range f.rows {
			one.d.point("household", f.d.node)
			one.d.extra = map[string]string{"id_no": one.id.Text()}
			drafts = append(drafts, one.d)
		}
	}
	p.match(ledger.Resident, matching{
		drafts: drafts, existing: people, unique: true, anchor: []string{"household", "name"},
		passes: []pass{
			strong("id_no"), {keys: []string{"household", "name", "birth"}, veto: otherID, apart: twoIDs},
			weak("household", "name").but(otherID), weak("household", "birth", "sex").but(otherID),
		},
	})
}

// twoIDs: both rows have ID numbers, and not the same.
func twoIDs(a, b *draft) bool {
	x, y := a.part("id_no"), b.part("id_no")
	return x != "" && y != "" && x != y
}

// otherID: both have ID numbers of which more than a few digits differ, so it
// is no correction.
func otherID(d *draft, n *node) bool {
	a, b := d.part("id_no"), n.part("id_no")
	if a == "" || b == "" || len(a) != len(b) {
		return false
	}
	differ := 0
	for i := range len(a) {
		if a[i] != b[i] {
			differ++
		}
	}
	return differ > 4
}

// writeFamily writes the household with its head's row, then each person with
// the own.
func (p *planner) writeFamily(f *family, private []*node) {
	rows := []*person{f.head}
	for _, one := range f.rows {
		if one != f.head {
			rows = append(rows, one)
		}
	}
	for _, one := range rows {
		p.account(one.d.entry, func() {
			if one == f.head {
				p.apply(f.d)
				p.point(f.d.node, "head", one.d.node)
			}
			p.apply(one.d)
			p.ownAddresses(f, one)
			p.writeID(one, private)
		})
	}
}

// ownAddresses keeps a person's addresses only where they differ from the
// household's.
func (p *planner) ownAddresses(f *family, one *person) {
	for _, key := range []string{"address", "hukou_address"} {
		field, _ := one.d.node.c.FieldByKey(key)
		v := one.d.entry.text(key)
		if v == "" {
			continue
		}
		if p.addressKey(v) == p.addressKey(f.d.node.text(key)) {
			p.state(one.d.node, field.Tag)
			continue
		}
		p.set(one.d.node, field, p.read(one.d.entry, key, field))
	}
}

// writeID writes the ID number into the private part, which has the
// resident's id.
func (p *planner) writeID(one *person, private []*node) {
	if one.id.IsNull() {
		return
	}
	part := p.privatePart(one.d.node, private)
	p.setKey(part, "id_no", one.id)
}

func (p *planner) privatePart(resident *node, private []*node) *node {
	if p.private == nil {
		p.private = map[string]*node{}
		for _, n := range private {
			p.private[n.name()] = n
		}
	}
	part := p.private[resident.name()]
	if part == nil {
		part = p.create(ledger.ResidentPrivate)
		part.companion = resident
		p.private[resident.name()] = part
	}
	return part
}
