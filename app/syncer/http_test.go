package syncer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gridbook/syncproto"
)

func TestJoinAndSync(t *testing.T) {
	o := newOffice(t)
	address, pin := listen(t, o, false)
	a, b := newLaptop(t), newLaptop(t)
	a.join(address, pin)
	b.join(address, pin)
	a.write(200)
	told, changed := 0, map[syncproto.Key]bool{}
	s, err := Open(a, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader,
		Received: func(p syncproto.Progress, _ uint64) {
			told += len(p.Changed)
			for _, k := range p.Changed {
				changed[k] = true
			}
		}})
	check(t, err)
	rep, err := s.SyncNow(context.Background())
	check(t, err)
	if rep.Exchanges != 1 || rep.Sent != 200 || !rep.Verified.Equal || rep.Epoch != 7 {
		t.Errorf("report %+v", rep)
	}
	if told != len(changed) || told < 200 {
		t.Errorf("told of %d changes of %d records", told, len(changed))
	}
	if n, _ := a.unsent(); n != 0 || s.Status().Phase != Idle || s.Status().LastSync == 0 {
		t.Errorf("%d unsent, status %+v", n, s.Status())
	}
	t.Logf("200 households: %d B up, %d B down in TLS; payload %d and %d", rep.Up, rep.Down, rep.PayloadUp, rep.PayloadDown)
	again, err := s.SyncNow(context.Background())
	check(t, err)
	t.Logf("nothing new, warm: %d B up, %d B down in TLS; payload %d and %d", again.Up, again.Down, again.PayloadUp, again.PayloadDown)
	if again.PayloadUp+again.PayloadDown > 320 || again.Connections != 0 || again.Exchanges != 1 {
		t.Errorf("a sync of nothing: %+v", again.Traffic)
	}
	check(t, s.Close())

	other := b.open(HTTPOptions{})
	rep, err = other.SyncNow(context.Background())
	check(t, err)
	if rep.Received < 200 || !rep.Verified.Equal {
		t.Errorf("the other laptop: %+v", rep)
	}
}

func TestTicketOutlivesTheProgram(t *testing.T) {
	o := newOffice(t)
	address, pin := listen(t, o, false)
	l := newLaptop(t)
	l.join(address, pin)
	var down []int64
	for range 3 {
		s, err := Open(l, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader})
		check(t, err)
		rep, err := s.SyncNow(context.Background())
		check(t, err)
		check(t, s.Close())
		down = append(down, rep.Down)
	}
	if o.resumed != 3 {
		t.Errorf("%d of 3 connections were resumed", o.resumed)
	}
	t.Logf("bytes down of a sync of nothing in a new connection: %v", down)
}

func TestOtherCertificate(t *testing.T) {
	o := newOffice(t)
	address, _ := listen(t, o, false)
	_, pin := certificate(t)
	l := newLaptop(t)
	_, err := Join(context.Background(), l, invitationTo(address, pin), "电脑", JoinOptions{Now: wallClock, Rand: rand.Reader})
	if syncproto.CodeOf(err) != syncproto.CodeCertificate {
		t.Errorf("Join: %v", err)
	}
	if o.requests != 0 {
		t.Error("something was sent to a stranger")
	}
}

func TestPlainOnlyOnThisMachine(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://127.0.0.1:1": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://192.168.1.2:1": false, "http://127.0.0.1.example.com:1": false, "ftp://127.0.0.1": false, "https://": false,
	} {
		if _, err := NewHTTP(Hub{Address: address}, HTTPOptions{}); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// raw answers every connection with fixed bytes.
func raw(t *testing.T, answer string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 1<<16)
			_, _ = c.Read(buf)
			_, _ = c.Write([]byte(answer))
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-stopped })
	return l.Addr().String()
}

