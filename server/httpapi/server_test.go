package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gridbook/syncproto"
)

// fakeOffice answers as its functions say.
type fakeOffice struct {
	exchange func(*syncproto.Request) (*syncproto.Served, error)
	join     func(*syncproto.JoinRequest) (*syncproto.JoinReply, error)
	courier  func(token []byte) error // nil: everyone may
	forward  func()                   // while a stick is taken
	flushed  chan struct{}
}

func (f *fakeOffice) Courier(token []byte) error {
	if f.courier == nil {
		return nil
	}
	return f.courier(token)
}

func (f *fakeOffice) Exchange(q *syncproto.Request) (*syncproto.Served, error) { return f.exchange(q) }
func (f *fakeOffice) Join(q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
	return f.join(q)
}

func (f *fakeOffice) ForwardBundle(q *syncproto.BundleRequest) (*syncproto.BundleReply, error) {
	if f.forward != nil {
		f.forward()
	}
	return &syncproto.BundleReply{Version: syncproto.Version, File: q.File, Person: string(q.Token)}, nil
}

func (f *fakeOffice) Photos(q *syncproto.PhotoRequest) (*syncproto.PhotoServing, error) {
	return &syncproto.PhotoServing{Reply: &syncproto.PhotoReply{Version: 1, Now: int64(q.Budget)}}, nil
}

func (f *fakeOffice) Flush() error {
	if f.flushed != nil {
		f.flushed <- struct{}{}
	}
	return nil
}

func echo(q *syncproto.Request) (*syncproto.Served, error) {
	return &syncproto.Served{Reply: &syncproto.Reply{Version: 1, Now: q.Now}, Device: &syncproto.Device{ID: 7}}, nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pipeListener accepts in-memory connections, so that tests under synctest
// decide about time.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) dial() net.Conn {
	a, b := net.Pipe()
	l.conns <- b
	return a
}

// running starts a server and returns its listener; it is stopped when the
// returned function is called.
func running(t *testing.T, o Office, limits Limits) (l *pipeListener, stop func()) {
	l = newPipeListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- New(o, limits, quiet()).Serve(ctx, l) }()
	return l, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// post sends a body on a connection and returns the status and the answer.
func post(t testing.TB, c net.Conn, path string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	go fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

func code(t testing.TB, body []byte) syncproto.Code {
	t.Helper()
	rep, err := syncproto.DecodeReply(body)
	if err != nil {
		t.Fatalf("the answer %q: %v", body, err)
	}
	if rep.Error == nil {
		return ""
	}
	if rep.Error.Message == "" || rep.Error.Hint == "" {
		t.Errorf("%s has no words", rep.Error.Code)
	}
	return rep.Error.Code
}

func request(now int64) []byte {
	return syncproto.AppendRequest(nil, &syncproto.Request{
		Version: 1, Token: make([]byte, syncproto.TokenSize), Now: now,
		Cursor: syncproto.Cursor{Epoch: 1, Subs: 1, Seq: 1},
	})
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := running(t, &fakeOffice{exchange: echo}, DefaultLimits())
		c := l.dial()
		for i := range 3 { // on one connection
			status, h, body := post(t, c, syncproto.PathExchange, request(int64(i+5)))
			rep, err := syncproto.DecodeReply(body)
			if status != 200 || err != nil || rep.Now != int64(i+5) {
				t.Errorf("%d, %+v, %v", status, rep, err)
			}
			if len(h) != 2 || h.Get("Content-Type") != syncproto.ContentType {
				t.Errorf("headers %v", h)
			}
		}
		c.Close()
		stop()
	})
}

