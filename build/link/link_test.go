package link

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

func TestPacer(t *testing.T) {
	start := time.Date(2024, 6, 7, 0, 0, 0, 0, time.UTC)
	p := pacer{rate: 1000, delay: 150 * time.Millisecond}
	for _, c := range []struct {
		at, n, want int // ms, bytes, ms
	}{
		{0, 100, 250},     // 100 ms to send, 150 ms on the way
		{0, 100, 350},     // waits for those before
		{1000, 500, 1650}, // the way is free again
		{1100, 0, 1650},
	} {
		now := start.Add(time.Duration(c.at) * time.Millisecond)
		if got := p.arrival(now, c.n).Sub(start).Milliseconds(); got != int64(c.want) {
			t.Errorf("%d bytes at %d ms arrive at %d ms, want %d", c.n, c.at, got, c.want)
		}
	}
	free := pacer{delay: time.Second}
	if got := free.arrival(start, 1<<30); !got.Equal(start.Add(time.Second)) {
		t.Errorf("an unbounded way took until %v", got)
	}
}

func TestPass(t *testing.T) {
	for _, c := range []struct {
		limit, done, n, want int
		cut                  bool
	}{
		{Never, 0, 9, 9, false},
		{9, 0, 9, 9, false},
		{9, 5, 9, 4, true},
		{0, 0, 1, 0, true},
		{5, 9, 1, 0, true},
	} {
		if got, cut := pass(c.limit, c.done, c.n); got != c.want || cut != c.cut {
			t.Errorf("pass(%d, %d, %d) = %d, %v", c.limit, c.done, c.n, got, cut)
		}
	}
}

// echo answers every connection with twice what it got, once all has come.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b, err := io.ReadAll(c)
				if err == nil {
					_, _ = c.Write(append(b, b...))
				}
			}()
		}
	}()
	return l.Addr().String()
}

func ask(t *testing.T, p *Proxy, question []byte) ([]byte, error) {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Write(question); err != nil {
		return nil, err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}

func open(t *testing.T, w Way) *Proxy {
	p, err := Listen(echo(t), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestPassesAndCounts(t *testing.T) {
	p := open(t, Way{})
	question := bytes.Repeat([]byte("走访"), 50_000)
	for range 3 {
		got, err := ask(t, p, question)
		if err != nil || !bytes.Equal(got, append(bytes.Clone(question), question...)) {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
	}
	n := int64(len(question))
	if got, want := p.Traffic(), (Traffic{Up: 3 * n, Down: 6 * n, Connections: 3}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestDelaysAndThrottles(t *testing.T) {
	p := open(t, Way{RTT: 100 * time.Millisecond, Up: 20_000, Down: 40_000})
	began := time.Now()
	if _, err := ask(t, p, make([]byte, 2000)); err != nil {
		t.Fatal(err)
	}
	// One round trip to connect, one for the question, 0.1 s up, 0.1 s down:
	// faster would be wrong, slower is the machine's affair.
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestCuts(t *testing.T) {
	p := open(t, Way{})
	question := make([]byte, 10_000)
	for _, f := range []Fault{{0, Never}, {1, Never}, {9_999, Never}, LoseReply(), {Never, 1}, {Never, 19_999}} {
		p.Faults(func(int) Fault { return f })
		before := p.Traffic()
		got, err := ask(t, p, question)
		if err == nil && len(got) == 2*len(question) {
			t.Errorf("%+v: all came through", f)
		}
		if d := p.Traffic().Minus(before); d.Cut != 1 || f.Down == 0 && d.Down != 0 || f.Up == 0 && d.Up != 0 {
			t.Errorf("%+v: passed %+v", f, d)
		}
	}
	p.Faults(func(n int) Fault {
		if n == 0 {
			return LoseReply()
		}
		return None()
	})
	if _, err := ask(t, p, question); err == nil {
		t.Error("the first connection was not cut")
	}
	if got, err := ask(t, p, question); err != nil || len(got) != 2*len(question) {
		t.Errorf("the second connection: %d bytes, %v", len(got), err)
	}
}

func TestServerOff(t *testing.T) {
	p := open(t, Way{})
	target := echo(t)
	p.Target("")
	if got, err := ask(t, p, []byte("x")); err == nil && len(got) > 0 {
		t.Errorf("a server that is off said %q", got)
	}
	p.Target(target)
	if got, err := ask(t, p, []byte("x")); err != nil || string(got) != "xx" {
		t.Errorf("back on: %q, %v", got, err)
	}
}

func TestReplays(t *testing.T) {
	p := open(t, Way{})
	if _, err := ask(t, p, []byte("一")); err != nil {
		t.Fatal(err)
	}
	p.Faults(func(int) Fault { return Fault{0, Never} })
	_, _ = ask(t, p, []byte("二"))
	p.Faults(nil)
	for p.Replayable() < 2 {
		time.Sleep(time.Millisecond) // the proxy ends a connection after the laptop
	}
	if _, err := ask(t, p, make([]byte, keptBytes+1)); err != nil { // too much to keep
		t.Fatal(err)
	}
	if err := p.Close(); err != nil { // waits until it has ended
		t.Fatal(err)
	}
	if n := p.Replayable(); n != 2 {
		t.Errorf("%d connections are kept", n)
	}
	for n, want := range []string{"一一", "二二"} {
		for range 2 {
			if got, err := p.Replay(n); err != nil || string(got) != want {
				t.Errorf("connection %d: %q, %v", n, got, err)
			}
		}
	}
}