// TestWhatIsNotTheHub meets portals, proxies and strangers. Nothing is lost,
// and each is named for what it is.
func TestWhatIsNotTheHub(t *testing.T) {
	html := "HTTP/1.1 %s\r\nContent-Type: text/html\r\n%sContent-Length: 6\r\n\r\n<html>"
	ours := "HTTP/1.1 200 OK\r\nContent-Type: " + syncproto.ContentType + "\r\nContent-Length: %d\r\n\r\n%s"
	for name, c := range map[string]struct {
		answer string
		want   syncproto.Code
	}{
		"portal's page":       {fmt.Sprintf(html, "200 OK", ""), syncproto.CodeNotOurs},
		"portal's redirect":   {fmt.Sprintf(html, "302 Found", "Location: http://login/\r\n"), syncproto.CodeNotOurs},
		"portal by the book":  {fmt.Sprintf(html, "511 Network Authentication Required", ""), syncproto.CodeNotOurs},
		"another server":      {fmt.Sprintf(html, "404 Not Found", ""), syncproto.CodeNotOurs},
		"proxy without a hub": {fmt.Sprintf(html, "502 Bad Gateway", ""), syncproto.CodeUnreachable},
		"busy proxy":          {fmt.Sprintf(html, "503 Service Unavailable", "Retry-After: 77\r\n"), syncproto.CodeUnreachable},
		"no HTTP":             {"SSH-2.0-OpenSSH_9.2\r\n", syncproto.CodeNotOurs},
		"closes":              {"", syncproto.CodeUnreachable},
		"cut in the head":     {"HTTP/1.1 200 OK\r\nContent-Ty", syncproto.CodeUnreachable},
		"cut in the body":     {fmt.Sprintf(ours, 100, "abc"), syncproto.CodeUnreachable},
		"garbage as ours":     {fmt.Sprintf(ours, 3, "abc"), syncproto.CodeNotOurs},
		"nothing as ours":     {fmt.Sprintf(ours, 0, ""), syncproto.CodeNotOurs},
		"too long":            {fmt.Sprintf(ours, syncproto.MaxMessage+1, "abc"), syncproto.CodeTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			address, _ := listen(t, o, true)
			l := newLaptop(t)
			l.join(address, nil)
			l.write(3)
			stranger := raw(t, c.answer)
			s := l.open(HTTPOptions{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, stranger)
			}})
			_, err := s.SyncNow(context.Background())
			var e *syncproto.Error
			if !errors.As(err, &e) || e.Code != c.want || e.Message == "" || e.Hint == "" {
				t.Fatalf("SyncNow: %v, want %s with message and hint", err, c.want)
			}
			if !Retryable(err) {
				t.Error("it would not be tried again by itself")
			}
			var later *Later
			if errors.As(err, &later) != (name == "busy proxy") {
				t.Errorf("error %#v", err)
			}
			if n, _ := l.unsent(); n != 3 {
				t.Errorf("%d unsent, want 3", n)
			}
			if st := s.Status(); st.Phase == Idle || st.Problem == nil || st.LastSync != 0 {
				t.Errorf("status %+v", st)
			}
			// Back on the right way.
			if rep, err := l.open(HTTPOptions{}).SyncNow(context.Background()); err != nil || rep.Sent != 3 || !rep.Verified.Equal {
				t.Errorf("afterwards: %+v, %v", rep, err)
			}
		})
	}
	t.Run("TLS to one who has none", func(t *testing.T) {
		_, pin := certificate(t)
		_, err := Join(context.Background(), newLaptop(t), invitationTo("https://"+raw(t, "HTTP/1.0 400 Bad Request\r\n\r\n"), pin), "电脑",
			JoinOptions{Now: wallClock, Rand: rand.Reader})
		if syncproto.CodeOf(err) != syncproto.CodeNotOurs {
			t.Errorf("Join: %v", err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		check(t, l.Close())
		_, pin := certificate(t)
		_, err = Join(context.Background(), newLaptop(t), invitationTo("https://"+l.Addr().String(), pin), "电脑",
			JoinOptions{Now: wallClock, Rand: rand.Reader})
		if syncproto.CodeOf(err) != syncproto.CodeUnreachable {
			t.Errorf("Join: %v", err)
		}
	})
}

// cutting breaks the connection after some bytes in one direction.
type cutting struct {
	net.Conn
	up, down *atomic.Int64 // how many may still pass
}

func (c *cutting) Read(b []byte) (int, error) {
	left := c.down.Load()
	if left <= 0 {
		c.Close()
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), left)])
	c.down.Add(int64(-n))
	return n, err
}

