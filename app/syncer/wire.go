package syncer

import (
	"context"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// wire counts the bytes of a connection and, if idle is set, breaks it when it
// stands still for so long.
type wire struct {
	net.Conn
	idle     time.Duration
	up, down *atomic.Int64
	writing  chan struct{} // has one while something is being written
}

// chunk is how much is written at once: a slow way shows its progress after
// each.
const chunk = 16 << 10

// Read gives the peer idle time from now on.
func (w *wire) Read(b []byte) (int, error) {
	if w.idle > 0 {
		if err := w.SetReadDeadline(time.Now().Add(w.idle)); err != nil {
			return 0, err
		}
	}
	n, err := w.Conn.Read(b)
	w.down.Add(int64(n))
	return n, err
}

// Write also gives a Read that is waiting more time: an answer cannot come
// before its question. HTTP keeps such a Read on a connection at rest.
func (w *wire) Write(b []byte) (total int, err error) {
	w.writing <- struct{}{}
	defer func() { <-w.writing }()
	if w.idle == 0 {
		n, err := w.Conn.Write(b)
		w.up.Add(int64(n))
		return n, err
	}
	for len(b) > 0 && err == nil {
		if err = w.SetDeadline(time.Now().Add(w.idle)); err != nil {
			break
		}
		var n int
		n, err = w.Conn.Write(b[:min(len(b), chunk)])
		w.up.Add(int64(n))
		total, b = total+n, b[n:]
	}
	return total, err
}

// writing follows a request on the connection that takes it.
type writing struct {
	wire *wire
	done chan struct{}
}

// follow returns a context for one request, and what follows that.
func follow(ctx context.Context) (context.Context, *writing) {
	w := &writing{done: make(chan struct{})}
	done := sync.OnceFunc(func() { close(w.done) }) // a connection that was found closed is followed by another
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(i httptrace.GotConnInfo) { w.wire, _ = i.Conn.(*wire) },
		WroteRequest: func(httptrace.WroteRequestInfo) { done() },
	}), w
}

// end waits until nothing of the request is being written, so that its bytes
// count for it and not for the next: who answers may do so before it has read
// all. What is given up is cut off.
func (w *writing) end(ctx context.Context, failed bool) {
	if w.wire == nil {
		return
	}
	if failed {
		w.wire.Close()
	} else {
		select {
		case <-w.done: // HTTP ends what goes on after an answer
		case <-ctx.Done():
		}
	}
	w.wire.writing <- struct{}{}
	<-w.wire.writing
}
