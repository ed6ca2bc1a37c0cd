package office

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"filippo.io/age"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
	"gridbook/syncproto/ledger"
)

// maxAnswer bounds the bytes of an answer's replies. What is left out, the
// laptop fetches with its next bundle or over the network.
const maxAnswer = 200 << 20

// maxAnswers bounds how many replies an answer has.
const maxAnswers = 4000

// Taken is what came of a bundle.
type Taken struct {
	Device uint32
	Person string
	Scope  string // place code of the device's role
	Made   int64  // by the clock of the device, ms since 1970
	// Records is how many the bundle had; each is one of the others.
	Records, Joined, Known, Rejected int
	Photos                           syncproto.PhotoTally
	// Renumbered says that the device is a copy or an older state of another:
	// its work comes with its next bundle.
	Renumbered bool
	// Problem is what the answer tells the device, such as a wrong clock.
	Problem *syncproto.Error
}

// TakeBundle joins the bundle of a laptop and returns the file of its answer,
// for who is in the audit log. Taken again, nothing is doubled and the answer
// says the same. Errors: those of envelope.Open, CodeTownship, CodeToken,
// CodeRevoked, CodeFileKind for a bundle that is not from a laptop.
func (o *Office) TakeBundle(file []byte, who string) (answer []byte, t Taken, err error) {
	keys, state, err := o.sealing()
	if err != nil {
		return nil, t, err
	}
	h, b, err := o.openBundle(file, keys, state)
	if err != nil {
		return nil, t, err
	}
	to, err := age.ParseX25519Recipient(b.Recipient)
	if err != nil {
		return nil, t, fmt.Errorf("bundle's recipient: %w", err)
	}
	if t, err = o.sender(b); err != nil {
		return nil, t, err
	}
	t.Made = h.Created
	out := &syncproto.Bundle{Version: syncproto.Version}
	if err := o.serveBundle(b.Requests, out, &t); err != nil {
		return nil, t, err
	}
	if len(b.Photos) > 0 {
		o.servePhotos(b, out, &t)
		if err := o.marks(b.Requests[len(b.Requests)-1], out, &t); err != nil {
			return nil, t, err
		}
	}
	if err := o.whereabouts(out, keys); err != nil {
		return nil, t, err
	}
	back := envelope.Header{Kind: envelope.Answer, Township: state.Township, Device: h.Device, Created: o.now(), ID: h.ID}
	if answer, err = envelope.Seal(back, out, ed25519.NewKeyFromSeed(keys.Sign), to); err != nil {
		return nil, t, err
	}
	note := fmt.Sprintf("made %s, records %d: joined %d, known %d, rejected %d", time.UnixMilli(t.Made).UTC().Format(time.RFC3339),
		t.Records, t.Joined, t.Known, t.Rejected)
	if p := t.Photos; p != (syncproto.PhotoTally{}) {
		note += fmt.Sprintf(", photos: arrived %d, refused %d, damaged %d, early %d", p.Arrived, p.Refused, p.Damaged, p.Early)
	}
	return answer, t, o.Record(who, ActBundle, deviceName(t.Device), note)
}

// sealing reads what bundles are opened and sealed with.
func (o *Office) sealing() (keys Keys, state syncproto.HubState, err error) {
	err = o.store.View(func(tx Tx) (err error) {
		if state, err = tx.State(); err != nil {
			return err
		}
		keys, err = readKeys(tx)
		return err
	})
	if err == nil && len(keys.Sign) != ed25519.SeedSize {
		err = fmt.Errorf("signing key of %d bytes", len(keys.Sign))
	}
	return keys, state, err
}

