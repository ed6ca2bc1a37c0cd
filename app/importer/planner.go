package importer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// planner gathers what a file does to the ledger.
type planner struct {
	opts    Options
	ledger  Ledger
	form    *form
	plan    *Plan
	nodes   []*node
	row     *entry // whose writing account runs
	changed bool   // since account began
	refused map[*entry]bool
	private map[string]*node // private parts by their resident's name()
	short   []string         // how the village's name begins grids, branches and addresses
}

// MakePlan plans the import of a file that Read has read. The error is of the
// whole: an unknown village. What single rows lack is in the plan.
func MakePlan(set *Sheetset, existing Ledger, opts Options) (*Plan, error) {
	if !ledger.IsVillage(opts.Village) {
		return nil, &syncproto.Error{Code: syncproto.CodePlace, Message: "没有说明是哪个村(社区)的表", Hint: "请先选择村(社区);命令行用 --village 加 12 位区划代码"}
	}
	p := &planner{
		opts: opts, ledger: existing, form: set.form, refused: map[*entry]bool{},
		plan: &Plan{Created: map[string]int{}, Updated: map[string]int{}, Notes: append([]string(nil), set.notes...)},
	}
	p.learnVillage()
	var rows []*entry
	for i := range set.tables {
		set.tables[i].entries(set.form, func(e *entry) bool {
			rows = append(rows, e)
			return true
		})
	}
	p.plan.Rows = len(rows)
	p.kind(set.Kind, rows)
	p.finish()
	return p.plan, nil
}

func (p *planner) kind(k Kind, rows []*entry) {
	switch k {
	case Grids:
		p.grids(rows)
	case Members:
		p.members(rows)
	case Households:
		p.households(rows)
	case Links:
		p.links(rows)
	case Visits:
		p.visits(rows)
	default:
		p.ledgerRows(logOf(k), rows)
	}
}

// learnVillage finds by which words people begin the names of the village's
// grids and addresses: 沙溪村 and 沙溪.
func (p *planner) learnVillage() {
	names := map[string]bool{}
	if d, ok := ledger.PlaceOf(p.opts.Village); ok {
		names[d.Short()] = true
	}
	v := ledger.Must(ledger.Village)
	for rec := range p.ledger.Records(ledger.Village) {
		if rec.Value(v.Tag("code")).Text() == p.opts.Village {
			names[rec.Value(v.Tag("name")).Text()] = true
			names[rec.Value(v.Tag("short_name")).Text()] = true
		}
	}
	for name := range names {
		for _, end := range []string{"", "村委会", "村", "社区"} {
			if s := plain(strings.TrimSuffix(name, end)); utf8.RuneCountInString(s) >= 2 {
				p.short = append(p.short, s)
			}
		}
	}
}

// local is a name without the village in front, the longest first.
func (p *planner) local(s string) string {
	s = plain(s)
	cut := ""
	for _, name := range p.short {
		if len(name) > len(cut) && strings.HasPrefix(s, name) && len(s) > len(name) {
			cut = name
		}
	}
	return s[len(cut):]
}

// account runs f, the writing of one row, and counts the row as unchanged if
// it wrote nothing.
func (p *planner) account(e *entry, f func()) {
	p.changed, p.row = false, e
	f()
	p.row = nil
	if !p.changed && !p.refused[e] {
		p.plan.Unchanged++
	}
}

// note tells a person something once.
func (p *planner) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	for _, known := range p.plan.Notes {
		if known == s {
			return
		}
	}
	const enough = 100
	if len(p.plan.Notes) < enough {
		p.plan.Notes = append(p.plan.Notes, s)
	}
}

// refuse reports a cell.
func (p *planner) refuse(e *entry, key string, code, message string) {
	r := e.refusal(key)
	r.Code, r.Message = code, message
	if r.Column == "" {
		r.Column = p.form.header(key)
	}
	p.plan.Refused = append(p.plan.Refused, r)
	p.refused[e] = true
}

// refuseErr reports a cell with the words of an error of package ledger.
func (p *planner) refuseErr(e *entry, key string, err error) {
	p.refuse(e, key, string(ledger.CauseOf(err)), sentence(err))
}

// sentence is an error's message and what to do about it.
func sentence(err error) string {
	var e *syncproto.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "。" + e.Hint
}

// read reads a cell as a field; a bad one is refused and gives Null.
func (p *planner) read(e *entry, key string, f *ledger.Field) syncproto.Value {
	c, ok := e.cells[key]
	if !ok {
		return syncproto.Value{}
	}
	if c.fault {
		p.refuse(e, key, codeCellError, "表格里这一格显示错误 "+c.text+"。请在表格里改好再导入")
		return syncproto.Value{}
	}
	v, err := f.ParseCell(ledger.Cell{Text: c.text, Number: c.number})
	if err != nil {
		p.refuseErr(e, key, err)
		return syncproto.Value{}
	}
	if f.Type == ledger.Date && !v.IsNull() {
		if d, cause := ledger.ReadDate(ledger.Cell{Text: c.text, Number: c.number}); cause == "" && d.Day == 0 {
			p.note("“%s”一列有只写到年月的日期,按当月1日登记", p.form.header(key))
		}
	}
	return v
}

// take reads columns of the same keys as the fields of d's collection.
func (p *planner) take(d *draft, keys ...string) {
	for _, key := range keys {
		d.put(key, p.read(d.entry, key, d.field(key)))
		if key == "phone" {
			p.takeShort(d)
		}
	}
}

