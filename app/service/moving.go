package service

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/app/edit"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// moving is a household on its way to another grid or village.
type moving struct {
	reader
	h     *roster.Household
	from  *roster.Grid // nil: it is in none
	to    goal
	ended []string // members who no longer look after it
	changes
}

// moving works out a move. It fails with CodeNotFound, CodeNotAllowed,
// CodePlace and, if the household is there already, CodeUsage.
func (r reader) moving(to MoveTo) (*moving, error) {
	id, err := parseID(to.Household)
	if err != nil {
		return nil, err
	}
	h, ok := r.roster.Households[r.roster.Resolve(id)]
	if !ok {
		if gone, left := r.derived.whereTo(id); left {
			return nil, gone.problem()
		}
		return nil, notFound("找不到这一户")
	}
	m := &moving{reader: r, h: h, from: r.roster.Grids[h.Grid]}
	if err := m.setOff(); err != nil {
		return nil, err
	}
	return m, m.head(to)
}

// setOff checks that this person may give the household away.
func (m *moving) setOff() error {
	if m.me.Role != ledger.RoleTownship && m.leaving(m.h.ID) {
		return &syncproto.Error{Code: syncproto.CodeUsage, Message: m.h.Head + "户已经转往" + m.placeName(m.h.Village) + "，还没上报",
			Hint: "要改的话，请先撤销这次转出。"}
	}
	if !ledger.MayWrite(m.me.Role, m.me.Scope, ledger.Link, m.h.Village) {
		return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "“" + m.me.RoleName() + "”不能转户", Hint: "请联系村书记或乡镇(街道)办理。"}
	}
	return nil
}

// head works out where the household goes.
func (m *moving) head(to MoveTo) error {
	village := firstOf(to.Village, m.h.Village)
	if village != m.h.Village {
		if err := m.abroad(village); err != nil {
			return err
		}
		m.to.village = village
	}
	if to.Grid != "" {
		g, err := m.gridNamed(village, to.Grid)
		if err != nil {
			return err
		}
		m.to.grid = g.ID
		m.to.words = g.Name
	}
	if m.to.village != "" {
		m.to.words = m.placeName(village) + m.to.words
	} else if m.to.grid == m.h.Grid || to.Grid == "" && m.from == nil {
		return &syncproto.Error{Code: syncproto.CodeUsage, Message: m.h.Head + "户已经在那里了", Hint: "请选另一个网格或村。"}
	}
	m.to.words = firstOf(m.to.words, "未入网格")
	return nil
}

// abroad checks that a household may go to another village: one of the
// township, and not before the office knows of it, since nobody can write a
// new household in another's village.
func (m *moving) abroad(village string) error {
	_, listed := ledger.PlaceOf(village)
	known := listed || slices.ContainsFunc(m.villages(), func(v string) bool { return v == village })
	for _, v := range m.roster.Villages {
		known = known || v.Code == village
	}
	if !known || !ledger.IsVillage(village) || ledger.TownshipOf(village) != m.me.Township {
		return &syncproto.Error{Code: syncproto.CodePlace, Message: "本乡镇(街道)没有 " + clip(village, 20) + " 这个村", Hint: "请写 12 位区划代码；转到外乡镇的，请填迁出日期和迁往哪里。"}
	}
	if ledger.MayWrite(m.me.Role, m.me.Scope, ledger.Household, village) {
		return nil
	}
	for _, id := range m.together(m.h.ID) {
		agreed, err := m.tx.Agreed(syncproto.Key{Collection: ledger.Household, ID: id})
		if err != nil {
			return err
		}
		if agreed == nil {
			return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: m.h.Head + "户还没有上报过", Hint: "请先联网同步一次，再转到别的村。"}
		}
	}
	return nil
}

// pack collects what changes. The household comes last: what belongs to it is
// still this village's when the server takes it.
func (m *moving) pack() error {
	abroad := m.to.village != ""
	// The note does not say where: two laptops that move a household to
	// different places would have one more thing to disagree about.
	m.ended = m.endLinks(&m.changes, m.h, "户转走", func(l *roster.Link) bool {
		member := m.roster.Members[m.roster.Resolve(l.Member)]
		return abroad || member != nil && !member.Grid.IsZero() && member.Grid == m.h.Grid
	})
	if abroad {
		if err := m.nameThoseLeftBehind(); err != nil {
			return err
		}
		m.trace()
		m.takeDecisions()
	}
	return m.relocate(&m.changes, m.h, m.to, m.openByHousehold()[m.h.ID])
}

