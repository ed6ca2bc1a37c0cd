package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"gridbook/syncproto"
)

// pen writes the township's history to the server through the protocol, as
// the laptops that wrote it would have.
type pen struct {
	address string
	client  *http.Client
	codec   *syncproto.Codec
	joined  *syncproto.JoinReply
	lease   []byte
}

// penSize is how many records one upload carries.
const penSize = 10_000

func newPen(invitation string) (*pen, error) {
	v, err := syncproto.ParseInvitation(invitation)
	if err != nil {
		return nil, err
	}
	p := &pen{address: v.Address, client: &http.Client{Transport: pinned(v.Certificate)}, codec: syncproto.NewCodec()}
	q := &syncproto.JoinRequest{Version: syncproto.Version, Secret: v.Secret, Device: "基准", Now: time.Now().UnixMilli(), Nonce: nonce()}
	body, err := p.post(syncproto.PathJoin, syncproto.AppendJoinRequest(nil, q))
	if err != nil {
		return nil, err
	}
	if p.joined, err = syncproto.DecodeJoinReply(body); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	if p.joined.Error != nil {
		return nil, p.joined.Error
	}
	p.lease = p.joined.Lease
	return p, nil
}

// pinned trusts one certificate, by its fingerprint.
func pinned(fingerprint []byte) *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			if sum := sha256.Sum256(s.PeerCertificates[0].Raw); !bytes.Equal(sum[:], fingerprint) {
				return errors.New("not the invitation's certificate")
			}
			return nil
		},
	}}
}

func nonce() []byte {
	b := make([]byte, syncproto.NonceSize)
	_, _ = rand.Read(b) // never fails
	return b
}

func (p *pen) replica() syncproto.ReplicaID { return p.joined.Replica }

// write uploads records, all or an error.
func (p *pen) write(records []*syncproto.Record) error {
	for len(records) > 0 {
		n := min(len(records), penSize)
		if err := p.upload(records[:n]); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func (p *pen) upload(records []*syncproto.Record) error {
	q := &syncproto.Request{Version: syncproto.Version, Token: p.joined.Token, Now: time.Now().UnixMilli(), Lease: p.lease,
		Nonce: nonce(), Batch: p.codec.Encode(&syncproto.Batch{Records: records}, syncproto.Fast, syncproto.Version)}
	body, err := p.post(syncproto.PathExchange, syncproto.AppendRequest(nil, q))
	if err != nil {
		return err
	}
	reply, err := syncproto.DecodeReply(body)
	switch {
	case err != nil:
		return fmt.Errorf("upload: %w", err)
	case reply.Error != nil:
		return reply.Error
	case len(reply.Rejections) > 0:
		r := reply.Rejections[0]
		return fmt.Errorf("upload: %d of %d records refused, the first %v: %s %s", len(reply.Rejections), len(records), r.Key, r.Code, r.Message)
	}
	p.lease = reply.Lease
	return nil
}

func (p *pen) post(path string, body []byte) ([]byte, error) {
	r, err := p.client.Post(p.address+path, syncproto.ContentType, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("post %s: %w", path, err)
	}
	defer r.Body.Close()
	out, err := io.ReadAll(io.LimitReader(r.Body, syncproto.MaxMessage))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusServiceUnavailable { // busy is a message too
		return nil, fmt.Errorf("post %s: %s", path, r.Status)
	}
	return out, nil
}
