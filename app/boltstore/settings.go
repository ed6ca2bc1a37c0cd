package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"
)

var (
	errShortIndex = errors.New("index key of the wrong length")
	errDangling   = errors.New("index names a record that is not there")
)

// Setting returns a small value of this laptop's own, such as a draft or a
// preference: sealed, and never synced. nil if there is none.
func (tx *Tx) Setting(name string) ([]byte, error) {
	plain, err := tx.get(settingsBucket, tx.seal.settingKey(name))
	if err != nil || plain == nil {
		return nil, err
	}
	_, v, err := splitSetting(plain)
	return bytes.Clone(v), err
}

// PutSetting replaces a setting; nil removes it. The name is hidden too.
func (tx *Tx) PutSetting(name string, v []byte) error {
	key := tx.seal.settingKey(name)
	if v == nil {
		return tx.remove(settingsBucket, key)
	}
	plain := binary.AppendUvarint(nil, uint64(len(name)))
	return tx.put(settingsBucket, key, append(append(plain, name...), v...))
}

// NamedSetting is a setting in a list.
type NamedSetting struct {
	Name  string
	Value []byte
}

// Settings lists those whose names begin with prefix, in no order.
func (tx *Tx) Settings(prefix string) iter.Seq2[NamedSetting, error] {
	return func(yield func(NamedSetting, error) bool) {
		w, err := tx.up(settingsBucket, nil)
		if err != nil {
			yield(NamedSetting{}, err)
			return
		}
		for ; w.key != nil; w.next() {
			plain, err := tx.get(settingsBucket, w.key)
			if err == nil && plain == nil {
				continue // removed since
			}
			var s NamedSetting
			if err == nil {
				s.Name, s.Value, err = splitSetting(plain)
			}
			if err == nil && !strings.HasPrefix(s.Name, prefix) {
				continue
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

func splitSetting(plain []byte) (name string, v []byte, err error) {
	n, used := binary.Uvarint(plain)
	if used <= 0 || n > uint64(len(plain)-used) {
		return "", nil, damaged(fmt.Errorf("setting of %d bytes", len(plain)))
	}
	return string(plain[used : used+int(n)]), plain[used+int(n):], nil
}