// takeShort keeps the short numbers of a cell of phones in their own field.
func (p *planner) takeShort(d *draft) {
	if _, ok := d.c.FieldByKey("short_phone"); !ok || d.entry.table.has("short_phone") {
		return
	}
	if short := ledger.ReadPhones(d.entry.text("phone")).Short; len(short) > 0 {
		d.put("short_phone", syncproto.TextOf(strings.Join(short, "、")))
	}
}

// lacks refuses the row if the cell is empty or was refused, and reports that.
func (p *planner) lacks(d *draft, keys ...string) bool {
	lack := false
	for _, key := range keys {
		if d.part(key) != "" {
			continue
		}
		lack = true
		if d.entry.text(key) == "" {
			p.refuseErr(d.entry, key, d.field(key).Missing())
		}
	}
	return lack
}

// existing returns the nodes of a collection's records in the village.
func (p *planner) existing(c syncproto.Collection) []*node {
	var out []*node
	for rec := range p.ledger.Records(c) {
		if v := rec.Value(ledger.TagVillage).Text(); v == "" || v == p.opts.Village {
			out = append(out, &node{c: ledger.Must(c), rec: rec})
		}
	}
	p.nodes = append(p.nodes, out...)
	return out
}

// match finds the records of the drafts or creates them.
func (p *planner) match(c syncproto.Collection, m matching) {
	m.run(func() *node { return p.create(c) })
}

// create starts a new record in the village.
func (p *planner) create(c syncproto.Collection) *node {
	n := &node{c: ledger.Must(c), handle: edit.Handle(len(p.nodes) + 1)}
	p.nodes = append(p.nodes, n)
	n.sets = append(n.sets, edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(p.opts.Village)})
	p.changed = true
	return n
}

// set writes a value that differs from what is there and reports whether the
// node now says it. Null is nothing said. Where two rows of one file differ on
// the same record, the first counts and the other cell is refused.
func (p *planner) set(n *node, f *ledger.Field, v syncproto.Value) bool {
	old := n.value(f.Key)
	switch {
	case v.IsNull():
		return false
	case v == old:
		p.state(n, f.Tag)
		return true
	}
	if f.Type == ledger.Partial && !old.IsNull() {
		was, is := ledger.PartialOf(old.Int()), ledger.PartialOf(v.Int())
		if was.Agrees(is) {
			if (is.Day == 0 || was.Day != 0) && (is.Month == 0 || was.Month != 0) {
				p.state(n, f.Tag)
				return true // the file knows it less exactly
			}
			delete(n.stated, f.Tag)
		}
	}
	if p.contradicts(n, f) {
		return false
	}
	n.write(edit.Set{Tag: f.Tag, Value: v})
	p.changed = true
	return true
}

// setKey is set with the key of a field.
func (p *planner) setKey(n *node, key string, v syncproto.Value) bool {
	f, ok := n.c.FieldByKey(key)
	if !ok {
		panic("importer: " + n.c.Key + " has no field " + key)
	}
	return p.set(n, f, v)
}

// point writes a reference that differs from what is there; of two rows the
// first counts, as with set.
func (p *planner) point(n *node, key string, to *node) {
	if to == nil {
		return
	}
	f, _ := n.c.FieldByKey(key)
	if n.target(key) == to.name() {
		p.state(n, f.Tag)
		return
	}
	if p.contradicts(n, f) {
		return
	}
	s := edit.Set{Tag: f.Tag, To: to.handle}
	if to.rec != nil {
		s = edit.Set{Tag: f.Tag, Value: syncproto.RefOf(to.rec.ID)}
	}
	n.write(s)
	p.changed = true
}

// state notes that the current row has said the field.
func (p *planner) state(n *node, t syncproto.Tag) {
	if n.stated == nil {
		n.stated = map[syncproto.Tag]*entry{}
	}
	if n.stated[t] == nil {
		n.stated[t] = p.row
	}
}

// contradicts reports whether an earlier row said the field otherwise, and
// refuses the cell of the current one.
func (p *planner) contradicts(n *node, f *ledger.Field) bool {
	p.state(n, f.Tag)
	first := n.stated[f.Tag]
	if first == p.row || p.row == nil {
		return false
	}
	key := f.Key
	if from, ok := map[string]string{"people": "member_count", "secretary": "party_post", "head_name": "name"}[key]; ok && !p.row.table.has(key) {
		key = from
	}
	if f.Key == "phone" && p.row.table.has("head_phone") {
		key = "head_phone"
	}
	if p.row.text(key) != "" {
		p.refuse(p.row, key, codeContradiction, fmt.Sprintf("和第 %d 行说的不一样(同一条“%s”),以前面的为准。请核对", first.row, n.c.Label))
	}
	return true
}

// write replaces an earlier set of the same field.
func (n *node) write(s edit.Set) {
	for i := range n.sets {
		if n.sets[i].Tag == s.Tag {
			n.sets[i] = s
			return
		}
	}
	n.sets = append(n.sets, s)
}

// apply writes what a draft says into its node.
func (p *planner) apply(d *draft) {
	for _, v := range d.vals {
		if v.to != nil {
			p.point(d.node, v.field.Key, v.to)
		} else {
			p.set(d.node, v.field, v.value)
		}
	}
}

// finish turns the nodes into edits and counts them.
func (p *planner) finish() {
	for _, n := range p.nodes {
		e, ok := n.edit()
		if !ok {
			continue
		}
		p.plan.Edits = append(p.plan.Edits, e)
		if n.rec == nil {
			p.plan.Created[n.c.Key]++
		} else {
			p.plan.Updated[n.c.Key]++
		}
	}
}