func (c *cutting) Write(b []byte) (int, error) {
	left := c.up.Load()
	if int64(len(b)) <= left {
		n, err := c.Conn.Write(b)
		c.up.Add(int64(-n))
		return n, err
	}
	n, _ := c.Conn.Write(b[:max(left, 0)])
	c.up.Store(0)
	c.Close()
	return n, net.ErrClosed
}

// TestCutAnywhere cuts an exchange after every so many bytes up and down, until
// it passes whole. Every record must be on the hub once, at the end and in
// the marks.
func TestCutAnywhere(t *testing.T) {
	for _, way := range []string{"up", "down"} {
		t.Run(way, func(t *testing.T) {
			o := newOffice(t)
			address, _ := listen(t, o, true)
			l := newLaptop(t)
			l.join(address, nil)
			const unlimited = 1 << 40
			done := 0
			for cut := int64(0); done < 3; cut += 29 {
				if n, _ := l.unsent(); n == 0 {
					l.write(4)
				}
				var up, down atomic.Int64
				up.Store(unlimited)
				down.Store(unlimited)
				s := l.open(HTTPOptions{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := new(net.Dialer).DialContext(ctx, network, address)
					map[string]*atomic.Int64{"up": &up, "down": &down}[way].Store(cut)
					return &cutting{c, &up, &down}, err
				}})
				_, err := s.SyncNow(context.Background())
				n, _ := l.unsent()
				if err == nil && n != 0 || err != nil && syncproto.CodeOf(err) != syncproto.CodeUnreachable {
					t.Fatalf("cut after %d bytes: %v, %d unsent", cut, err, n)
				}
				if err == nil {
					done++
				}
			}
			written := 0
			rep, err := l.open(HTTPOptions{}).SyncNow(context.Background())
			check(t, err)
			check(t, l.Update(func(tx Tx) error {
				sum, err := tx.Sum()
				written = int(sum.Count) - 1 // without the laptop's own record
				return err
			}))
			if n := o.holds(collection(t, "household").Number); n != written || !rep.Verified.Equal || written == 0 {
				t.Errorf("the hub has %d, the laptop wrote %d, verified %+v", n, written, rep.Verified)
			}
		})
	}
}

