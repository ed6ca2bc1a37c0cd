package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"gridbook/syncproto"
)

// Transport carries exchanges to the hub. Its errors have codes; those of an
// exchange that may have reached the hub are told apart inside the package.
type Transport interface {
	Exchange(ctx context.Context, path string, body []byte) (Answer, error)
	// Traffic is all that has passed so far.
	Traffic() Traffic
	// Save keeps what makes the next connection cheaper.
	Save(Tx) error
	Close() error
}

// Answer is what came back, and how long its parts took: Head until it began,
// Tail from there to its end; Connect, of Head, for a new connection to be
// made, 0 if there was one.
type Answer struct {
	Body                []byte
	Head, Tail, Connect time.Duration
}

// Traffic counts bytes. Up and Down are all bytes of the connections, with
// HTTP headers and TLS; PayloadUp and PayloadDown leave out what TLS adds.
type Traffic struct {
	Up, Down               int64
	PayloadUp, PayloadDown int64
	Connections            int64
}

// Minus returns the traffic since o.
func (t Traffic) Minus(o Traffic) Traffic {
	return Traffic{t.Up - o.Up, t.Down - o.Down, t.PayloadUp - o.PayloadUp, t.PayloadDown - o.PayloadDown, t.Connections - o.Connections}
}

// HTTPOptions are what HTTP needs from outside.
type HTTPOptions struct {
	// Dial opens connections; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Idle is how long a connection may stand still in the middle of an
	// exchange, 0: 75 s. There is no limit on the whole: at 64 kbit/s a
	// first copy takes minutes.
	Idle time.Duration
}

const defaultIdle = 75 * time.Second

// HTTP is the Transport over HTTP/1.1, in TLS 1.3 unless the hub is on the
// same machine. It sends as few headers as HTTP allows and keeps its
// connection between exchanges.
type HTTP struct {
	base    string
	client  *http.Transport
	tickets tickets
	counts  counts
}

type counts struct{ up, down, payloadUp, payloadDown, connections, connecting atomic.Int64 }

// NewHTTP returns the way to a hub.
func NewHTTP(hub Hub, o HTTPOptions) (*HTTP, error) {
	u, err := url.Parse(hub.Address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, badAddress(err)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, badAddress(errors.New("plain HTTP beyond this machine"))
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	t := &HTTP{base: hub.Address}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		began := time.Now()
		c, err := o.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		t.counts.connections.Add(1)
		t.counts.connecting.Add(int64(time.Since(began)))
		return &wire{c, o.Idle, &t.counts.up, &t.counts.down, make(chan struct{}, 1)}, nil
	}
	t.client = &http.Transport{
		DisableCompression:  true, // no Accept-Encoding: bodies are packed already
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     4 * time.Minute, // the hub keeps them five
		ForceAttemptHTTP2:   false,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return t.payload(c), nil
		},
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			secure, err := handshake(ctx, c, hub.Certificate, &t.tickets)
			if err != nil {
				return nil, err
			}
			return t.payload(secure), nil
		},
	}
	return t, nil
}

func (t *HTTP) payload(c net.Conn) net.Conn {
	return &wire{c, 0, &t.counts.payloadUp, &t.counts.payloadDown, make(chan struct{}, 1)}
}

func badAddress(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeInvitation, Message: "服务器的地址不能用",
		Hint: "请向乡镇要一个新的邀请码。", Err: cause}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Exchange implements Transport.
func (t *HTTP) Exchange(ctx context.Context, path string, body []byte) (_ Answer, err error) {
	ctx, w := follow(ctx)
	defer func() { w.end(ctx, err != nil) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, badAddress(err)
	}
	req.Header = http.Header{"User-Agent": {""}} // none: neither is sent
	before, connecting, began := t.counts.payloadUp.Load(), t.counts.connecting.Load(), time.Now()
	resp, err := t.client.RoundTrip(req) // follows no redirects, as portals send
	if err != nil {
		return Answer{}, failure(err, t.counts.payloadUp.Load() > before)
	}
	defer resp.Body.Close()
	head := time.Now()
	if err := ours(resp); err != nil {
		return Answer{}, err
	}
	out, err := readBody(resp, longest(path))
	if err != nil {
		return Answer{}, failure(err, true)
	}
	return Answer{Body: out, Head: head.Sub(began), Tail: time.Since(head),
		Connect: time.Duration(t.counts.connecting.Load() - connecting)}, nil
}

// ours tells a hub's answer from a portal's or a proxy's. A proxy that cannot
// reach the hub is as good as no way.
func ours(resp *http.Response) error {
	if resp.Header.Get("Content-Type") == syncproto.ContentType {
		return nil
	}
	cause := fmt.Errorf("status %d, %q", resp.StatusCode, resp.Header.Get("Content-Type"))
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		var known *syncproto.Error
		errors.As(unreachable(cause), &known)
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err == nil && seconds > 0 && seconds < 24*3600 {
			return &Later{known, time.Duration(seconds) * time.Second}
		}
		return known
	}
	return notOurs(cause)
}

// longest bounds the answers of a path, in bytes.
func longest(path string) int64 {
	if path == syncproto.PathBundles {
		return syncproto.MaxBundleMessage
	}
	return syncproto.MaxMessage
}

// readBody reads within the limit; the body grows as it arrives.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, tooLarge()
	}
	out, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(out)) > limit {
		err = tooLarge()
	}
	return out, err
}

// Traffic implements Transport.
func (t *HTTP) Traffic() Traffic {
	return Traffic{t.counts.up.Load(), t.counts.down.Load(), t.counts.payloadUp.Load(), t.counts.payloadDown.Load(), t.counts.connections.Load()}
}

// Save implements Transport.
func (t *HTTP) Save(tx Tx) error { return t.tickets.save(tx) }

// Load takes what Save kept.
func (t *HTTP) Load(tx Tx) error { return t.tickets.load(tx) }

// Close implements Transport.
func (t *HTTP) Close() error {
	t.client.CloseIdleConnections()
	return nil
}