// openBundle opens a file and makes sure that it came from a laptop of this
// township and was not put together from parts.
func (o *Office) openBundle(file []byte, keys Keys, state syncproto.HubState) (envelope.Header, *syncproto.Bundle, error) {
	h, err := envelope.Peek(file)
	switch {
	case err != nil:
		return h, nil, err
	case h.Kind == envelope.Answer:
		return h, nil, notUp("这是给村里的回执，不是村里交来的数据包。", "请把它留在 U 盘里带回村，用“读入回执”读入。")
	case h.Kind == envelope.FirstCopy:
		return h, nil, notUp("这是给新电脑的首份数据，不是村里交来的数据包。", "请在新电脑上用它加入。")
	case h.Township != state.Township:
		return h, nil, &syncproto.Error{Code: syncproto.CodeTownship, Message: fmt.Sprintf("这个数据包是另一个乡镇（街道）的（%s），这里是%s。", h.Township, state.Name),
			Hint: "请交给它自己的乡镇（街道）。"}
	}
	identity, err := age.ParseX25519Identity(keys.Bundle)
	if err != nil {
		return h, nil, fmt.Errorf("the township's bundle key: %w", err)
	}
	h, b, err := envelope.Open(file, identity)
	if err != nil {
		return h, nil, err
	}
	if len(b.Requests) == 0 || !bytes.Equal(b.SignKey, h.Signer) {
		return h, nil, notUp("这个数据包里没有村里上报的内容。", "请从村里的电脑重新导出一次。")
	}
	return h, b, nil
}

func notUp(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeFileKind, Message: message, Hint: hint}
}

// sender returns whose bundle it is: that the token inside tells. It keeps the
// keys of the bundle for that device.
func (o *Office) sender(b *syncproto.Bundle) (t Taken, err error) {
	token := sha256.Sum256(b.Requests[0].Token)
	var changed bool
	err = o.store.View(func(tx Tx) error {
		d, err := tx.DeviceByToken(token)
		if err != nil {
			return err
		}
		if err := mayHandIn(d); err != nil {
			return err
		}
		t.Device, t.Person, t.Scope = d.ID, d.Person, d.Scope
		key, err := tx.Setting(signSetting(d.ID))
		if err != nil {
			return err
		}
		recipient, err := tx.Setting(recipientSetting(d.ID))
		changed = !bytes.Equal(key, b.SignKey) || string(recipient) != b.Recipient
		return err
	})
	if err != nil || !changed {
		return t, err
	}
	return t, o.store.Update(func(tx Tx) error {
		return putDeviceKeys(tx, t.Device, &syncproto.JoinRequest{SignKey: b.SignKey, Recipient: b.Recipient})
	})
}

func mayHandIn(d *syncproto.Device) error {
	switch {
	case d == nil:
		return &syncproto.Error{Code: syncproto.CodeToken, Message: "服务器不认识做这个数据包的电脑。",
			Hint: "服务器可能是从旧备份恢复的。请给那台电脑发一个新的邀请码，加入后重新导出；内容都还在那台电脑上。"}
	case d.Revoked != 0:
		return &syncproto.Error{Code: syncproto.CodeRevoked, Message: fmt.Sprintf("%s（%s）的 %d 号电脑已被停用，数据包没有并入，文件没有动。", d.Person, placeName(d.Scope), d.ID),
			Hint: "需要收下里面的内容时，请给那台电脑发一个新的邀请码，加入后重新导出。"}
	}
	return nil
}

// serveBundle answers a bundle's requests like any others, up to the first
// that leaves the following ones without a meaning.
func (o *Office) serveBundle(requests []*syncproto.Request, out *syncproto.Bundle, t *Taken) error {
	size := 0
	for _, q := range requests {
		q.Stick = true
		for q != nil {
			served, err := o.Exchange(q)
			if err != nil {
				return err
			}
			t.count(o.hub.Codec, q, served)
			a := syncproto.AnswerTo(q, served.Reply)
			out.Answers = append(out.Answers, a)
			if a.Last() {
				return t.refused(served.Reply)
			}
			if size += len(served.Reply.Batch); size > maxAnswer || len(out.Answers) >= maxAnswers {
				return nil
			}
			q = syncproto.Rest(q, served.Reply)
		}
	}
	return nil
}

