package boltstore

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Vault closes and opens bytes under the store's data key for other files of
// the data folder, such as the photos. It lasts as long as the store is open.
type Vault struct{ seal *sealer }

// Vault returns the store's.
func (s *Store) Vault() Vault { return Vault{s.seal} }

// otherFile keeps what lies in other files apart from the store's own
// buckets, whose names have no slash.
const otherFile = "other/"

// Seal closes plain for its place: it opens only there. Place and key are not
// hidden.
func (v Vault) Seal(place string, key, plain []byte) ([]byte, error) {
	return v.seal.sealAt(otherFile+place, key, plain)
}

// Open opens what Seal closed for that place; false if it is damaged.
func (v Vault) Open(place string, key, sealed []byte) ([]byte, bool) {
	plain, err := v.seal.openAt(otherFile+place, key, sealed)
	return plain, err == nil
}

// Name hides a name that is to be a key: the same one always gives the same
// 16 bytes, which tell nothing of it.
func (v Vault) Name(place string, name []byte) []byte {
	mac := hmac.New(sha256.New, v.seal.names)
	mac.Write([]byte(otherFile + place))
	mac.Write([]byte{0})
	mac.Write(name)
	return mac.Sum(nil)[:16]
}

// Guard runs f on a bbolt file and turns what bbolt does when it meets a
// damaged page into CodeDamaged.
func Guard(f func() error) error { return guard(f) }

// Saving gives a failed write in a data folder its code: CodeDiskFull,
// CodeDamaged, or CodeInternal.
func Saving(dir string, err error) error { return saving(dir, err) }
