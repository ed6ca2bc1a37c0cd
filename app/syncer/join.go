package syncer

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"gridbook/syncproto"
)

// joining is an enrolment under way. It is kept until an answer has come: the
// same question gets the same answer, so that a lost answer does not use up
// the invitation.
type joining struct {
	Secret []byte // hash of the invitation's, to tell it from others
	Nonce  []byte
	Keys   Keys
}

const joiningSetting = "sync/joining"

// JoinOptions are what Join needs from outside. Now and Rand are required.
type JoinOptions struct {
	Now  func() int64
	Rand io.Reader
	HTTP HTTPOptions
	// Keep, which may be nil, writes what else is to be kept of the enrolment,
	// in the transaction that keeps it.
	Keep func(Tx, *syncproto.JoinReply) error
	// Renamed is told of unsent records of an earlier enrolment that have got
	// other ids.
	Renamed func([]syncproto.Renamed)
}

// Join enrols the store's laptop with an invitation, under the name that people
// call it. It may be repeated after a failure. It fails with CodeInvitation,
// CodeTownship, CodeVersion, CodeUnreachable, CodeCertificate and CodeNotOurs.
func Join(ctx context.Context, store Store, invitation, device string, o JoinOptions) (*syncproto.JoinReply, error) {
	inv, err := syncproto.ParseInvitation(invitation)
	if err != nil {
		return nil, err
	}
	hub := Hub{Address: inv.Address, Certificate: inv.Certificate}
	t, err := NewHTTP(hub, o.HTTP)
	if err != nil {
		return nil, err
	}
	e := &enrolment{store: store, transport: t, inv: inv, hub: hub, o: o}
	rep, err := e.join(ctx, device)
	return rep, errors.Join(err, t.Close())
}

// enrolment is one Join.
type enrolment struct {
	store     Store
	transport Transport
	inv       syncproto.Invitation
	hub       Hub
	o         JoinOptions
}

func (e *enrolment) join(ctx context.Context, device string) (*syncproto.JoinReply, error) {
	var j joining
	err := e.store.Update(func(tx Tx) (err error) {
		j, err = e.begin(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: begin to join: %w", err)
	}
	identity, err := age.ParseX25519Identity(j.Keys.Identity)
	if err != nil {
		return nil, fmt.Errorf("syncer: own key: %w", err)
	}
	answer, err := e.transport.Exchange(ctx, syncproto.PathJoin, syncproto.AppendJoinRequest(nil, &syncproto.JoinRequest{
		Version: syncproto.Version, Secret: e.inv.Secret, Device: device, Now: e.o.Now(), Nonce: j.Nonce,
		SignKey: j.Keys.Sign.Public().(ed25519.PublicKey), Recipient: identity.Recipient().String(),
	}))
	if err != nil {
		return nil, err
	}
	rep, err := syncproto.DecodeJoinReply(answer.Body)
	switch {
	case err != nil:
		return nil, notOurs(fmt.Errorf("decode the reply: %w", err))
	case rep.Error != nil:
		return nil, rep.Error
	case rep.Township != e.inv.Township:
		return nil, &syncproto.Error{Code: syncproto.CodeTownship, Message: "邀请码是另一个乡镇(街道)的",
			Hint: "请核对邀请码是不是本乡镇发的。"}
	}
	if err := e.keep(rep, j.Keys, answer); err != nil {
		return nil, err
	}
	return rep, nil
}

// keep writes the enrolment in one transaction.
func (e *enrolment) keep(rep *syncproto.JoinReply, keys Keys, answer Answer) error {
	hub := e.hub
	hub.BundleKey, hub.SignKey = rep.BundleKey, rep.SignKey
	var way budget
	way.learn(0, answer)
	var renamed []syncproto.Renamed
	err := e.store.Update(func(tx Tx) (err error) {
		if renamed, err = syncproto.Adopt(tx, rep, e.o.Now()); err != nil {
			return err
		}
		if e.o.Keep != nil {
			if err := e.o.Keep(tx, rep); err != nil {
				return err
			}
		}
		return errors.Join(PutHub(tx, hub), saveSetting(tx, keysSetting, keys), tx.PutSetting(joiningSetting, nil),
			e.transport.Save(tx), way.save(tx))
	})
	if err != nil {
		return fmt.Errorf("syncer: keep the enrolment: %w", err)
	}
	if e.o.Renamed != nil && len(renamed) > 0 {
		e.o.Renamed(renamed)
	}
	return nil
}

// begin returns the enrolment under way with this invitation, or begins one.
func (e *enrolment) begin(tx Tx) (j joining, err error) {
	found, err := loadSetting(tx, joiningSetting, &j)
	if err != nil {
		return j, err
	}
	secret := sha256.Sum256(e.inv.Secret)
	if found && string(j.Secret) == string(secret[:]) {
		return j, nil
	}
	j = joining{Secret: secret[:], Nonce: make([]byte, syncproto.NonceSize)}
	if _, err := io.ReadFull(e.o.Rand, j.Nonce); err != nil {
		return j, fmt.Errorf("random bytes: %w", err)
	}
	if j.Keys, err = newKeys(e.o.Rand); err != nil {
		return j, err
	}
	return j, saveSetting(tx, joiningSetting, j)
}