// count adds what became of the records of an upload.
func (t *Taken) count(codec *syncproto.Codec, q *syncproto.Request, s *syncproto.Served) {
	if len(q.Batch) == 0 || s.Reply.Error != nil || s.Reply.Renumber != 0 {
		return
	}
	batch, err := codec.Decode(q.Batch)
	if err != nil {
		return // the reply says so
	}
	joined := make(map[syncproto.Key]bool, len(s.Joined))
	for _, k := range s.Joined {
		joined[k] = true
	}
	changed := 0
	for _, rec := range batch.Records {
		if joined[rec.Key] {
			changed++
		}
	}
	t.Records += len(batch.Records)
	t.Rejected += len(s.Reply.Rejections)
	t.Joined += changed
	t.Known = max(t.Records-t.Rejected-t.Joined, 0)
}

// refused notes why the rest of a bundle was not served. What the laptop can
// do nothing about with an answer is an error here.
func (t *Taken) refused(p *syncproto.Reply) error {
	if p.Error == nil {
		t.Renumbered = true
		return nil
	}
	switch p.Error.Code {
	case syncproto.CodeToken, syncproto.CodeRevoked: // since we looked
		return p.Error
	}
	t.Problem = p.Error
	return nil
}

// whereabouts adds where the hub is, for a laptop that only knows sticks.
func (o *Office) whereabouts(b *syncproto.Bundle, keys Keys) (err error) {
	if b.Address, err = o.Address(); err != nil {
		return err
	}
	if strings.HasPrefix(b.Address, "https:") {
		b.Certificate = keys.Fingerprint()
	}
	return nil
}

// ForwardBundle is TakeBundle for a township's laptop, which the token proves.
// What is wrong is in the reply; an error is the store's.
func (o *Office) ForwardBundle(q *syncproto.BundleRequest) (*syncproto.BundleReply, error) {
	rep := &syncproto.BundleReply{Version: syncproto.Version, Now: o.now()}
	courier, err := o.courier(q.Token)
	if err == nil {
		var t Taken
		rep.File, t, err = o.TakeBundle(q.File, courier)
		rep.Device, rep.Person, rep.Scope, rep.Made = t.Device, t.Person, t.Scope, t.Made
		rep.Records, rep.Joined, rep.Known, rep.Rejected = t.Records, t.Joined, t.Known, t.Rejected
		rep.Renumbered, rep.Problem, rep.Photos = t.Renumbered, t.Problem, t.Photos
	}
	var said *syncproto.Error
	if errors.As(err, &said) && said.Code != syncproto.CodeDiskFull {
		rep.Error, err = said, nil
	}
	if err != nil {
		return nil, fmt.Errorf("forwarded bundle: %w", err)
	}
	return rep, nil
}

// Courier says whether the laptop with that token may hand in sticks: before
// their files are read. Errors: CodeToken, CodeRevoked, CodeNotAllowed.
func (o *Office) Courier(token []byte) error {
	_, err := o.courier(token)
	return err
}

// courier returns the name, for the audit, of a township's laptop.
func (o *Office) courier(token []byte) (name string, err error) {
	err = o.store.View(func(tx Tx) error {
		d, err := tx.DeviceByToken(sha256.Sum256(token))
		switch {
		case err != nil:
			return err
		case d == nil:
			return &syncproto.Error{Code: syncproto.CodeToken, Message: "服务器不认识这台电脑。", Hint: "请用新的邀请码重新加入。"}
		case d.Revoked != 0:
			return &syncproto.Error{Code: syncproto.CodeRevoked, Message: "这台电脑已被停用，不能代交 U 盘。", Hint: "请换一台乡镇（街道）的电脑。"}
		case ledger.Role(d.Role) != ledger.RoleTownship:
			return &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "只有乡镇（街道）的电脑能代交各村的 U 盘。", Hint: "请把 U 盘交给乡镇（街道）。"}
		}
		name = deviceName(d.ID) + " " + d.Person
		return nil
	})
	return name, err
}
