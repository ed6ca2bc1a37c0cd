package httpapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// certificateYears is how long a certificate is good. Laptops know it by the
// fingerprint in their invitation, so nothing is won by changing it, and a
// change would lock them all out.
const certificateYears = 30

// NewCertificate makes a self-signed certificate (ECDSA P-256, as small as
// they come) and its key, as DER and PKCS #8.
func NewCertificate(random io.Reader, now time.Time) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "gridbook"},
		// A laptop whose clock is a little behind may join at once; one that
		// is far off is told so by the protocol, not by TLS.
		NotBefore: now.AddDate(-1, 0, 0),
		NotAfter:  now.AddDate(certificateYears, 0, 0),
	}
	certificate, err = x509.CreateCertificate(random, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	key, err = x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a certificate's key: %w", err)
	}
	return certificate, key, nil
}

// TLS wraps a listener in TLS 1.3 with a certificate of NewCertificate.
// Session tickets are on: a laptop that comes back needs no certificate.
func TLS(l net.Listener, certificate, key []byte) (net.Listener, error) {
	private, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate's key: %w", err)
	}
	return tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: private}},
		MinVersion:   tls.VersionTLS13,
		// The hybrid post-quantum exchange would add 2.3 kB to a handshake
		// that is otherwise 1 kB: a third of a second on the slowest links.
		CurvePreferences: []tls.CurveID{tls.X25519},
	}), nil
}
