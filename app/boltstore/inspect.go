package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"gridbook/app/boltstore/internal/boltfile"
)

// inspected is what reading a closed file found.
type inspected struct {
	seal    *sealer
	slot    string
	person  string
	state   *state
	badMeta bool
	format  uint32
	usage   boltfile.Usage
}

// inspect reads a file without bbolt: its format, its keys, the structure of
// every page, and the digest. With deep it opens every value too. Damage is
// CodeDamaged.
func inspect(path string, key unlocker, deep bool) (*inspected, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = damaged(err) // the caller knows that there ought to be one
		}
		return nil, err
	}
	defer f.Close()
	in, file, err := unlockFile(f, key)
	if err != nil {
		return nil, err
	}
	if in.usage, err = in.check(file, deep); err != nil {
		return nil, err
	}
	return in, nil
}

// check reads all pages and compares the digest; with deep it opens every
// value.
func (in *inspected) check(file *boltfile.File, deep bool) (boltfile.Usage, error) {
	var have digest
	usage, err := file.Check(func(name string, k, v []byte) error {
		b, ok := bucketNamed(name)
		if !ok {
			return fmt.Errorf("bucket %q", name)
		}
		if b.digested() {
			have.add(b, k, v)
		}
		if !deep || !b.sealed() && !bytes.Equal(k, pendingKey) && !bytes.Equal(k, sticksKey) {
			return nil
		}
		if _, err := in.seal.open(b, k, v); err != nil {
			return fmt.Errorf("%v %x: %w", b, k, err)
		}
		return nil
	})
	if err == nil && have != in.state.Digest {
		err = fmt.Errorf("%d entries where %d were written, or other ones", have.Entries, in.state.Digest.Entries)
	}
	if err != nil {
		return usage, damaged(err)
	}
	return usage, nil
}

// unlockFile reads what is needed to open values: format, keys, and state.
func unlockFile(f *os.File, key unlocker) (*inspected, *boltfile.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("boltstore: look at the file: %w", err)
	}
	file, err := boltfile.Open(f, info.Size())
	if err != nil {
		return nil, nil, damaged(err)
	}
	in := &inspected{badMeta: file.BadMeta}
	var format, sealed []byte
	err = file.Bucket(metaBucket.String(), func(_ string, k, v []byte) error {
		switch {
		case bytes.Equal(k, formatKey):
			format = v
		case bytes.Equal(k, stateKey):
			sealed = v
		}
		return nil
	})
	if err != nil {
		return nil, nil, damaged(err)
	}
	if in.format, err = decodeFormat(format); err != nil {
		return nil, nil, err
	}
	if err := in.unlock(file, key); err != nil {
		return nil, nil, err
	}
	plain, err := in.seal.open(metaBucket, stateKey, sealed)
	if err == nil {
		in.state, err = decodeState(plain)
	}
	if err != nil {
		return in, file, damaged(fmt.Errorf("state: %w", err))
	}
	return in, file, nil
}

func (in *inspected) unlock(file *boltfile.File, key unlocker) error {
	ring, err := ringOf(file)
	if err != nil {
		return err
	}
	dataKey, name, err := key.unlock(ring)
	if err != nil {
		return err
	}
	if in.seal, err = newSealer(dataKey, nil); err != nil {
		return err
	}
	in.slot = name
	if s := ring.slots[name]; s != nil {
		person, err := in.seal.open(keysBucket, []byte(name), s.Person)
		if err != nil {
			return damaged(err)
		}
		in.person = string(person)
	}
	return nil
}

func ringOf(file *boltfile.File) (*keyring, error) {
	ring := new(keyring)
	err := file.Bucket(keysBucket.String(), func(_ string, k, v []byte) error { return ring.add(k, v) })
	if err != nil && !isDamage(err) {
		err = damaged(err)
	}
	return ring, err
}
