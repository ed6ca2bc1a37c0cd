package boltstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

const (
	dataKeySize = 32
	nonceSize   = 12
	tagSize     = 16
)

// sealer closes and opens values under the data key.
type sealer struct {
	aead  cipher.AEAD
	key   []byte // wrapped anew when passwords change
	names []byte // keys the hashes of names of settings
	rand  io.Reader
}

func newSealer(dataKey []byte, rand io.Reader) (*sealer, error) {
	if len(dataKey) != dataKeySize {
		return nil, fmt.Errorf("data key of %d bytes", len(dataKey))
	}
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, dataKey)
	mac.Write([]byte("gridbook names of settings"))
	return &sealer{aead: aead, key: dataKey, names: mac.Sum(nil), rand: rand}, nil
}

// seal closes plain for its place. Nonces are random: 2³² values may be
// written under one key before two nonces are likely to meet (NIST SP
// 800-38D, 8.3), and a busy laptop writes some thousand a day.
func (s *sealer) seal(b bucket, key, plain []byte) ([]byte, error) {
	return s.sealAt(b.String(), key, plain)
}

func (s *sealer) sealAt(where string, key, plain []byte) ([]byte, error) {
	out := make([]byte, nonceSize, nonceSize+len(plain)+tagSize)
	if _, err := io.ReadFull(s.rand, out); err != nil {
		return nil, fmt.Errorf("boltstore: draw a nonce: %w", err)
	}
	return s.aead.Seal(out, out, plain, place(where, key)), nil
}

var errUnsealed = errors.New("value does not open")

func (s *sealer) open(b bucket, key, sealed []byte) ([]byte, error) {
	return s.openAt(b.String(), key, sealed)
}

func (s *sealer) openAt(where string, key, sealed []byte) ([]byte, error) {
	if len(sealed) < nonceSize+tagSize {
		return nil, errUnsealed
	}
	plain, err := s.aead.Open(nil, sealed[:nonceSize], sealed[nonceSize:], place(where, key))
	if err != nil {
		return nil, errUnsealed
	}
	return plain, nil
}

func place(name string, key []byte) []byte {
	out := make([]byte, 0, len(name)+1+len(key))
	return append(append(append(out, name...), 0), key...)
}

// settingKey hides the name of a setting.
func (s *sealer) settingKey(name string) []byte {
	mac := hmac.New(sha256.New, s.names)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:16]
}
