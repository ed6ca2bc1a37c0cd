package syncer

import (
	"crypto/ed25519"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"gridbook/syncproto"
)

// Hub is where a laptop's hub is, and what is known of it from the enrolment.
type Hub struct {
	Address     string // URL without a path
	Certificate []byte // SHA-256 of its certificate; nil on the same machine
	BundleKey   string // age recipient of bundles for it
	SignKey     []byte // Ed25519 public key that its bundles are signed with
}

// Keys are what a laptop's own bundles are signed with, and what those for it
// are opened with.
type Keys struct {
	Sign     ed25519.PrivateKey
	Identity string // age X25519 identity
}

const (
	hubSetting  = "sync/hub"
	keysSetting = "sync/keys"
)

// HubOf returns where the hub of an enrolled store is; CodeNotJoined if the
// store is not enrolled.
func HubOf(tx Tx) (hub Hub, err error) {
	found, err := loadSetting(tx, hubSetting, &hub)
	if err == nil && !found {
		err = notJoined()
	}
	return hub, err
}

// PutHub changes where the hub is, such as after a move to another address.
func PutHub(tx Tx, hub Hub) error { return saveSetting(tx, hubSetting, hub) }

// KeysOf returns the laptop's own keys; CodeNotJoined if it has none.
func KeysOf(tx Tx) (keys Keys, err error) {
	found, err := loadSetting(tx, keysSetting, &keys)
	if err == nil && !found {
		err = notJoined()
	}
	return keys, err
}

func notJoined() error {
	return &syncproto.Error{Code: syncproto.CodeNotJoined, Message: "这台电脑还没有加入乡镇(街道)", Hint: "请先用邀请码加入。"}
}

func loadSetting(tx Tx, name string, v any) (found bool, err error) {
	b, err := tx.Setting(name)
	if err != nil || b == nil {
		return false, err
	}
	if err := msgpack.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("syncer: read setting %s: %w", name, err)
	}
	return true, nil
}

func saveSetting(tx Tx, name string, v any) error {
	b, err := msgpack.Marshal(v)
	if err != nil {
		return fmt.Errorf("syncer: write setting %s: %w", name, err)
	}
	return tx.PutSetting(name, b)
}
