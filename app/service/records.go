package service

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"gridbook/app/boltstore"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// placeText and parsePlace turn places in lists by day into cursors and back.
func placeText(p boltstore.Place) string { return fmt.Sprintf("%d.%s", p.Day, p.ID) }

func parsePlace(cursor string) (boltstore.Place, error) {
	var p boltstore.Place
	if cursor == "" {
		return p, nil
	}
	day, id, _ := strings.Cut(cursor, ".")
	if _, err := fmt.Sscan(day, &p.Day); err != nil {
		return p, badCursor()
	}
	var err error
	if p.ID, err = syncproto.ParseStamp(id); err != nil {
		return p, badCursor()
	}
	return p, nil
}

func badCursor() error {
	return &syncproto.Error{Code: syncproto.CodeUsage, Message: "列表的位置不对", Hint: "请从列表的开头重新看。"}
}

// byDate goes through the records of a log, newest first, from after on,
// between two days (0: open).
func (r reader) byDate(c syncproto.Collection, after boltstore.Place, from, to int64) iter.Seq2[boltstore.Entry, error] {
	if to == 0 {
		to = math.MaxInt32
	}
	if from == 0 {
		from = math.MinInt32
	}
	if after != (boltstore.Place{}) {
		to = min(to, after.Day)
	}
	return func(yield func(boltstore.Entry, error) bool) {
		for e, err := range r.tx.Dates(c, from, to) {
			if err == nil && e.Day == after.Day && !after.ID.IsZero() && e.ID.Compare(after.ID) >= 0 {
				continue // the cursor's own day begins above it
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// query is a RecordQuery that has been read.
type query struct {
	RecordQuery
	c                       *ledger.Collection
	grid, household, parent syncproto.ID
	from, to, today         int64
}

func (r reader) parse(q RecordQuery) (query, error) {
	out := query{RecordQuery: q, today: r.today()}
	c, ok := ledger.ByKey(q.Collection)
	if !ok {
		return out, noCollection(q.Collection)
	}
	out.c = c
	switch q.Filter {
	case "", "unsent", "refused", "conflict", "deleted":
	default:
		return out, &syncproto.Error{Code: syncproto.CodeUsage, Message: "没有“" + clip(q.Filter, 30) + "”这种筛选",
			Hint: "可以写 unsent、refused、conflict 或 deleted。"}
	}
	for text, into := range map[*string]*syncproto.ID{&q.Grid: &out.grid, &q.Household: &out.household, &q.Parent: &out.parent} {
		if *text == "" {
			continue
		}
		id, err := parseID(*text)
		if err != nil {
			return out, err
		}
		*into = id
	}
	out.grid = r.roster.GridFor(out.grid)
	for text, into := range map[*string]*int64{&q.From: &out.from, &q.To: &out.to} {
		if *text == "" {
			continue
		}
		day, ok := dayOfText(*text)
		if !ok {
			return out, badDate(*text)
		}
		*into = day
	}
	return out, nil
}

func noCollection(key string) error {
	return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有“" + clip(key, 30) + "”这类资料",
		Hint: "可用 gridbook schema 查看有哪些。"}
}

func badDate(text string) error {
	return &syncproto.Error{Code: syncproto.CodeField, Message: "“" + clip(text, 30) + "”不是日期", Hint: "请写成 2024-03-05 这样。"}
}

// matches reports whether a record is in a query's list.
func (r reader) matches(q query, rec *syncproto.Record) bool {
	if ledger.Deleted(rec) != (q.Filter == "deleted") || r.folded(rec.Key) {
		return false
	}
	f := fieldsOf(rec)
	switch {
	case !q.household.IsZero() && r.roster.Resolve(f.ref("household")) != r.roster.Resolve(q.household),
		!q.parent.IsZero() && !r.isChild(q, rec),
		q.Village != "" && r.home(rec) != q.Village,
		!q.grid.IsZero() && r.gridOf(rec) != q.grid:
		return false
	}
	if !q.inState(rec) || !r.inFilter(q.Filter, rec) {
		return false
	}
	return q.Text == "" || r.holds(rec, q.Text)
}

// folded reports whether a record was merged into another and is not shown.
func (r reader) folded(k syncproto.Key) bool {
	return (k.Collection == ledger.Household || k.Collection == ledger.Resident || k.Collection == ledger.Member) && r.roster.Folded(k.ID)
}

func (r reader) isChild(q query, rec *syncproto.Record) bool {
	up, ok := ledger.Parent(rec)
	return ok && r.roster.Resolve(up.ID) == r.roster.Resolve(q.parent)
}

func (r reader) gridOf(rec *syncproto.Record) syncproto.ID {
	f := fieldsOf(rec)
	if id := f.ref("grid"); !id.IsZero() {
		return r.roster.GridFor(id)
	}
	if h, ok := r.roster.Households[r.roster.Resolve(f.ref("household"))]; ok {
		return h.Grid
	}
	return syncproto.ID{}
}

func (q query) inState(rec *syncproto.Record) bool {
	if q.State == "" {
		return true
	}
	n := noteOf(rec)
	switch q.State {
	case "open":
		return !n.closed
	case "closed":
		return n.closed
	case "overdue":
		return !n.closed && n.deadline != 0 && int64(n.deadline) < q.today
	}
	return fieldsOf(rec).text("state") == q.State
}

func (r reader) inFilter(name string, rec *syncproto.Record) bool {
	switch name {
	case "unsent":
		return r.state(rec.Key) == StateToSend
	case "refused":
		return r.state(rec.Key) == StateRefused
	case "conflict":
		return len(ledger.Conflicts(rec)) > 0
	}
	return true
}

// holds reports whether some field that this person may read has the text.
func (r reader) holds(rec *syncproto.Record, text string) bool {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return false
	}
	for i := range c.Fields {
		f := &c.Fields[i]
		if !r.me.masks(c, f) && strings.Contains(r.words(c, f, rec.Value(f.Tag)), text) {
			return true
		}
	}
	return false
}

// records pages a list: logs by day, newest first, all else by title.
func (r reader) records(q RecordQuery, cursor string, limit int) (RecordPage, error) {
	var out RecordPage
	all, next, err := r.pick(q, cursor, bounded(limit))
	if err != nil {
		return out, err
	}
	for _, rec := range all {
		out.Rows = append(out.Rows, r.row(rec))
	}
	out.Next = next
	return out, nil
}

// pick returns the records of one page and the cursor of the next.
func (r reader) pick(rq RecordQuery, cursor string, limit int) ([]*syncproto.Record, string, error) {
	q, err := r.parse(rq)
	if err != nil {
		return nil, "", err
	}
	if _, dated := q.c.FieldByKey("date"); dated && q.c.Class == ledger.Log {
		return r.pickDated(q, cursor, limit)
	}
	return r.pickTitled(q, cursor, limit)
}

func (r reader) pickDated(q query, cursor string, limit int) ([]*syncproto.Record, string, error) {
	after, err := parsePlace(cursor)
	if err != nil {
		return nil, "", err
	}
	var out []*syncproto.Record
	for e, err := range r.byDate(q.c.Number, after, q.from, q.to) {
		if err != nil {
			return nil, "", err
		}
		if !r.matches(q, e.Record) {
			continue
		}
		if len(out) == limit {
			return out, placeText(after), nil
		}
		after = e.Place
		out = append(out, e.Record)
	}
	return out, "", nil
}

// pickTitled goes through a roster, which is small, as a whole.
func (r reader) pickTitled(q query, cursor string, limit int) ([]*syncproto.Record, string, error) {
	offset := 0
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &offset); err != nil || offset < 0 {
			return nil, "", badCursor()
		}
	}
	type titled struct {
		title string
		rec   *syncproto.Record
	}
	var all []titled
	for rec, err := range r.tx.Scan(q.c.Number) {
		if err != nil {
			return nil, "", err
		}
		if r.matches(q, rec) {
			all = append(all, titled{r.title(rec), rec})
		}
	}
	slices.SortStableFunc(all, func(a, b titled) int { return roster.Natural(a.title, b.title) })
	var out []*syncproto.Record
	for _, one := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		out = append(out, one.rec)
	}
	if offset+limit < len(all) {
		return out, fmt.Sprint(offset + limit), nil
	}
	return out, "", nil
}
