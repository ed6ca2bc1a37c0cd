package office

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"gridbook/syncproto"
)

// Keys are a township's own. They are in the store, so that a restored backup
// is the same server to its laptops; a backup must be kept as secret as they.
type Keys struct {
	Certificate    []byte // DER
	CertificateKey []byte // PKCS #8
	Bundle         string // age identity that bundles are encrypted to
	Sign           []byte // seed of the Ed25519 key that signs bundles
	// Recovery is the age recipient for which laptops wrap their data keys.
	// Its identity is not here: the township keeps it away from the server.
	Recovery string
}

// The settings that an office keeps.
const (
	settingCertificate    = "tls.certificate"
	settingCertificateKey = "tls.key"
	settingBundle         = "bundle.identity"
	settingSign           = "sign.seed"
	settingRecovery       = "recovery.recipient"
	settingAddress        = "address"
	settingRestored       = "restored"
)

// NewKeys makes all keys but the certificate's, and the recovery identity,
// which is to be handed to the township and forgotten.
func NewKeys(random io.Reader) (keys Keys, recovery string, err error) {
	bundle, err := age.GenerateX25519Identity()
	if err != nil {
		return Keys{}, "", fmt.Errorf("bundle key: %w", err)
	}
	rescue, err := age.GenerateX25519Identity()
	if err != nil {
		return Keys{}, "", fmt.Errorf("recovery key: %w", err)
	}
	keys.Bundle, keys.Recovery = bundle.String(), rescue.Recipient().String()
	keys.Sign = make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, keys.Sign); err != nil {
		return Keys{}, "", fmt.Errorf("signing key: %w", err)
	}
	return keys, rescue.String(), nil
}

func (k Keys) settings() map[string][]byte {
	return map[string][]byte{
		settingCertificate:    k.Certificate,
		settingCertificateKey: k.CertificateKey,
		settingBundle:         []byte(k.Bundle),
		settingSign:           k.Sign,
		settingRecovery:       []byte(k.Recovery),
	}
}

func readKeys(tx Tx) (k Keys, err error) {
	var errs []error
	read := func(name string) []byte {
		v, err := tx.Setting(name)
		if err == nil && v == nil {
			err = &syncproto.Error{
				Code:    syncproto.CodeDamaged,
				Message: "服务器的数据不完整，缺少密钥。",
				Hint:    "请用最近一次的备份执行 gridbookd restore。",
				Err:     fmt.Errorf("no setting %q", name),
			}
		}
		errs = append(errs, err)
		return v
	}
	k.Certificate, k.CertificateKey = read(settingCertificate), read(settingCertificateKey)
	k.Bundle, k.Sign, k.Recovery = string(read(settingBundle)), read(settingSign), string(read(settingRecovery))
	return k, errors.Join(errs...)
}

// Fingerprint is the SHA-256 of the certificate, as invitations carry it.
func (k Keys) Fingerprint() []byte {
	h := sha256.Sum256(k.Certificate)
	return h[:]
}

// public adds to a reply what a new laptop must know of the keys.
func (k Keys) public(rep *syncproto.JoinReply) error {
	bundle, err := age.ParseX25519Identity(k.Bundle)
	if err != nil || len(k.Sign) != ed25519.SeedSize {
		return fmt.Errorf("the township's keys: %w", err)
	}
	rep.RecoveryKey, rep.BundleKey = k.Recovery, bundle.Recipient().String()
	rep.SignKey = ed25519.NewKeyFromSeed(k.Sign).Public().(ed25519.PublicKey)
	return nil
}

// Keys returns the township's keys.
func (o *Office) Keys() (k Keys, err error) {
	err = o.store.View(func(tx Tx) error {
		k, err = readKeys(tx)
		return err
	})
	return k, err
}