// nameThoseLeftBehind writes names where only members of the old village are
// referred to: the new village's laptop does not have them.
func (m *moving) nameThoseLeftBehind() error {
	for _, mark := range m.derived.marks(m.h.ID) {
		rec, err := m.get(syncproto.Key{Collection: ledger.Visit, ID: mark.id()})
		if err != nil {
			return err
		}
		f := fieldsOf(rec)
		if name := m.nameOf("member", f.ref("visitor")); name != "" && f.text("visitor_name") == "" {
			m.set(ledger.Visit, rec.ID, val(ledger.Visit, "visitor_name", syncproto.TextOf(name)))
		}
	}
	for _, mark := range m.roster.CaresOf(m.h.ID) {
		rec, err := m.get(syncproto.Key{Collection: ledger.Care, ID: mark.ID})
		if err != nil {
			return err
		}
		f := fieldsOf(rec)
		if name := m.nameOf("member", f.ref("red")); name != "" && f.text("red_name") == "" {
			m.set(ledger.Care, rec.ID, val(ledger.Care, "red_name", syncproto.TextOf(name)))
		}
	}
	return nil
}

// moveAction is the code of a trace that a household left for another village.
const moveAction = "move"

// trace leaves a line in the old village, which tells where the household is
// now, and that its data was handed over.
func (m *moving) trace() {
	m.add(ledger.AccessLog,
		edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(m.h.Village)},
		val(ledger.AccessLog, "at", syncproto.IntOf(m.millis())), val(ledger.AccessLog, "who", syncproto.TextOf(m.me.Person)),
		val(ledger.AccessLog, "action", syncproto.TextOf(moveAction)), val(ledger.AccessLog, "collection", syncproto.TextOf("household")),
		val(ledger.AccessLog, "record", syncproto.RefOf(m.h.ID)),
		val(ledger.AccessLog, "reason", syncproto.TextOf(clip(m.h.Head+"户转到"+m.to.words, 190))))
}

// takeDecisions takes along what was decided about doubles of the household
// and its people: such records belong to a village, not to a household.
func (m *moving) takeDecisions() {
	group := m.together(m.h.ID)
	for _, d := range sortedMerges(m.roster.Merges) {
		keep, drop := m.namedHome(d.Keep), m.namedHome(d.Drop)
		if slices.Contains(group, d.Keep) && slices.Contains(group, d.Drop) || slices.Contains(group, keep) && slices.Contains(group, drop) {
			m.set(ledger.Merge, d.ID, edit.Set{Tag: ledger.TagVillage, Value: syncproto.TextOf(m.to.village)})
		}
	}
}

func sortedMerges(all map[syncproto.ID]*roster.Merge) []*roster.Merge {
	out := make([]*roster.Merge, 0, len(all))
	for _, m := range all {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *roster.Merge) int { return a.ID.Compare(b.ID) })
	return out
}

// plan says what the move does. It is worked out from what would be written.
func (m *moving) plan() (Plan, error) {
	follow, err := m.following(m.together(m.h.ID))
	if err != nil {
		return Plan{}, err
	}
	out := Plan{Follow: follow}
	parts := []string{fmt.Sprintf("%s户 %d 人", m.h.Head, m.peopleIn(m.h))}
	for _, c := range follow {
		switch c.Collection {
		case "visit":
			parts = append(parts, fmt.Sprintf("走访 %d 条", c.Count))
		case "matter":
			parts = append(parts, fmt.Sprintf("诉求 %d 件", c.Count))
		case "dispute":
			parts = append(parts, fmt.Sprintf("纠纷 %d 件", c.Count))
		case "hazard":
			parts = append(parts, fmt.Sprintf("隐患 %d 处", c.Count))
		}
	}
	out.Text = strings.Join(parts, "、") + "将随户转到" + m.to.words + "。"
	if len(m.ended) > 0 {
		out.Lines = append(out.Lines, strings.Join(m.ended, "、")+"不再联系这一户，到今天为止；以前的联系记录都保留。")
	}
	if m.to.village == "" {
		return out, nil
	}
	if m.me.Village() != "" {
		out.Lines = append(out.Lines, "上报以后，这一户就不在这台电脑里了，归"+m.to.words+"管。上报之前可以撤销。")
	}
	if names := m.membersAmong(); len(names) > 0 {
		out.Lines = append(out.Lines, strings.Join(names, "、")+"的党组织关系不随户转，要转请另办。")
	}
	return out, nil
}

// membersAmong names the people of the household who are Party members here.
func (m *moving) membersAmong() []string {
	var out []string
	for _, p := range m.roster.PeopleOf(m.h.ID) {
		for _, one := range m.membersOf(m.h.Village) {
			if one.Name == p.Name && (one.Grid == m.h.Grid || one.Phone != "" && one.Phone == p.Phone) {
				out = append(out, p.Name)
				break
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// problem says to whoever looks for a household that it went elsewhere.
func (n movedNote) problem() error {
	return &syncproto.Error{Code: syncproto.CodeNotFound, Message: n.text, Hint: "这一户已不归本村管。要看或要转回来，请联系乡镇(街道)。"}
}
