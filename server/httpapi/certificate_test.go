package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"gridbook/syncproto"
)

func TestTLS(t *testing.T) {
	cert, key, err := NewCertificate(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(cert) > 420 {
		t.Errorf("the certificate has %d bytes", len(cert))
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := TLS(plain, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- New(&fakeOffice{exchange: echo}, DefaultLimits(), quiet()).Serve(ctx, l) }()
	want := sha256.Sum256(cert)
	client := &tls.Config{
		InsecureSkipVerify: true, // the fingerprint is what counts
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
		ServerName:         "gridbook",
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if got := sha256.Sum256(raw[0]); !bytes.Equal(got[:], want[:]) {
				return errors.New("another certificate")
			}
			return nil
		},
	}
	for i := range 2 {
		conn, err := tls.Dial("tcp", plain.Addr().String(), client)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, body := post(t, conn, syncproto.PathExchange, request(1)); code(t, body) != "" {
			t.Error(code(t, body))
		}
		if s := conn.ConnectionState(); s.Version != tls.VersionTLS13 || s.DidResume != (i > 0) {
			t.Errorf("connection %d: version %x, resumed %v", i, s.Version, s.DidResume)
		}
		conn.Close()
	}
	old := client.Clone()
	old.MaxVersion = tls.VersionTLS12
	if conn, err := tls.Dial("tcp", plain.Addr().String(), old); err == nil {
		conn.Close()
		t.Error("spoke TLS 1.2")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
