package syncsim

import (
	"math/rand/v2"

	"gridbook/syncproto"
)

var versionKinds = []kind{
	// The hub's program is replaced by a newer one, or the older one again.
	{"hub", 15, false, versions, (*world).doHub},
	{"upgrade", 20, false, versions, func(_ *world, l *laptop, _ *rand.Rand) { l.version = 0 }},
}

func (w *world) doHub(*laptop, *rand.Rand) { w.hubVersion(1 - w.hub.Version) }

// hubVersion replaces the hub's program. The older one cannot be told of
// sticks, and takes who sent one for a copy.
func (w *world) hubVersion(v int) {
	w.hub.Version = v
	w.oracle.puzzled = w.oracle.puzzled || v == 1 && w.has(sticks)
}

// beginVersions gives every program a version: 1, or 0 for the newest.
func (w *world) beginVersions(r *rand.Rand) {
	w.hubVersion(r.IntN(2))
	for _, l := range w.laptops {
		l.version = r.IntN(2)
	}
}

var disputeKinds = []kind{{"dispute", 50, false, disputes, (*world).doDispute}}

// doDispute takes a decision back: a field stands between values again.
func (w *world) doDispute(l *laptop, r *rand.Rand) {
	k, ok := pick(r, l.know(0))
	if !ok {
		return
	}
	tag := tagFirst + syncproto.Tag(r.IntN(int(tagLast-tagFirst)+1))
	if w.few {
		tag = tagFirst
	}
	before, marker := l.read(k), w.oracle.markers[k]
	var values []syncproto.Value
	for range 1 + r.IntN(3) {
		values = append(values, w.value(l, "争", marker, tag, before).Value)
	}
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		writer, err := syncproto.NewWriter(tx, l.wall(w))
		if err != nil {
			return err
		}
		if _, err := writer.Dispute(k, tag, values); err != nil {
			return err
		}
		return writer.Close()
	}))
	w.stats.Edits++
}

// beginSlow lets everything be packed as on a slow way.
func (w *world) beginSlow() {
	w.codec = &syncproto.Codec{}
	w.hub.Codec = w.codec
	w.link, w.long = 20_000, true
}

// prose makes a note like other notes, but not the same.
func prose(r *rand.Rand) string {
	phrases := []string{"上门走访", "老人身体", "尚可,", "电线老化", "已提醒", "村干部", "低保申请", "材料齐全", "下周再来", "邻里纠纷", "已调解", "孩子在外", "打工", "屋顶漏水", "危房", "排查", "联系街道", "双方满意", "水费", "代缴"}
	text := ""
	for range 40 + r.IntN(80) {
		text += phrases[r.IntN(len(phrases))]
	}
	return text
}