// TestLostJoinReply loses the answer to an enrolment, which must not use up the
// invitation.
func TestLostJoinReply(t *testing.T) {
	o := newOffice(t)
	lose := true
	o.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !lose {
			return false
		}
		lose = false
		o.before = nil
		o.ServeHTTP(discard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	address, _ := listen(t, o, true)
	l := newLaptop(t)
	line := invitationTo(address, nil)
	join := func() (*syncproto.JoinReply, error) {
		return Join(context.Background(), l, line, "电脑", JoinOptions{Now: wallClock, Rand: rand.Reader})
	}
	if _, err := join(); syncproto.CodeOf(err) != syncproto.CodeUnreachable {
		t.Fatalf("Join without an answer: %v", err)
	}
	if _, err := Open(l, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader}); syncproto.CodeOf(err) != syncproto.CodeNotJoined {
		t.Errorf("Open before an answer: %v", err)
	}
	rep, err := join()
	check(t, err)
	if rep.Device != 1 || len(o.joined) != 1 {
		t.Errorf("device %d of %d", rep.Device, len(o.joined))
	}
	check(t, l.Update(func(tx Tx) error {
		keys, err := KeysOf(tx)
		if len(keys.Sign) == 0 || !strings.HasPrefix(keys.Identity, "AGE-SECRET-KEY-") {
			t.Errorf("keys %v", keys)
		}
		return err
	}))
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func TestJoinToAnotherTownship(t *testing.T) {
	o := newOffice(t)
	address, _ := listen(t, o, true)
	line := syncproto.Invitation{Address: address, Secret: make([]byte, syncproto.SecretSize), Township: "330702010"}.String()
	_, err := Join(context.Background(), newLaptop(t), line, "电脑", JoinOptions{Now: wallClock, Rand: rand.Reader})
	if syncproto.CodeOf(err) != syncproto.CodeTownship {
		t.Errorf("Join: %v", err)
	}
}

func TestBudgetFollowsTheWay(t *testing.T) {
	kB := 1 << 10
	for name, c := range map[string]struct {
		from     budget
		up, body int
		head     time.Duration
		tail     time.Duration
		low, top int // of the link in bytes/s
	}{
		"nothing known, near":      {budget{}, 0, 60, 3 * time.Millisecond, 0, 0, 0},
		"nothing known, far":       {budget{}, 0, 60, 300 * time.Millisecond, 0, slow, slow},
		"measured downwards":       {budget{}, 0, 64 * kB, 300 * time.Millisecond, 2 * time.Second, 31 * kB, 33 * kB},
		"measured upwards":         {budget{}, 8 * kB, 60, time.Second, 0, 7 * kB, 9 * kB},
		"slower direction counts":  {budget{}, 8 * kB, 64 * kB, time.Second, time.Second, 7 * kB, 9 * kB},
		"a fast way after a slow":  {budget{link: slow}, 0, 60, 2 * time.Millisecond, 0, 0, 0},
		"still far":                {budget{link: slow}, 0, 60, 300 * time.Millisecond, 0, slow, slow},
		"halfway to a new measure": {budget{link: 32 * kB}, 0, 64 * kB, time.Millisecond, time.Second, 47 * kB, 49 * kB},
		"an upload on a fast way":  {budget{link: 9000 * kB}, 16 * kB, 60, 200 * time.Millisecond, 0, 9000 * kB, 9000 * kB},
		"unknown, a brief upload":  {budget{}, 16 * kB, 60, 100 * time.Millisecond, 0, 0, 0},
		"a slow way after a fast":  {budget{link: 9000 * kB}, 16 * kB, 60, 2 * time.Second, 0, 7 * kB, 9 * kB},
		"one late answer":          {budget{link: 9000 * kB}, 0, 60, 300 * time.Millisecond, 0, 9000 * kB, 9000 * kB},
		"a second late answer":     {budget{link: 9000 * kB, distant: 1}, 0, 60, 300 * time.Millisecond, 0, slow, slow},
	} {
		b := c.from
		b.learn(c.up, Answer{Body: make([]byte, c.body), Head: c.head, Tail: c.tail})
		if b.link < c.low || b.link > c.top {
			t.Errorf("%s: link %d, want %d to %d", name, b.link, c.low, c.top)
		}
		if (b.up == 0) != (b.link == 0) || b.up > syncproto.DefaultUp || b.down > syncproto.DefaultDown {
			t.Errorf("%s: budget %+v", name, b)
		}
	}
	left := budget{link: 9000 * kB}
	if left.learn(0, Answer{Head: 700 * time.Millisecond, Connect: 300 * time.Millisecond}); left.link != slow {
		t.Errorf("after a late connection: %+v", left)
	}
	back := budget{link: 9000 * kB, distant: 1}
	back.learn(0, Answer{Head: 2 * time.Millisecond})
	if back.learn(0, Answer{Head: 300 * time.Millisecond}); back.link != 9000*kB {
		t.Errorf("two late answers with a quick one between: %+v", back)
	}
	var b budget
	for range 40 {
		b.halve()
	}
	if b.up != syncproto.MinBudget || b.down != syncproto.MinBudget {
		t.Errorf("after many failures: %+v", b)
	}
}
