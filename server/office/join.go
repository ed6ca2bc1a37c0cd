package office

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"gridbook/syncproto"
)

// repeatWindow is how long a lost answer to a join may be asked for again, in
// milliseconds.
const repeatWindow = int64(24 * time.Hour / time.Millisecond)

// maxName bounds what a new laptop may call itself, in bytes.
const maxName = 200

// Join enrols a laptop with an invitation. What is wrong with the request is
// in the reply; an error is the store's. A request repeated with the same
// secret and nonce, because the answer was lost, gets the same answer.
func (o *Office) Join(q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
	// Look before writing: strangers must not be able to cause commits.
	var inv *Invite
	if err := o.store.View(func(tx Tx) (err error) {
		inv, err = tx.Invite(sha256.Sum256(q.Secret))
		return err
	}); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if err := o.checkJoin(inv, q); err != nil {
		return o.refuse(err)
	}
	var rep *syncproto.JoinReply
	err := o.update(func(tx Tx, hub *syncproto.Hub) (err error) {
		inv, err := tx.Invite(sha256.Sum256(q.Secret))
		if err != nil {
			return err
		}
		if err := o.checkJoin(inv, q); err != nil {
			return err
		}
		if inv.Used != 0 {
			rep, err = o.repeat(tx, inv, q)
		} else {
			rep, err = o.enrol(tx, hub, inv, q)
		}
		return err
	})
	if err != nil {
		return o.refuse(err)
	}
	return rep, nil
}

// refuse puts errors that are for the laptop into a reply.
func (o *Office) refuse(err error) (*syncproto.JoinReply, error) {
	var e *syncproto.Error
	if errors.As(err, &e) && (e.Code == syncproto.CodeInvitation || e.Code == syncproto.CodeVersion || e.Code == syncproto.CodeMalformed) {
		return &syncproto.JoinReply{Version: syncproto.Version, Now: o.now(), Error: e}, nil
	}
	return nil, fmt.Errorf("join: %w", err)
}

func (o *Office) checkJoin(inv *Invite, q *syncproto.JoinRequest) error {
	switch {
	case q.Version < syncproto.MinVersion || q.Version > syncproto.Version:
		return &syncproto.Error{
			Code:    syncproto.CodeVersion,
			Message: fmt.Sprintf("服务器使用第 %d 版协议，这台电脑使用第 %d 版。", syncproto.Version, q.Version),
			Hint:    "请安装同一批次的网格簿程序再加入。",
		}
	case len(q.Device) > maxName:
		return &syncproto.Error{Code: syncproto.CodeMalformed, Message: "电脑的名字太长。", Hint: "请改短一些。"}
	case inv == nil:
		return badInvite("服务器没有发过这个邀请码。", "请核对是不是这个乡镇（街道）发的，整行复制后再试。")
	case inv.Used != 0:
		if o.repeatable(inv, q) {
			return nil
		}
		return badInvite("这个邀请码已经用过了。", "一个邀请码只能加入一台电脑，请向乡镇（街道）再要一个。")
	case inv.Expires <= o.now():
		return badInvite("这个邀请码已经过期。", "请向乡镇（街道）再要一个。")
	}
	return nil
}

func badInvite(message, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeInvitation, Message: message, Hint: hint}
}

func (o *Office) repeatable(inv *Invite, q *syncproto.JoinRequest) bool {
	_, err := openReply(inv, q)
	return err == nil && o.now()-inv.Used < repeatWindow
}

func (o *Office) enrol(tx Tx, hub *syncproto.Hub, inv *Invite, q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
	rep, err := hub.Enrol(tx, inv.Role, inv.Scope, inv.Person, q.Device, o.now())
	if err != nil {
		return nil, err
	}
	keys, err := readKeys(tx)
	if err != nil {
		return nil, err
	}
	if err := keys.public(rep); err != nil {
		return nil, err
	}
	if err := putDeviceKeys(tx, rep.Device, q); err != nil {
		return nil, err
	}
	inv.Used, inv.Device = o.now(), rep.Device
	if inv.Reply, err = sealReply(q, rep); err != nil {
		return nil, err
	}
	if err := tx.PutInvite(inv); err != nil {
		return nil, err
	}
	return rep, o.audit(tx, deviceName(rep.Device), ActJoin, inv.Role+" "+inv.Scope, inv.Person)
}

// putDeviceKeys keeps what a laptop's bundles are signed with, and to whom
// bundles for it are encrypted.
func putDeviceKeys(tx Tx, device uint32, q *syncproto.JoinRequest) error {
	if len(q.SignKey) == 0 && q.Recipient == "" {
		return nil
	}
	return errors.Join(
		tx.PutSetting(signSetting(device), q.SignKey),
		tx.PutSetting(recipientSetting(device), []byte(q.Recipient)))
}

func signSetting(device uint32) string      { return fmt.Sprintf("device.%d.sign", device) }
func recipientSetting(device uint32) string { return fmt.Sprintf("device.%d.recipient", device) }

// repeat answers again, unless the laptop has shown that it got the answer.
func (o *Office) repeat(tx Tx, inv *Invite, q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
	rep, err := openReply(inv, q)
	if err != nil {
		return nil, err
	}
	d, err := tx.DeviceByToken(sha256.Sum256(rep.Token))
	if err != nil {
		return nil, err
	}
	if d != nil {
		o.seen.of(d)
	}
	if d == nil || d.Seen > d.Joined {
		return nil, badInvite("这个邀请码已经用过了。", "一个邀请码只能加入一台电脑，请向乡镇（街道）再要一个。")
	}
	rep.Now = o.now()
	return rep, nil
}

// The answer is kept sealed under a key that only a request with the secret
// and the nonce can make, so that the store holds no token.

func replySeal(q *syncproto.JoinRequest) (cipher.AEAD, error) {
	if len(q.Nonce) < syncproto.NonceSize {
		return nil, errors.New("no nonce")
	}
	key, err := hkdf.Key(sha256.New, q.Secret, q.Nonce, "gridbook join reply", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealReply returns nil for a laptop that sent no nonce. The key is used for
// this one message, so a fixed GCM nonce is safe.
func sealReply(q *syncproto.JoinRequest, rep *syncproto.JoinReply) ([]byte, error) {
	aead, err := replySeal(q)
	if err != nil {
		return nil, nil //nolint:nilerr // no nonce, no repetition
	}
	return aead.Seal(nil, make([]byte, aead.NonceSize()), syncproto.AppendJoinReply(nil, rep), nil), nil
}

func openReply(inv *Invite, q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
	aead, err := replySeal(q)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), inv.Reply, nil)
	if err != nil {
		return nil, err
	}
	return syncproto.DecodeJoinReply(plain)
}
