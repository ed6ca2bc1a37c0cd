package office

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// FirstRequest says for whom a first copy is.
type FirstRequest struct {
	Role     string
	Scope    string // place code
	Person   string
	Unlisted bool // see InviteRequest
	Who      string
}

// First is a laptop that was enrolled by stick.
type First struct {
	Device uint32
	Code   string // opens the file; it is nowhere else
	Whole  bool   // the file has all; else the laptop fetches the rest
}

// FirstCopy enrols a laptop that is not on the network, and returns the file
// with everything that it may hold. Errors: those of Invite.
func (o *Office) FirstCopy(q FirstRequest) (file []byte, f First, err error) {
	keys, state, err := o.sealing()
	if err != nil {
		return nil, f, err
	}
	if f.Code, err = envelope.NewCode(o.rand); err != nil {
		return nil, f, err
	}
	to, err := envelope.ToCode(f.Code)
	if err != nil {
		return nil, f, err
	}
	h := envelope.Header{Kind: envelope.FirstCopy, Township: state.Township, Created: o.now()}
	if _, err := io.ReadFull(o.rand, h.ID[:]); err != nil {
		return nil, f, fmt.Errorf("name of a first copy: %w", err)
	}
	rep, err := o.enrolFor(q, state)
	if err != nil {
		return nil, f, err
	}
	h.Device, f.Device = rep.Device, rep.Device
	out := &syncproto.Bundle{Version: syncproto.Version, Welcome: rep}
	all := &syncproto.Request{Version: syncproto.Version, Token: rep.Token, Lease: rep.Lease, Now: o.now(), Budget: maxBudget}
	var done Taken
	if err := o.serveBundle([]*syncproto.Request{all}, out, &done); err != nil {
		return nil, f, err
	}
	if done.Problem != nil {
		return nil, f, done.Problem
	}
	f.Whole = !out.Answers[len(out.Answers)-1].Reply.More
	if err := o.whereabouts(out, keys); err != nil {
		return nil, f, err
	}
	file, err = envelope.Seal(h, out, ed25519.NewKeyFromSeed(keys.Sign), to)
	return file, f, err
}

// enrolFor enrols a laptop without an invitation.
func (o *Office) enrolFor(q FirstRequest, state syncproto.HubState) (rep *syncproto.JoinReply, err error) {
	err = o.update(func(tx Tx, hub *syncproto.Hub) error {
		if err := checkInvite(tx, state, InviteRequest{Role: q.Role, Scope: q.Scope, Person: q.Person, Unlisted: q.Unlisted}); err != nil {
			return err
		}
		if rep, err = hub.Enrol(tx, q.Role, q.Scope, q.Person, "U盘首份", o.now()); err != nil {
			return err
		}
		keys, err := readKeys(tx)
		if err != nil {
			return err
		}
		return errors.Join(keys.public(rep), o.audit(tx, q.Who, ActFirst, deviceName(rep.Device), q.Role+" "+q.Scope+" "+q.Person))
	})
	if err != nil {
		return nil, fmt.Errorf("first copy: %w", err)
	}
	return rep, nil
}
