package service

import (
	"context"
	"strings"
	"testing"

	"filippo.io/age"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// keyed is an office that gives its recovery key.
type keyed struct {
	*office
	recipient string
}

func (k keyed) Join(ctx context.Context, store *boltstore.Store, invitation, device string, keep func(Setter, *syncproto.JoinReply) error) error {
	return k.office.Join(ctx, store, invitation, device, func(tx Setter, rep *syncproto.JoinReply) error {
		rep.RecoveryKey = k.recipient
		return keep(tx, rep)
	})
}

func TestForgottenPasswordIsReplaced(t *testing.T) {
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	c := newClock()
	o := options(t, c, secretary())
	o.Network = keyed{secretary(), mine.Recipient().String()}
	l, err := Join(t.Context(), o, invitation(), "村委电脑", password)
	if err != nil {
		t.Fatal(err)
	}
	v := settle(t, l.Book)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s, closing := New(o, nil, nil)
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	_, err = s.Recover(t.Context(), other.String(), "新的密码2024")
	wantCode(t, "another township's key", err, syncproto.CodePassword)
	_, err = s.Recover(t.Context(), "不是密钥", "新的密码2024")
	wantCode(t, "no key", err, syncproto.CodePassword)
	_, err = s.Recover(t.Context(), mine.String(), "短")
	wantCode(t, "a short password", err, syncproto.CodePassword)
	typed := strings.ToLower(mine.String()[:30]) + " \n" + strings.ToLower(mine.String()[30:])
	if _, err := s.Recover(t.Context(), typed, "新的密码2024"); err != nil {
		t.Fatalf("the key as somebody types it: %v", err)
	}
	if _, err := s.Household(t.Context(), v.first); err != nil {
		t.Errorf("the data after it: %v", err)
	}
	if _, err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = s.Unlock(t.Context(), password)
	wantCode(t, "the forgotten password", err, syncproto.CodePassword)
	if _, err := s.Unlock(t.Context(), "新的密码2024"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}