func TestRefusals(t *testing.T) {
	fail := func(err error) *fakeOffice {
		return &fakeOffice{
			exchange: func(*syncproto.Request) (*syncproto.Served, error) { return nil, err },
			join:     func(*syncproto.JoinRequest) (*syncproto.JoinReply, error) { return nil, err },
		}
	}
	panics := &fakeOffice{
		exchange: func(*syncproto.Request) (*syncproto.Served, error) { panic("a mistake") },
		join:     func(*syncproto.JoinRequest) (*syncproto.JoinReply, error) { panic("a mistake") },
	}
	full := &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "x"}
	join := syncproto.AppendJoinRequest(nil, &syncproto.JoinRequest{Version: 1, Secret: []byte("s")})
	for name, c := range map[string]struct {
		office *fakeOffice
		body   []byte // nil: as it should be
		code   syncproto.Code
	}{
		"nothing":       {fail(nil), []byte{}, syncproto.CodeMalformed},
		"a web page":    {fail(nil), []byte("<html>"), syncproto.CodeMalformed},
		"broken store":  {fail(errors.New("x")), nil, syncproto.CodeInternal},
		"full disk":     {fail(fmt.Errorf("x: %w", full)), nil, syncproto.CodeDiskFull},
		"damaged":       {fail(&syncproto.Error{Code: syncproto.CodeDamaged}), nil, syncproto.CodeDamaged},
		"a panic":       {panics, nil, syncproto.CodeInternal},
		"no such thing": {fail(&syncproto.Error{Code: syncproto.CodeNotFound}), nil, syncproto.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, stop := running(t, c.office, DefaultLimits())
				conn := l.dial()
				body := c.body
				if body == nil {
					body = request(1)
				}
				if _, _, got := post(t, conn, syncproto.PathExchange, body); code(t, got) != c.code {
					t.Errorf("exchange: %s, want %s", code(t, got), c.code)
				}
				if body = c.body; body == nil {
					body = join
				}
				_, _, got := post(t, conn, syncproto.PathJoin, body)
				if rep, err := syncproto.DecodeJoinReply(got); err != nil || rep.Error == nil || rep.Error.Code != c.code {
					t.Errorf("join: %+v, %v, want %s", rep, err, c.code)
				}
				conn.Close()
				stop()
			})
		})
	}
}

func TestBodyLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Bodies = 1 << 20
		l, stop := running(t, &fakeOffice{exchange: echo}, limits)
		for _, c := range []struct {
			length string
			code   syncproto.Code
		}{
			{fmt.Sprint(syncproto.MaxMessage + 1), syncproto.CodeTooLarge},
			{fmt.Sprint(1<<20 + 1), syncproto.CodeBusy}, // more than there is room for
			{"", syncproto.CodeMalformed},
		} {
			conn := l.dial()
			head := "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: " + c.length + "\r\n\r\n"
			if c.length == "" {
				head = "POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
			}
			go io.WriteString(conn, head)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			if got := code(t, body); got != c.code {
				t.Errorf("length %q: %s, want %s", c.length, got, c.code)
			}
			if c.code == syncproto.CodeBusy && (resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "") {
				t.Errorf("busy: status %d, headers %v", resp.StatusCode, resp.Header)
			}
			conn.Close()
		}
		// What was taken has been given back.
		conn := l.dial()
		if _, _, body := post(t, conn, syncproto.PathExchange, request(1)); code(t, body) != "" {
			t.Errorf("afterwards: %s", code(t, body))
		}
		conn.Close()
		stop()
	})
}

// TestAnnouncedBodies: who announces much and sends nothing keeps nobody out.
func TestAnnouncedBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Bodies = 1 << 20
		l, stop := running(t, &fakeOffice{exchange: echo}, limits)
		var strangers []net.Conn
		for range 10 {
			stranger := l.dial()
			strangers = append(strangers, stranger)
			fmt.Fprintf(stranger, "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nxx", 1<<19)
		}
		synctest.Wait()
		conn := l.dial()
		if _, _, body := post(t, conn, syncproto.PathExchange, request(1)); code(t, body) != "" {
			t.Errorf("a laptop among strangers: %s", code(t, body))
		}
		conn.Close()
		// What has come does count.
		full := l.dial()
		go func() {
			fmt.Fprintf(full, "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", 1<<19)
			_, _ = full.Write(make([]byte, 1<<19-1))
		}()
		synctest.Wait()
		conn = l.dial()
		big := syncproto.AppendRequest(nil, &syncproto.Request{Version: 1, Token: make([]byte, 16), Now: 9, Batch: make([]byte, 1<<19)})
		if _, _, body := post(t, conn, syncproto.PathExchange, big); code(t, body) != syncproto.CodeBusy {
			t.Errorf("more than there is room for: %q, want busy", code(t, body))
		}
		for _, c := range append(strangers, conn, full) {
			c.Close()
		}
		stop()
	})
}

// TestSlowLink: a message may take an hour if it keeps moving, and its
// connection ends when it stands still, or as good as.
func TestSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := running(t, &fakeOffice{exchange: echo}, DefaultLimits())
		body := syncproto.AppendRequest(nil, &syncproto.Request{Version: 1, Token: make([]byte, 16), Now: 9, Batch: make([]byte, 2<<20)})
		send := func(conn net.Conn, pieces int) { // a piece a minute
			fmt.Fprintf(conn, "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", len(body))
			for piece := range slices.Chunk(body, len(body)/pieces) {
				time.Sleep(time.Minute)
				if _, err := conn.Write(piece); err != nil {
					return
				}
			}
		}
		conn := l.dial()
		go send(conn, 60)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(resp.Body); code(t, got) != "" {
			t.Errorf("slow: %s", code(t, got))
		}
		conn.Close()

		for name, send := range map[string]func(net.Conn){
			"stood still": func(c net.Conn) {
				fmt.Fprintf(c, "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nxx", len(body))
			},
			"trickled": func(c net.Conn) { send(c, 1<<12) },
		} {
			conn = l.dial()
			began := time.Now()
			var sending sync.WaitGroup
			sending.Go(func() { send(conn) })
			_, _ = io.Copy(io.Discard, conn)
			if d := time.Since(began); d < DefaultLimits().Idle || d > 2*DefaultLimits().Idle {
				t.Errorf("a connection that %s lived %v", name, d)
			}
			conn.Close()
			sending.Wait()
		}
		stop()
	})
}

