package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gridbook/syncproto"
)

// ChangePassword replaces the password that opened the store, or any other
// that is known. Older copies, which the old password opens, give way to a
// fresh one. CodePassword: old is not one of the store's passwords.
func (s *Store) ChangePassword(old, password string) error {
	key := byPassword(old)
	return s.changeKeys(func(ring *keyring, put func(name string, value []byte) error) error {
		_, name, err := key.unlock(ring)
		if err != nil {
			return err
		}
		return s.putSlot(ring, put, name, "", password)
	})
}

// AddPerson lets another person open the store, with a password of their own.
// CodeExists: there is one of that name.
func (s *Store) AddPerson(name, password string) error {
	return s.changeKeys(func(ring *keyring, put func(string, []byte) error) error {
		free := 1
		for slot := range ring.slots {
			person, err := s.nameIn(ring, slot)
			if err != nil {
				return err
			}
			if person == name {
				return &syncproto.Error{Code: syncproto.CodeExists,
					Message: "已经有叫这个名字的人", Hint: "请换一个名字，或者让本人修改密码。"}
			}
		}
		for ring.slots[string(slotKey(free))] != nil {
			free++
		}
		return s.putSlot(ring, put, string(slotKey(free)), name, password)
	})
}

// People are the names of those who can open the store, in the order in which
// they were added.
func (s *Store) People() (names []string, err error) {
	err = s.View(func(tx *Tx) error {
		ring, err := tx.ring()
		if err != nil {
			return err
		}
		for _, slot := range ring.names() {
			name, err := s.nameIn(ring, slot)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// SetRecovery lets the township's recovery key, an age X25519 recipient, open
// the store; "" ends that.
func (s *Store) SetRecovery(recipient string) error {
	return s.changeKeys(func(ring *keyring, put func(string, []byte) error) error {
		if recipient == ring.recipient {
			return errSame
		}
		if recipient == "" {
			return put(string(recoveryKey), nil)
		}
		value, err := s.seal.newRecovery(recipient)
		if err != nil {
			return err
		}
		return put(string(recoveryKey), value)
	})
}

// Recover opens the store in dir with the township's recovery identity and
// gives the person of that name ("": the first) a new password.
func Recover(dir, identity, person, password string, o Options) (*Store, error) {
	s, err := openWith(dir, identityKey{identity}, o)
	if err != nil {
		return nil, err
	}
	err = s.changeKeys(func(ring *keyring, put func(string, []byte) error) error {
		for _, slot := range ring.names() {
			name, err := s.nameIn(ring, slot)
			if err != nil {
				return err
			}
			if person == "" || name == person {
				s.slot, s.person = slot, name
				return s.putSlot(ring, put, slot, "", password)
			}
		}
		return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "没有这个人", Hint: "请核对姓名。"}
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

var errSame = errors.New("nothing to change")

// changeKeys changes the bucket of keys and renews the copies, which would
// open with the old ones.
func (s *Store) changeKeys(change func(*keyring, func(string, []byte) error) error) error {
	err := s.Update(func(tx *Tx) error {
		ring, err := tx.ring()
		if err != nil {
			return err
		}
		in, err := tx.in(keysBucket)
		if err != nil {
			return err
		}
		return change(ring, func(name string, value []byte) error {
			tx.changes++
			if value == nil {
				return in.Delete([]byte(name))
			}
			return in.Put([]byte(name), value)
		})
	})
	if errors.Is(err, errSame) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.Copy(); err != nil {
		return fmt.Errorf("boltstore: copy with the new password: %w", err)
	}
	for _, name := range copyNames()[1:] {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("boltstore: remove a copy with the old password: %w", err)
		}
	}
	return nil
}

// putSlot writes a slot. Without a person it keeps the name that is there.
func (s *Store) putSlot(ring *keyring, put func(string, []byte) error, slot, person, password string) error {
	if person == "" && ring.slots[slot] != nil {
		var err error
		if person, err = s.nameIn(ring, slot); err != nil {
			return err
		}
	}
	value, err := s.seal.newSlot([]byte(slot), person, password, s.o.kdf(), ring)
	if err != nil {
		return err
	}
	return put(slot, value)
}

func (s *Store) nameIn(ring *keyring, slot string) (string, error) {
	plain, err := s.seal.open(keysBucket, []byte(slot), ring.slots[slot].Person)
	if err != nil {
		return "", damaged(fmt.Errorf("name in %s: %w", slot, err))
	}
	return string(plain), nil
}

func (tx *Tx) ring() (*keyring, error) {
	in, err := tx.in(keysBucket)
	if err != nil {
		return nil, err
	}
	ring := new(keyring)
	err = in.ForEach(func(k, v []byte) error { return ring.add(bytes.Clone(k), bytes.Clone(v)) })
	return ring, err
}
