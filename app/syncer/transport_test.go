package syncer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gridbook/syncproto"
)

// gated is a connection whose writes return late, as they do on a machine that
// is busy.
type gated struct {
	net.Conn
	writing *atomic.Int32
	begun   func() // may be nil
}

func (g *gated) Write(b []byte) (n int, err error) {
	g.writing.Add(1)
	defer g.writing.Add(-1)
	if g.begun != nil {
		g.begun()
	}
	n, err = g.Conn.Write(b)
	time.Sleep(time.Second)
	return n, err
}

// gate returns a way to a hub that takes one request, and how many writes are
// under way.
func gate(t *testing.T, begun func(), hub func(net.Conn, *http.Request)) (way *HTTP, writing *atomic.Int32) {
	t.Helper()
	writing = new(atomic.Int32)
	way, err := NewHTTP(Hub{Address: "http://127.0.0.1:1"}, HTTPOptions{Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			if q, err := http.ReadRequest(bufio.NewReader(there)); err == nil {
				hub(there, q)
			}
		}()
		return &gated{here, writing, begun}, nil
	}})
	check(t, err)
	return way, writing
}

func answering(c net.Conn, status, kind string) {
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: 6\r\n\r\nanswer", status, kind)
}

// Who answers before it has read a request leaves one that is still being
// written. Its bytes must not count for what is sent next.
func TestNothingIsWrittenAfterAnEarlyAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		status, kind string
		want         syncproto.Code
	}{
		"not the hub's": {"404 Not Found", "text/html", syncproto.CodeNotOurs},
		"the hub's":     {"200 OK", syncproto.ContentType, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way, writing := gate(t, nil, func(conn net.Conn, _ *http.Request) { answering(conn, c.status, c.kind) })
				if _, err := way.Exchange(t.Context(), syncproto.PathExchange, make([]byte, 1<<20)); syncproto.CodeOf(err) != c.want {
					t.Error(err)
				}
				if n := writing.Load(); n != 0 {
					t.Errorf("%d writes go on", n)
				}
				before := way.Traffic()
				time.Sleep(time.Minute)
				if now := way.Traffic(); now != before || now.PayloadUp == 0 || now.PayloadUp > 64<<10 {
					t.Errorf("counted %+v, later %+v", before, now)
				}
				check(t, way.Close())
			})
		})
	}
}

// The same if it is given up from this side.
func TestNothingIsWrittenAfterACancelledExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		way, writing := gate(t, cancel, func(_ net.Conn, q *http.Request) { _, _ = io.Copy(io.Discard, q.Body) })
		if _, err := way.Exchange(ctx, syncproto.PathExchange, make([]byte, 1<<20)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if n := writing.Load(); n != 0 {
			t.Errorf("%d writes go on", n)
		}
		before := way.Traffic()
		time.Sleep(time.Minute)
		if now := way.Traffic(); now != before {
			t.Errorf("counted %+v, later %+v", before, now)
		}
		check(t, way.Close())
	})
}

// An answer may be here before the writer of the request goes on: what was
// written counts all the same.
func TestAnExchangeCountsAllItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way, _ := gate(t, nil, func(c net.Conn, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			answering(c, "200 OK", syncproto.ContentType)
		})
		_, err := way.Exchange(t.Context(), syncproto.PathExchange, make([]byte, 1000))
		check(t, err)
		if up := way.Traffic().PayloadUp; up < 1000 {
			t.Errorf("counted %d bytes of 1000", up)
		}
		check(t, way.Close())
	})
}
