package syncer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
	"gridbook/syncproto/phototest"
	"gridbook/syncproto/syncsim"
)

const (
	township = "330702009"
	village  = "330702009201"
)

// office is a hub in memory behind HTTP.
type office struct {
	t   testing.TB
	hub *syncproto.Hub
	now func() int64

	mu       sync.Mutex
	store    *syncsim.HubStore
	joined   map[string][]byte // replies to joins by secret and nonce
	photos   *phototest.Memory
	paths    []string // of the requests, in their order
	requests int
	resumed  int // connections with a session ticket
	// before, if set, may answer instead; it is called without the lock.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wallClock() int64 { return time.Now().UnixMilli() }

func newOffice(t testing.TB) *office {
	return &office{
		t: t, now: wallClock,
		hub:    &syncproto.Hub{Policy: ledger.Policy{}, Rand: rand.Reader, Codec: syncproto.NewCodec()},
		photos: phototest.NewMemory(),
		store:  syncsim.NewHubStore(syncproto.HubState{Township: township, Name: "新狮街道", Epoch: 7}),
		joined: make(map[string][]byte),
	}
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o.before != nil && o.before(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests++
	o.paths = append(o.paths, r.URL.Path)
	if r.TLS != nil && r.TLS.DidResume {
		o.resumed++
	}
	var out []byte
	switch r.URL.Path {
	case syncproto.PathJoin:
		out = o.join(body)
	case syncproto.PathPhotos:
		out = o.album(body)
	default:
		out = o.serve(body)
	}
	w.Header()["Date"] = nil
	w.Header().Set("Content-Type", syncproto.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // the laptop may be gone
}

func (o *office) serve(body []byte) []byte {
	q, err := syncproto.DecodeRequest(body)
	if err != nil {
		o.t.Errorf("request: %v", err)
		return nil
	}
	var served *syncproto.Served
	err = o.store.Update(func(tx syncproto.HubTx) (err error) {
		served, err = o.hub.Serve(tx, q, o.now())
		return err
	})
	if err != nil {
		o.t.Errorf("serve: %v", err)
		return nil
	}
	return syncproto.AppendReply(nil, served.Reply)
}

func (o *office) album(body []byte) []byte {
	hub := &syncproto.PhotoHub{Hub: o.hub, Tags: ledger.PhotoTags(), Quota: 1 << 30}
	q, err := syncproto.DecodePhotoRequest(body)
	if err != nil {
		o.t.Errorf("photo request: %v", err)
		return nil
	}
	var s *syncproto.PhotoServing
	err = o.store.Update(func(tx syncproto.HubTx) (err error) {
		if s, err = hub.Admit(tx, q, o.now()); err != nil {
			return err
		}
		if err := s.Move(o.photos); err != nil {
			return err
		}
		for _, id := range s.Unsettled() {
			if _, err := hub.Settle(tx, id, o.photos, o.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Errorf("photos: %v", err)
		return nil
	}
	return syncproto.AppendPhotoReply(nil, s.Reply)
}

func (o *office) join(body []byte) []byte {
	q, err := syncproto.DecodeJoinRequest(body)
	if err != nil {
		o.t.Errorf("join request: %v", err)
		return nil
	}
	key := string(q.Secret) + string(q.Nonce)
	if o.joined[key] == nil {
		var rep *syncproto.JoinReply
		err = o.store.Update(func(tx syncproto.HubTx) (err error) {
			rep, err = o.hub.Enrol(tx, string(ledger.RoleVillage), village, "王书记", q.Device, o.now())
			return err
		})
		if err != nil {
			o.t.Errorf("enrol: %v", err)
			return nil
		}
		o.joined[key] = syncproto.AppendJoinReply(nil, rep)
	}
	return o.joined[key]
}

// holds counts the records of a collection that the hub has in the village.
func (o *office) holds(c syncproto.Collection) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	check(o.t, o.store.View(func(tx syncproto.HubTx) error {
		for _, err := range tx.Scan(syncproto.VillageScope(village), c, syncproto.ID{}, false) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}

// listen serves h on loopback, in TLS unless plain, and returns the address and
// the certificate's fingerprint.
func listen(t testing.TB, h http.Handler, plain bool) (address string, pin []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	srv := &http.Server{Handler: h}
	address = "http://" + l.Addr().String()
	if !plain {
		var cert tls.Certificate
		cert, pin = certificate(t)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
		address = "https://" + l.Addr().String()
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = srv.Serve(l) // until Close
	}()
	t.Cleanup(func() {
		srv.Close()
		<-stopped
	})
	return address, pin
}

func certificate(t testing.TB) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	// Not valid yet: only the pin counts. An expired one would not be resumed.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().AddDate(1, 0, 0), NotAfter: time.Now().AddDate(9, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	pin := sha256.Sum256(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pin[:]
}

func invitationTo(address string, pin []byte) string {
	secret := make([]byte, syncproto.SecretSize)
	_, _ = rand.Read(secret) // never fails
	return syncproto.Invitation{Address: address, Certificate: pin, Secret: secret, Township: township}.String()
}

// laptop is a store in memory that syncs.
type laptop struct {
	t        testing.TB
	mu       sync.Mutex
	replica  *syncsim.ReplicaStore
	settings map[string][]byte
	saved    uint64
}

func newLaptop(t testing.TB) *laptop {
	return &laptop{t: t, replica: syncsim.NewReplicaStore(), settings: make(map[string][]byte)}
}

type laptopTx struct {
	syncproto.ReplicaTx
	settings map[string][]byte
	revision uint64
}

func (tx laptopTx) Revision() uint64 { return tx.revision }

func (tx laptopTx) Setting(name string) ([]byte, error) { return tx.settings[name], nil }

func (tx laptopTx) PutSetting(name string, v []byte) error {
	if v == nil {
		delete(tx.settings, name)
	} else {
		tx.settings[name] = v
	}
	return nil
}

// Update implements Store.
func (l *laptop) Update(f func(Tx) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	draft := make(map[string][]byte, len(l.settings))
	for k, v := range l.settings {
		draft[k] = v
	}
	err := l.replica.Update(func(tx syncproto.ReplicaTx) error { return f(laptopTx{tx, draft, l.saved + 1}) })
	if err == nil {
		l.settings = draft
		l.saved++
	}
	return err
}

func collection(t testing.TB, key string) *ledger.Collection {
	t.Helper()
	c, ok := ledger.ByKey(key)
	if !ok {
		t.Fatalf("no collection %s", key)
	}
	return c
}

// write makes n households.
func (l *laptop) write(n int) {
	l.t.Helper()
	c := collection(l.t, "household")
	check(l.t, l.Update(func(tx Tx) error {
		w, err := syncproto.NewWriter(tx, wallClock())
		if err != nil {
			return err
		}
		for i := range n {
			sets := []syncproto.FieldValue{{Tag: 1, Value: syncproto.TextOf(village)}}
			for key, text := range map[string]string{"head_name": "章丽华", "address": "东青路" + strconv.Itoa(i) + "号"} {
				sets = append(sets, syncproto.FieldValue{Tag: c.Tag(key), Value: syncproto.TextOf(text)})
			}
			if _, err := w.Create(c.Number, sets); err != nil {
				return err
			}
		}
		return w.Close()
	}))
}

// unsent counts what is to be sent and what was refused.
func (l *laptop) unsent() (toSend, rejected int) {
	l.t.Helper()
	check(l.t, l.Update(func(tx Tx) error {
		for d, err := range tx.Deltas() {
			switch {
			case err != nil:
				return err
			case d.Rejected != nil:
				rejected++
			default:
				toSend++
			}
		}
		return nil
	}))
	return toSend, rejected
}

func (l *laptop) join(address string, pin []byte) {
	l.t.Helper()
	_, err := Join(context.Background(), l, invitationTo(address, pin), "测试电脑", JoinOptions{Now: wallClock, Rand: rand.Reader})
	check(l.t, err)
}

func (l *laptop) open(h HTTPOptions) *Syncer {
	l.t.Helper()
	s, err := Open(l, h, Options{Now: wallClock, Rand: rand.Reader})
	check(l.t, err)
	l.t.Cleanup(func() { check(l.t, s.Close()) })
	return s
}
