package office

import (
	"fmt"
	"strconv"
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// The states of a laptop after a restore.
const (
	ReturnAwaited   = "awaited"   // not heard of yet
	ReturnComparing = "comparing" // heard of; whether it is the same is not known yet
	ReturnEqual     = "equal"     // it has been the same as the server
)

// Returns says what came back after a restore, and from which laptop.
type Returns struct {
	Restored int64        `json:"restored"` // ms since 1970; 0: never
	Epoch    uint32       `json:"epoch"`
	Laptops  []ReturnLine `json:"laptops"` // those known from before
	// Strangers are laptops that were enrolled after the backup was made:
	// the server does not know them any more, and they need an invitation.
	Strangers []StrangerLine `json:"strangers"`
	Awaited   int            `json:"awaited"` // laptops that were not equal yet
	Complete  bool           `json:"complete"`
	Summary   string         `json:"summary"` // one sentence
}

// ReturnLine is one laptop after a restore.
type ReturnLine struct {
	Device   uint32       `json:"device"` // its number before the restore
	Now      uint32       `json:"now"`    // its number since, 0: not heard of
	Person   string       `json:"person"`
	Role     string       `json:"role"`
	Scope    string       `json:"scope"`
	Place    string       `json:"place"`
	State    string       `json:"state"`
	Records  uint64       `json:"records"` // that it gave back
	GaveBack []ReturnKind `json:"gave_back"`
	Heard    int64        `json:"heard"` // ms since 1970, 0: not
	Equal    int64        `json:"equal"` // when it was first the same, 0: not yet
}

// ReturnKind counts what came back of a collection.
type ReturnKind struct {
	Collection string `json:"collection"`
	Label      string `json:"label"`
	Records    uint64 `json:"records"`
}

// StrangerLine is a laptop of which only its shared record came back.
type StrangerLine struct {
	Replica uint32 `json:"replica"`
	Person  string `json:"person"`
	Role    string `json:"role"`
	Scope   string `json:"scope"`
	Place   string `json:"place"`
}

// CameBack returns what came back since the newest restore.
func (o *Office) CameBack() (r Returns, err error) {
	err = o.store.View(func(tx Tx) error {
		r, err = o.returns(tx)
		return err
	})
	return r, err
}

func (o *Office) returns(tx Tx) (Returns, error) {
	r := Returns{Laptops: []ReturnLine{}, Strangers: []StrangerLine{}}
	s, err := tx.State()
	if err != nil {
		return r, err
	}
	r.Epoch = uint32(s.Epoch)
	at, err := tx.Setting(settingRestored)
	if err != nil {
		return r, err
	}
	if at == nil {
		r.Complete, r.Summary = true, "服务器没有从备份恢复过。"
		return r, nil
	}
	if r.Restored, err = strconv.ParseInt(string(at), 10, 64); err != nil {
		return r, fmt.Errorf("when it was restored: %w", err)
	}
	devices, err := collect(tx.Devices())
	if err != nil {
		return r, err
	}
	for _, d := range devices {
		o.seen.of(d)
	}
	r.count(devices)
	if err := r.strangers(o, tx, s, devices); err != nil {
		return r, err
	}
	r.sum()
	return r, nil
}

// count lists the laptops of before. The same laptop has a new number since:
// see syncproto.Device.Before.
func (r *Returns) count(devices []*syncproto.Device) {
	after := map[uint32][]*syncproto.Device{} // by what they were before
	for _, d := range devices {
		if d.Before != 0 {
			after[d.Before] = append(after[d.Before], d)
		}
	}
	for _, d := range devices {
		if d.Joined >= r.Restored || d.Revoked != 0 || replaced(d, after[d.ID], r.Restored) {
			continue
		}
		line := ReturnLine{Device: d.ID, Person: d.Person, Role: d.Role, Scope: d.Scope, Place: placeName(d.Scope),
			State: ReturnAwaited, GaveBack: []ReturnKind{}}
		for _, n := range after[d.ID] {
			if n.Joined >= r.Restored {
				line.add(n, after)
			}
		}
		r.Laptops = append(r.Laptops, line)
	}
}

// replaced reports whether a device got another number before the restore and
// was not heard of again under the old one.
func replaced(d *syncproto.Device, by []*syncproto.Device, restored int64) bool {
	for _, n := range by {
		if n.Joined < restored && d.Seen <= n.Joined {
			return true
		}
	}
	return false
}

// add counts in what a laptop brought under one of its numbers since, and
// under those that followed it.
func (l *ReturnLine) add(d *syncproto.Device, after map[uint32][]*syncproto.Device) {
	if l.Now == 0 {
		l.State = ReturnComparing
	}
	l.Now, l.Heard = max(l.Now, d.ID), max(l.Heard, d.Seen)
	for _, c := range d.Returned {
		l.Records += c.Records
		l.gaveBack(c)
	}
	if d.Whole != 0 && (l.Equal == 0 || d.Whole < l.Equal) {
		l.State, l.Equal = ReturnEqual, d.Whole
	}
	if d.Revoked != 0 { // nothing more will come from it
		l.State = ReturnEqual
	}
	for _, n := range after[d.ID] {
		if n.ID > d.ID { // ids rise, so this ends
			l.add(n, after)
		}
	}
}

func (l *ReturnLine) gaveBack(c syncproto.KindCount) {
	name, label := fmt.Sprintf("collection%d", c.Collection), fmt.Sprintf("第 %d 类", c.Collection)
	if known, ok := ledger.Lookup(c.Collection); ok {
		name, label = known.Key, known.Label
	}
	for i := range l.GaveBack {
		if l.GaveBack[i].Collection == name {
			l.GaveBack[i].Records += c.Records
			return
		}
	}
	l.GaveBack = append(l.GaveBack, ReturnKind{name, label, c.Records})
}

// strangers lists the laptops whose shared record came back, and of which the
// backup knows nothing else.
func (r *Returns) strangers(o *Office, tx Tx, s syncproto.HubState, devices []*syncproto.Device) error {
	known := map[int64]bool{}
	for _, d := range devices {
		known[int64(d.Replica)] = true
	}
	c := ledger.Must(ledger.Device)
	for rec, err := range o.deviceRecords(tx, s.Township) {
		if err != nil {
			return err
		}
		text := func(key string) string { return rec.Value(c.Tag(key)).Text() }
		replica := rec.Value(c.Tag("replica")).Int()
		if known[replica] || text("state") != "" {
			continue
		}
		r.Strangers = append(r.Strangers, StrangerLine{uint32(replica), text("person"), text("role"), text("scope"), placeName(text("scope"))})
	}
	return nil
}

func (r *Returns) sum() {
	var names []string
	for _, l := range r.Laptops {
		if l.State != ReturnEqual {
			r.Awaited++
			names = append(names, fmt.Sprintf("%s（%d 号）", l.Person, l.Device))
		}
	}
	r.Complete = r.Awaited == 0
	switch {
	case !r.Complete && len(names) > 5:
		r.Summary = fmt.Sprintf("还在等 %d 台电脑核对一致：%s等。", r.Awaited, strings.Join(names[:5], "、"))
	case !r.Complete:
		r.Summary = fmt.Sprintf("还在等 %d 台电脑核对一致：%s。", r.Awaited, strings.Join(names, "、"))
	case len(r.Strangers) > 0:
		r.Summary = fmt.Sprintf("恢复前的 %d 台电脑都已核对一致；另有 %d 台是备份之后加入的，要重新邀请。", len(r.Laptops), len(r.Strangers))
	default:
		r.Summary = fmt.Sprintf("什么都不缺了：恢复前的 %d 台电脑都已核对一致。", len(r.Laptops))
	}
}
