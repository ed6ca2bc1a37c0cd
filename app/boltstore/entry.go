package boltstore

import (
	"bytes"
	"fmt"
)

// look is the newest search in a bucket: joining a record asks for the same
// key over and over.
type look struct {
	key     []byte
	sealed  []byte    // as it stands in the file, nil: nothing
	plain   []byte    // nil: not opened yet
	row     *deltaRow // nil: not read yet, or no delta
	changed int       // of the bucket: a write moves what is in it
}

// find returns what stands under a key, until the next write.
func (tx *Tx) find(b bucket, key []byte) (*look, error) {
	l := &tx.looked[b]
	if l.changed == tx.changed[b] && l.key != nil && bytes.Equal(l.key, key) {
		return l, nil
	}
	c := tx.seekers[b]
	if c == nil {
		in, err := tx.in(b)
		if err != nil {
			return nil, err
		}
		c = in.Cursor()
		tx.seekers[b] = c
	}
	*l = look{key: append(l.key[:0], key...), changed: tx.changed[b]}
	if at, sealed := c.Seek(key); bytes.Equal(at, key) {
		l.sealed = sealed
	}
	return l, nil
}

// get opens a value; nil if there is none. Nobody may change it.
func (tx *Tx) get(b bucket, key []byte) ([]byte, error) {
	l, err := tx.find(b, key)
	if err != nil || l.sealed == nil {
		return nil, err
	}
	if l.plain == nil {
		if l.plain, err = tx.open(b, key, l.sealed); err != nil {
			return nil, err
		}
	}
	return l.plain, nil
}

func (tx *Tx) open(b bucket, key, sealed []byte) ([]byte, error) {
	plain, err := tx.seal.open(b, key, sealed)
	if err != nil {
		return nil, damaged(fmt.Errorf("%v %x: %w", b, key, err))
	}
	return plain, nil
}

// put seals a value.
func (tx *Tx) put(b bucket, key, plain []byte) error {
	value, err := tx.seal.seal(b, key, plain)
	if err != nil {
		return err
	}
	return tx.write(b, key, value)
}

// write puts a value as it is to stand in the file. It keeps the slice.
func (tx *Tx) write(b bucket, key, value []byte) error {
	if !tx.bolt.Writable() {
		return badCall("write in a View")
	}
	was, err := tx.find(b, key)
	if err != nil {
		return err
	}
	old := was.sealed
	err = tx.note(b, func(d *digest) {
		if old != nil {
			d.remove(b, key, old)
		}
		d.add(b, key, value)
	})
	if err != nil {
		return err
	}
	if err := tx.opened[b].Put(key, value); err != nil {
		return fmt.Errorf("boltstore: put: %w", err)
	}
	return nil
}

// remove drops an entry, if it is there.
func (tx *Tx) remove(b bucket, key []byte) error {
	if !tx.bolt.Writable() {
		return badCall("write in a View")
	}
	was, err := tx.find(b, key)
	if err != nil || was.sealed == nil {
		return err
	}
	old := was.sealed
	if err := tx.note(b, func(d *digest) { d.remove(b, key, old) }); err != nil {
		return err
	}
	if err := tx.opened[b].Delete(key); err != nil {
		return fmt.Errorf("boltstore: delete: %w", err)
	}
	return nil
}
