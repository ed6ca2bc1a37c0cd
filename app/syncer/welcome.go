package syncer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// Welcome enrols the store's laptop with a first copy from a stick, which code
// opens. No network is needed. Errors: those of envelope.Open, and CodeFileKind
// for what is no first copy.
func Welcome(store Store, file []byte, code string, o JoinOptions) (*syncproto.JoinReply, error) {
	b, err := OpenFirstCopy(file, code)
	if err != nil {
		return nil, err
	}
	keys, err := newKeys(o.Rand)
	if err != nil {
		return nil, err
	}
	rep := b.Welcome
	hub := Hub{Address: b.Address, Certificate: b.Certificate, BundleKey: rep.BundleKey, SignKey: rep.SignKey}
	err = store.Update(func(tx Tx) error {
		if err := adoptLate(tx, rep, o.Now()); err != nil {
			return err
		}
		if o.Keep != nil {
			if err := o.Keep(tx, rep); err != nil {
				return err
			}
		}
		return errors.Join(PutHub(tx, hub), saveSetting(tx, keysSetting, keys), tx.PutSetting(joiningSetting, nil))
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: keep the enrolment: %w", err)
	}
	session := syncproto.NewSession(syncproto.SessionOptions{Rand: o.Rand, Codec: syncproto.NewCodec()})
	for i := range b.Answers { // one by one: a township's copy is large
		err := store.Update(func(tx Tx) error {
			_, _, err := session.BundleIn(tx, b.Answers[i:i+1], o.Now())
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("syncer: join the first copy: %w", err)
		}
	}
	return rep, nil
}

// adoptLate is Adopt for a reply that was long under way: it says nothing of
// how far the clocks are apart.
func adoptLate(tx Tx, rep *syncproto.JoinReply, now int64) error {
	if _, err := syncproto.Adopt(tx, rep, now); err != nil {
		return err
	}
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	meta.Offset = 0
	return tx.SetMeta(meta)
}

// OpenFirstCopy opens the file of a first copy, and changes nothing.
func OpenFirstCopy(file []byte, code string) (*syncproto.Bundle, error) {
	h, err := envelope.Peek(file)
	if err != nil {
		return nil, err
	}
	if h.Kind != envelope.FirstCopy {
		return nil, wrongKind("这不是给新电脑的首份数据", "请向乡镇(街道)要首份数据；回执和上报的数据包不能用来加入。")
	}
	as, err := envelope.ByCode(code)
	if err != nil {
		return nil, err
	}
	h, b, err := envelope.Open(file, as)
	if err != nil {
		return nil, err
	}
	if b.Welcome == nil || b.Welcome.Error != nil || b.Welcome.Replica == 0 || !bytes.Equal(b.Welcome.SignKey, h.Signer) {
		return nil, wrongKind("这份首份数据里没有加入要用的内容", "请向乡镇(街道)再要一份。")
	}
	return b, nil
}

// newKeys makes a laptop's own keys.
func newKeys(random io.Reader) (Keys, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Keys{}, fmt.Errorf("random bytes: %w", err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return Keys{}, fmt.Errorf("make a key for bundles: %w", err)
	}
	return Keys{Sign: ed25519.NewKeyFromSeed(seed), Identity: identity.String()}, nil
}

// nowhere is the way of a laptop that was set up by stick, by a hub that was
// never on a network.
type nowhere struct{}

// Exchange implements Transport.
func (nowhere) Exchange(context.Context, string, []byte) (Answer, error) {
	return Answer{}, &syncproto.Error{Code: syncproto.CodeUnreachable, Message: "还没有服务器的地址",
		Hint: "请用 U 盘上报；读入乡镇(街道)的回执后，有网时会自动上传。"}
}

// Traffic implements Transport.
func (nowhere) Traffic() Traffic { return Traffic{} }

// Save implements Transport.
func (nowhere) Save(Tx) error { return nil }

// Close implements Transport.
func (nowhere) Close() error { return nil }