// TestAdmission: first copies wait for one another and are turned away when
// too many wait; small exchanges pass them by.
func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Heavy, limits.Waiting = 1, 3
		release := make(chan struct{})
		running1, most := 0, 0
		var mu sync.Mutex
		office := &fakeOffice{exchange: func(q *syncproto.Request) (*syncproto.Served, error) {
			if q.Cursor.Epoch != 0 {
				return echo(q)
			}
			mu.Lock()
			running1++
			most = max(most, running1)
			mu.Unlock()
			<-release
			mu.Lock()
			running1--
			mu.Unlock()
			return echo(q)
		}}
		l, stop := running(t, office, limits)
		heavy := syncproto.AppendRequest(nil, &syncproto.Request{Version: 1, Token: make([]byte, 16), Budget: 1})
		codes := make(chan syncproto.Code, 10)
		for range 6 {
			conn := l.dial()
			go func() {
				_, _, body := post(t, conn, syncproto.PathExchange, heavy)
				codes <- code(t, body)
				conn.Close()
			}()
		}
		synctest.Wait()
		if len(codes) != 2 { // one runs, three wait
			t.Errorf("%d were turned away at once, want 2", len(codes))
		}
		conn := l.dial()
		if _, _, body := post(t, conn, syncproto.PathExchange, request(1)); code(t, body) != "" {
			t.Errorf("a small exchange: %s", code(t, body))
		}
		conn.Close()
		release <- struct{}{} // one of the three may run
		synctest.Wait()
		time.Sleep(limits.Patience + time.Second)
		close(release)
		count := map[syncproto.Code]int{}
		for range 6 {
			count[<-codes]++
		}
		if count[""] != 2 || count[syncproto.CodeBusy] != 4 || most != 1 {
			t.Errorf("%v, at most %d at once", count, most)
		}
		stop()
	})
}

func TestFlushesWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := &fakeOffice{flushed: make(chan struct{})}
		_, stop := running(t, office, DefaultLimits())
		began := time.Now()
		<-office.flushed
		<-office.flushed
		if d := time.Since(began); d != 2*DefaultLimits().Flush {
			t.Errorf("flushed twice in %v", d)
		}
		stop()
	})
}

// TestStopFinishesExchanges: who is being served gets the answer.
func TestStopFinishesExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		office := &fakeOffice{exchange: func(q *syncproto.Request) (*syncproto.Served, error) {
			close(begun)
			time.Sleep(5 * time.Second)
			return echo(q)
		}}
		l, stop := running(t, office, DefaultLimits())
		conn := l.dial()
		got := make(chan []byte)
		go func() {
			_, _, body := post(t, conn, syncproto.PathExchange, request(1))
			got <- body
		}()
		<-begun
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		if body := <-got; code(t, body) != "" {
			t.Errorf("%s", code(t, body))
		}
		<-stopped
	})
}

// TestLogNamesNobody: the log has numbers and codes, never what was sent.
func TestLogNamesNobody(t *testing.T) {
	var out strings.Builder
	s := New(&fakeOffice{join: func(q *syncproto.JoinRequest) (*syncproto.JoinReply, error) {
		return &syncproto.JoinReply{Version: 1, Device: 3, Person: "张三"}, nil
	}}, DefaultLimits(), slog.New(slog.NewJSONHandler(&out, nil)))
	l := newPipeListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()
	conn := l.dial()
	post(t, conn, syncproto.PathJoin, syncproto.AppendJoinRequest(nil, &syncproto.JoinRequest{
		Version: 1, Secret: []byte("secret-0123456789"), Device: "村部电脑",
	}))
	conn.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), `"device":3`) {
		t.Errorf("the log does not name the device: %s", out.String())
	}
	for _, word := range []string{"张三", "村部", "secret"} {
		if strings.Contains(out.String(), word) {
			t.Errorf("the log has %q: %s", word, out.String())
		}
	}
}
