package syncproto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
)

// Content returns the fields that an item of the inbox holds.
func (h *Hub) Content(i Item) (*Record, error) {
	b := i.Content
	if i.Closed {
		var err error
		if b, err = h.open(b, i.Of.ID); err != nil {
			return nil, err
		}
	}
	return DecodeRecord(b)
}

// open decrypts what close has encrypted.
func (h *Hub) open(b []byte, id ID) ([]byte, error) {
	aead, err := h.closer()
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(b) < n {
		return nil, malformed("a closed content of %d bytes", len(b))
	}
	plain, err := aead.Open(nil, b[:n], b[n:], id.Bytes())
	if err != nil {
		return nil, malformed("a closed content: %w", err)
	}
	return plain, nil
}

// close encrypts what laptops are to keep and give back after a restore, but
// not to read.
func (x *exchange) close(plain []byte, id ID) ([]byte, error) {
	aead, err := x.closer()
	if err != nil {
		return nil, err
	}
	nonce, err := x.random(aead.NonceSize())
	if err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, plain, id.Bytes()), nil
}

func (h *Hub) closer() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, h.Key)
	mac.Write([]byte("gridbook content"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
