// Package link is a bad network on one machine: a TCP proxy that counts,
// delays, throttles and cuts. It passes bytes in order; what it does to a
// connection is what networks do to TCP.
package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Traffic is what has passed, in bytes of TCP payload.
type Traffic struct {
	Up, Down    int64
	Connections int
	Cut         int // connections that a Fault has cut
}

// Minus returns the traffic since t.
func (a Traffic) Minus(t Traffic) Traffic {
	return Traffic{a.Up - t.Up, a.Down - t.Down, a.Connections - t.Connections, a.Cut - t.Cut}
}

// Proxy stands between laptops and a server. Its methods may be called at the
// same time.
type Proxy struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu       sync.Mutex
	target   string
	way      Way
	up, down pacer
	fault    func() Fault // of the next connection
	traffic  Traffic
	open     map[net.Conn]bool
	closed   bool
	sent     [][]byte // see Replay
}

// Listen starts a proxy on a free port of the loopback address that passes on
// to target (host:port).
func Listen(target string, w Way) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a proxy: %w", err)
	}
	p := &Proxy{listener: l, target: target, open: map[net.Conn]bool{}}
	p.Shape(w)
	p.Faults(nil)
	p.wg.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Target changes where new connections go; "" refuses them, as when the
// server is off.
func (p *Proxy) Target(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

// Shape changes the way for all bytes that come from now on.
func (p *Proxy) Shape(w Way) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.way = w
	p.up = pacer{rate: w.Up, delay: w.RTT / 2}
	p.down = pacer{rate: w.Down, delay: w.RTT / 2}
}

// Faults says what happens to new connections: f gets 0 for the next one, 1
// for the one after it, and so on; nil: nothing happens.
func (p *Proxy) Faults(f func(n int) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := 0
	p.fault = func() Fault {
		if f == nil {
			return None()
		}
		next++
		return f(next - 1)
	}
}

// Traffic is what has passed since the start.
func (p *Proxy) Traffic() Traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.traffic
}

// Reset cuts all open connections.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		abort(c)
	}
}

// Close cuts everything and ends the proxy.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Reset()
	p.wg.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

// keep remembers an open connection, and refuses it when the proxy is closed.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		abort(c)
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	c.Close()
}

func (p *Proxy) serve(laptop net.Conn) {
	if !p.keep(laptop) {
		return
	}
	defer p.forget(laptop)
	p.mu.Lock()
	target, rtt, fault := p.target, p.way.RTT, p.fault()
	p.traffic.Connections++
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if target == "" || err != nil {
		abort(laptop)
		return
	}
	if !p.keep(server) {
		return
	}
	defer p.forget(server)
	cut := sync.OnceFunc(func() {
		p.mu.Lock()
		p.traffic.Cut++
		p.mu.Unlock()
		abort(laptop)
		abort(server)
	})
	var both sync.WaitGroup
	both.Go(func() {
		p.pump(server, laptop, &p.up, &p.traffic.Up, time.Now().Add(rtt), fault.Up, cut)
	})
	both.Go(func() {
		p.pump(laptop, server, &p.down, &p.traffic.Down, time.Time{}, fault.Down, cut)
	})
	both.Wait()
}

// parcel is bytes under way; at says when they arrive.
type parcel struct {
	bytes []byte
	at    time.Time
	cut   bool // the connection ends after these
}

// pump reads from src as fast as the way takes it and writes to dst when it
// has arrived, not before begin.
func (p *Proxy) pump(dst, src net.Conn, way *pacer, count *int64, begin time.Time, limit int, cut func()) {
	const underWay = 64 // parcels; a throttled way holds back the sender
	parcels := make(chan parcel, underWay)
	var arriving sync.WaitGroup
	arriving.Go(func() {
		failed := false
		for c := range parcels {
			if failed {
				continue
			}
			time.Sleep(time.Until(c.at))
			if _, err := dst.Write(c.bytes); err != nil {
				failed = true
				abort(src)
			}
			if c.cut {
				failed = true
				cut()
			}
		}
		if !failed {
			shut(dst)
		}
	})
	p.read(dst, src, way, count, begin, limit, parcels)
	close(parcels)
	arriving.Wait()
}

func (p *Proxy) read(dst, src net.Conn, way *pacer, count *int64, begin time.Time, limit int, parcels chan<- parcel) {
	done := 0
	p.mu.Lock()
	buf := make([]byte, way.piece())
	p.mu.Unlock()
	var sent []byte
	if way == &p.up {
		defer func() { p.remember(sent) }()
	}
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if way == &p.up && len(sent) <= keptBytes { // more is not remembered
				sent = append(sent, buf[:n]...)
			}
			k, cutting := pass(limit, done, n)
			done += k
			parcels <- parcel{append([]byte(nil), buf[:k]...), p.pace(way, count, begin, k), cutting}
			if cutting {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				abort(dst)
			}
			return
		}
	}
}

func (p *Proxy) pace(way *pacer, count *int64, begin time.Time, n int) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	*count += int64(n)
	now := time.Now()
	if now.Before(begin) {
		now = begin
	}
	return way.arrival(now, n)
}

// abort resets a connection: bytes not yet read at the other end are lost.
func abort(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Close()
}

// shut passes on that one side has said all.
func shut(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
}
