package service

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// duty is what this laptop last knew itself to be for. The township says so in
// the shared list of devices; a laptop whose person has left reads nothing any
// more, not even that list: that its own line has gone, and that both sides
// agree on no records but its own deposits, is how it knows.
type duty struct {
	Role  ledger.Role `json:"role"` // "": no list of devices has come yet
	Scope string      `json:"scope"`
	Place string      `json:"place"` // its name, while the list of villages is here
	// Handed counts the records whose work the server took and that then left,
	// since the last comparison that changed nothing.
	Handed   int   `json:"handed,omitempty"`
	HandedAt int64 `json:"handedAt,omitempty"` // the last comparison before that
	// Ended is when the laptop learnt that there is no duty any more, in the
	// server's ms since 1970; 0: there is. Given counts the records of that.
	Ended int64 `json:"ended,omitempty"`
	Given int   `json:"given,omitempty"`
}

const dutySetting = "duty"

// countHanded notes, in the transaction in which it happens, how much was
// handed over.
func countHanded(tx Keeper, n int) error {
	if n == 0 {
		return nil
	}
	var d duty
	if _, err := setting(tx, dutySetting, &d); err != nil {
		return err
	}
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	if d.Handed == 0 {
		d.HandedAt = meta.Verified.At
	}
	d.Handed += n
	return putSetting(tx, dutySetting, d)
}

// heedDuty compares what this laptop is for with what it last knew, tells its
// person of a change, and goes on as the township has it. It costs little, and
// may be called at any time: all is derived from what the store holds.
func (b *Book) heedDuty() (changed bool, err error) {
	var was, now duty
	var note *notice
	var me Identity
	err = b.read(func(r reader) error {
		if _, err := setting(r.tx, dutySetting, &was); err != nil {
			return err
		}
		meta, err := r.tx.Meta()
		if err != nil {
			return err
		}
		if me, err = readIdentity(r.tx); err != nil {
			return err
		}
		listed := false
		if me, listed, err = me.listed(r.tx); err != nil {
			return err
		}
		seen := meta.Verified
		deposits, _, err := r.deposited()
		if err != nil {
			return err
		}
		seen.Records -= min(seen.Records, uint64(deposits))
		now, note = was.next(me, r.placeName(ledger.Area(me.Scope)), listed, seen, b.millis())
		if !listed {
			me = me.under(now)
		}
		return nil
	})
	if err != nil || now == was {
		return false, err
	}
	err = b.update(func(tx updater) error {
		var still duty
		if _, err := setting(tx, dutySetting, &still); err != nil || still != was {
			return err // somebody else was quicker
		}
		if err := putSetting(tx, dutySetting, now); err != nil || note == nil {
			return err
		}
		return addNotice(tx, *note)
	})
	if err != nil {
		return false, err
	}
	b.mu.Lock()
	b.me = me
	b.mu.Unlock()
	return note != nil || was.Given != now.Given, nil
}

// next is what follows from what the store holds: me as the list of devices
// has it, if it is listed there, the name of its place, and the last comparison,
// its deposits not counted.
func (d duty) next(me Identity, place string, listed bool, v syncproto.Verified, at int64) (duty, *notice) {
	switch {
	case listed && (d.Role == "" || d.Role == me.Role && d.Scope == me.Scope && d.Ended == 0):
		d.Role, d.Scope, d.Place = me.Role, me.Scope, place
		if d.Handed > 0 && v.Equal && v.At > d.HandedAt {
			d.Handed, d.HandedAt = 0, 0 // households that moved away
		}
		return d, nil
	case listed:
		now := duty{Role: me.Role, Scope: me.Scope, Place: place}
		n := d.changed(now, me.town(), at)
		return now, &n
	case v.At == 0 || !v.Equal || v.Records > 0:
		return d, nil
	case d.Ended == 0:
		if d.Role == "" {
			d.Role, d.Scope, d.Place = me.Role, me.Scope, place
		}
		d.Ended, d.Given, d.Handed, d.HandedAt = v.At, d.Handed, 0, 0
		return d, &notice{Kind: noticeEnded, At: at, Message: me.town() + "已办理离任：您不再负责" + d.words(),
			Hint: handedText(d.Given, me.town()) + "资料已从这台电脑上移走，" + me.town() + "和接手的同志那里都有。"}
	}
	d.Given, d.Handed, d.HandedAt = d.Given+d.Handed, 0, 0
	return d, nil
}

// changed tells of another role or place.
func (d duty) changed(now duty, town string, at int64) notice {
	n := notice{Kind: noticeRole, At: at, Message: town + "改了您的职责：原来是" + d.words() + "，现在是" + now.words()}
	if d.Ended != 0 {
		n.Message = town + "又给了您职责：" + now.words()
	}
	n.Hint = handedText(d.Handed, town)
	if ledger.Area(d.Scope) != ledger.Area(now.Scope) {
		n.Hint += "原来的资料已移走，新的资料随同步下来，要等一会儿。"
	}
	if n.Hint == "" {
		n.Hint = "能看和能改的资料跟着变了。有疑问请联系" + town + "。"
	}
	return n
}

// town is what people call the township's office.
func (id Identity) town() string { return firstOf(id.TownshipName, "乡镇(街道)") }

// handedText says where unsent work of a former duty is.
func handedText(n int, town string) string {
	if n == 0 {
		return ""
	}
	return "没来得及上传的 " + itoa(n) + " 条已经上传，在" + town + "的收件箱里等他们处理，没有丢。"
}

// words says a role and its place.
func (d duty) words() string {
	place := d.place()
	name := roleName(d.Role, place)
	if area := ledger.Area(d.Scope); len(d.Scope) > len(area) {
		place += "网格 " + d.Scope[len(area):]
	}
	return "“" + place + "”的" + name
}

// place is the name of the village or township.
func (d duty) place() string { return firstOf(d.Place, placeName(d.Scope)) }

// Ended says that this laptop's person is in charge of nothing any more; nil:
// they are.
func (b *Book) Ended() (*Ended, error) {
	var out *Ended
	err := b.read(func(r reader) error {
		var d duty
		if _, err := setting(r.tx, dutySetting, &d); err != nil || d.Ended == 0 {
			return err
		}
		out = &Ended{Since: d.Ended, RoleName: roleName(d.Role, d.place()), Place: d.place(), Handed: d.Given}
		var err error
		if out.ToSend, out.Rejected, err = r.tx.Counts(); err != nil {
			return err
		}
		out.Photos = r.album.counts().toSend
		return nil
	})
	return out, err
}
