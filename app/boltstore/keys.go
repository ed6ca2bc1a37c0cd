package boltstore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/vmihailenco/msgpack/v5"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"gridbook/syncproto"
)

// KDF is what turning a password into a key costs (Argon2id, RFC 9106). The
// zero KDF stands for DefaultKDF.
type KDF struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultKDF takes about 0.3 s on an office laptop, and 64 MB of its memory
// for that time.
func DefaultKDF() KDF { return KDF{Time: 5, Memory: 64 << 10, Threads: 2} }

// Bounds of what a file may ask for: more is damage.
const (
	maxKDFTime    = 64
	maxKDFMemory  = 512 << 10
	maxKDFThreads = 32
	saltSize      = 16
	checksumSize  = 4
)

func (k KDF) valid() bool {
	return k.Time >= 1 && k.Time <= maxKDFTime && k.Memory >= 8 && k.Memory <= maxKDFMemory &&
		k.Threads >= 1 && k.Threads <= maxKDFThreads
}

func (k KDF) derive(password string, salt []byte) []byte {
	// Chinese input methods write full-width letters and digits at a touch;
	// nobody sees that in a password field.
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, k.Time, k.Memory, k.Threads, dataKeySize)
}

// Names in the bucket of keys: one slot for each person, in the order in which
// they were added, and the township's recovery key.
var recoveryKey = []byte("recovery")

const slotPrefix = "person"

func slotKey(n int) []byte { return fmt.Appendf(nil, "%s%03d", slotPrefix, n) }

// slot is the data key under one person's password.
type slot struct {
	KDF     KDF
	Salt    []byte
	Wrapped []byte // data key, sealed under the password's key
	Person  []byte // name, sealed under the data key
}

// guarded adds a checksum: damage here must not look like a wrong password.
func guarded(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b, sum[:checksumSize]...)
}

func unguarded(b []byte) ([]byte, error) {
	body := b[:max(0, len(b)-checksumSize)]
	if !bytes.Equal(guarded(bytes.Clone(body)), b) {
		return nil, damaged(errors.New("keys do not match their checksum"))
	}
	return body, nil
}

// keyring is the bucket of keys in memory.
type keyring struct {
	slots     map[string]*slot
	recipient string // age recipient of the recovery key; "": none
	recovery  []byte // data key, encrypted to it
}

type recoverySlot struct {
	Recipient string
	Wrapped   []byte
}

func (k *keyring) add(key, value []byte) error {
	body, err := unguarded(value)
	if err != nil {
		return err
	}
	if bytes.Equal(key, recoveryKey) {
		var r recoverySlot
		if err := msgpack.Unmarshal(body, &r); err != nil {
			return damaged(err)
		}
		k.recipient, k.recovery = r.Recipient, r.Wrapped
		return nil
	}
	s := new(slot)
	if err := msgpack.Unmarshal(body, s); err != nil || !s.KDF.valid() {
		return damaged(fmt.Errorf("slot of a password: %w", err))
	}
	if k.slots == nil {
		k.slots = make(map[string]*slot)
	}
	k.slots[string(key)] = s
	return nil
}

func (k *keyring) names() []string {
	out := make([]string, 0, len(k.slots))
	for name := range k.slots {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// key opens the data key; unlockers are a password's or a recovery key's.
type unlocker interface {
	unlock(*keyring) (dataKey []byte, slot string, err error)
}

// passwordKey derives each key once, however many files it is tried on.
type passwordKey struct {
	password string
	derived  map[string][]byte // by cost and salt
}

func byPassword(password string) *passwordKey {
	return &passwordKey{password: password, derived: make(map[string][]byte)}
}

func (p *passwordKey) key(k KDF, salt []byte) []byte {
	id := fmt.Sprint(k, salt)
	if p.derived[id] == nil {
		p.derived[id] = k.derive(p.password, salt)
	}
	return p.derived[id]
}

func (p *passwordKey) unlock(ring *keyring) ([]byte, string, error) {
	if len(ring.slots) == 0 {
		return nil, "", damaged(errors.New("no slot for a password"))
	}
	for _, name := range ring.names() {
		s := ring.slots[name]
		if key, err := unwrap(p.key(s.KDF, s.Salt), s.Wrapped); err == nil {
			return key, name, nil
		}
	}
	return nil, "", wrongPassword(nil)
}

// identityKey is the township's recovery key, an age X25519 identity.
type identityKey struct{ identity string }

func (i identityKey) unlock(ring *keyring) ([]byte, string, error) {
	if ring.recovery == nil {
		return nil, "", &syncproto.Error{Code: syncproto.CodePassword,
			Message: "这份数据没有登记乡镇的恢复密钥", Hint: "请用密码打开，或者用备份恢复。"}
	}
	id, err := age.ParseX25519Identity(strings.TrimSpace(i.identity))
	if err != nil {
		return nil, "", wrongIdentity(err)
	}
	r, err := age.Decrypt(bytes.NewReader(ring.recovery), id)
	if err != nil {
		return nil, "", wrongIdentity(err)
	}
	key, err := io.ReadAll(io.LimitReader(r, dataKeySize+1))
	if err != nil || len(key) != dataKeySize {
		return nil, "", wrongIdentity(fmt.Errorf("recovered key of %d bytes: %w", len(key), err))
	}
	return key, "", nil
}

func wrongIdentity(cause error) error {
	return &syncproto.Error{Code: syncproto.CodePassword, Message: "恢复密钥不对",
		Hint: "请向乡镇管理员要这个乡镇的恢复密钥。", Err: cause}
}

// wrap seals the data key under a password's key.
func wrap(key, dataKey []byte, rand io.Reader) ([]byte, error) {
	s, err := newSealer(key, rand)
	if err != nil {
		return nil, err
	}
	return s.seal(keysBucket, nil, dataKey)
}

func unwrap(key, wrapped []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	s := &sealer{aead: aead}
	return s.open(keysBucket, nil, wrapped)
}

// newSlot wraps the data key for a person. All slots of a store share their
// salt while their cost is the same, so that trying them all costs one
// derivation.
func (s *sealer) newSlot(name []byte, person, password string, cost KDF, ring *keyring) ([]byte, error) {
	if password == "" {
		return nil, &syncproto.Error{Code: syncproto.CodeInput, Message: "密码不能为空", Hint: "请设一个记得住的密码。"}
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(s.rand, salt); err != nil {
		return nil, fmt.Errorf("boltstore: draw a salt: %w", err)
	}
	for _, other := range ring.slots {
		if other.KDF == cost {
			salt = other.Salt
		}
	}
	wrapped, err := wrap(cost.derive(password, salt), s.key, s.rand)
	if err != nil {
		return nil, err
	}
	sealed, err := s.seal(keysBucket, name, []byte(person))
	if err != nil {
		return nil, err
	}
	b, err := msgpack.Marshal(&slot{KDF: cost, Salt: salt, Wrapped: wrapped, Person: sealed})
	if err != nil {
		return nil, fmt.Errorf("boltstore: encode a slot: %w", err)
	}
	return guarded(b), nil
}

func (s *sealer) newRecovery(recipient string) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, badCall("recovery recipient: %w", err)
	}
	var buf bytes.Buffer
	w, err := age.Encrypt(&buf, to)
	if err == nil {
		_, err = w.Write(s.key)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("boltstore: wrap for recovery: %w", err)
	}
	b, err := msgpack.Marshal(&recoverySlot{Recipient: recipient, Wrapped: buf.Bytes()})
	if err != nil {
		return nil, fmt.Errorf("boltstore: encode the recovery key: %w", err)
	}
	return guarded(b), nil
}
