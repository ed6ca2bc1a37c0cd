package service

import (
	"encoding/json"
	"fmt"

	"gridbook/app/boltstore"
)

// updater is a write transaction.
type updater = *boltstore.Tx

// update runs f in one write transaction.
func (b *Book) update(f func(updater) error) error { return b.store.Update(f) }

// The names of the settings in the store.
const (
	preferencesSetting = "preferences"
	draftSetting       = "draft" // the only draft that there was in version 0.1
	draftsSetting      = "drafts"
	uploadsSetting     = "uploads"
	lastSyncSetting    = "last-sync"
)

// getter reads small sealed values of a laptop's own.
type getter interface {
	Setting(name string) ([]byte, error)
}

// setting reads a setting into v; false if there is none.
func setting(tx getter, name string, v any) (bool, error) {
	raw, err := tx.Setting(name)
	if err != nil || raw == nil {
		return false, err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("service: read setting %s: %w", name, err)
	}
	return true, nil
}

// putSetting replaces a setting.
func putSetting(tx Setter, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("service: encode setting %s: %w", name, err)
	}
	return tx.PutSetting(name, raw)
}

// Setting reads one of the laptop's own settings into v; false if there is
// none.
func (b *Book) Setting(name string, v any) (found bool, err error) {
	err = b.store.View(func(tx *boltstore.Tx) error {
		found, err = setting(tx, name, v)
		return err
	})
	return found, err
}

// PutSetting replaces one of the laptop's own settings; nil removes it.
func (b *Book) PutSetting(name string, v any) error {
	return b.update(func(tx updater) error {
		if v == nil {
			return tx.PutSetting(name, nil)
		}
		return putSetting(tx, name, v)
	})
}
