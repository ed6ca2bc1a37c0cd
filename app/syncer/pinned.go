package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// handshake secures a connection: TLS 1.3 with exactly the certificate whose
// SHA-256 is pin. Names, dates and authorities do not matter: the invitation
// vouches for it, and village laptops have wrong clocks and no authorities.
func handshake(ctx context.Context, c net.Conn, pin []byte, t *tickets) (net.Conn, error) {
	if len(pin) != sha256.Size {
		return nil, errors.Join(wrongCertificate(errors.New("no fingerprint")), c.Close())
	}
	secure := tls.Client(c, &tls.Config{
		MinVersion: tls.VersionTLS13,
		// The hybrid with ML-KEM would add 2.3 kB to every handshake: half a
		// second on a village's slow link, more than most syncs.
		CurvePreferences:   []tls.CurveID{tls.X25519},
		InsecureSkipVerify: true, // VerifyConnection does it, also when a session is resumed
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return wrongCertificate(errors.New("no certificate"))
			}
			if got := sha256.Sum256(s.PeerCertificates[0].Raw); !bytes.Equal(got[:], pin) {
				return wrongCertificate(fmt.Errorf("certificate %x", got))
			}
			return nil
		},
		ClientSessionCache: t,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return secure, nil
}

// tickets keeps the newest session ticket, also while the laptop is off: a
// resumed handshake saves the certificate's bytes. A ticket is good for one
// hub; whoever finds it useless falls back to a whole handshake.
type tickets struct {
	mu      sync.Mutex
	session *tls.ClientSessionState
	changed bool
}

const ticketSetting = "sync/ticket"

type ticket struct {
	_msgpack struct{} `msgpack:",as_array"`

	Ticket, State []byte
}

// Get implements tls.ClientSessionCache.
func (t *tickets) Get(string) (*tls.ClientSessionState, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session, t.session != nil
}

// Put implements tls.ClientSessionCache.
func (t *tickets) Put(_ string, s *tls.ClientSessionState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, t.changed = s, true
}

func (t *tickets) save(tx Tx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.changed {
		return nil
	}
	t.changed = false
	if t.session == nil {
		return tx.PutSetting(ticketSetting, nil)
	}
	id, state, err := t.session.ResumptionState()
	if err != nil || state == nil {
		return nil // only costs the next handshake some bytes
	}
	b, err := state.Bytes()
	if err != nil {
		return nil
	}
	v, err := msgpack.Marshal(&ticket{Ticket: id, State: b})
	if err != nil {
		return fmt.Errorf("syncer: encode the session ticket: %w", err)
	}
	return tx.PutSetting(ticketSetting, v)
}

// load takes the ticket of an earlier run; one that cannot be read is none.
func (t *tickets) load(tx Tx) error {
	v, err := tx.Setting(ticketSetting)
	if err != nil || v == nil {
		return err
	}
	var kept ticket
	if msgpack.Unmarshal(v, &kept) != nil {
		return nil
	}
	state, err := tls.ParseSessionState(kept.State)
	if err != nil {
		return nil
	}
	session, err := tls.NewResumptionState(kept.Ticket, state)
	if err != nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session = session
	return nil
}
