package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gridbook/syncproto"
)

func TestBundles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := running(t, &fakeOffice{exchange: echo}, DefaultLimits())
		c := l.dial()
		// Larger than any other message may be.
		q := &syncproto.BundleRequest{Version: syncproto.Version, Token: []byte("0123456789abcdef"), File: make([]byte, syncproto.MaxMessage+1)}
		status, _, body := post(t, c, syncproto.PathBundles, syncproto.AppendBundleRequest(nil, q))
		rep, err := syncproto.DecodeBundleReply(body)
		if status != 200 || err != nil || len(rep.File) != len(q.File) || rep.Person != string(q.Token) {
			t.Errorf("status %d, %v", status, err)
		}
		_, _, body = post(t, c, syncproto.PathBundles, []byte("no message"))
		if got := code(t, body); got != syncproto.CodeMalformed {
			t.Errorf("no message: %q", got)
		}
		c.Close()
		stop()
	})
}

// Sticks take no room from the text.
func TestBundlesHaveTheirOwnRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Sticks = 1000
		l, stop := running(t, &fakeOffice{exchange: echo}, limits)
		c := l.dial()
		q := &syncproto.BundleRequest{Version: syncproto.Version, Token: []byte("0123456789abcdef"), File: make([]byte, 2000)}
		status, h, body := post(t, c, syncproto.PathBundles, syncproto.AppendBundleRequest(nil, q))
		rep, err := syncproto.DecodeBundleReply(body)
		if got := code(t, body); status != 503 || got != syncproto.CodeBusy || h.Get("Retry-After") == "" || err != nil {
			t.Errorf("beyond the room: %d, %q, %v", status, got, err)
		} else if !strings.Contains(rep.Error.Message, "别的 U 盘") || !strings.Contains(rep.Error.Hint, "再并入一次") {
			t.Errorf("it says %q", rep.Error)
		}
		c.Close()
		c = l.dial()
		if status, _, body := post(t, c, syncproto.PathExchange, request(7)); status != 200 || code(t, body) != "" {
			t.Errorf("text: %d", status)
		}
		c.Close()
		stop()
	})
}

// stick is a message with a file of that many bytes.
func stick(size int) []byte {
	return syncproto.AppendBundleRequest(nil, &syncproto.BundleRequest{Version: syncproto.Version, Token: []byte("0123456789abcdef"), File: make([]byte, size)})
}

// begin announces a message and sends its first bytes.
func begin(c net.Conn, body []byte, n int) {
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", syncproto.PathBundles, len(body))
	_, _ = c.Write(body[:n])
}

func answered(t *testing.T, c net.Conn) syncproto.Code {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := syncproto.DecodeBundleReply(body)
	if err != nil {
		t.Fatalf("an answer of %d bytes: %v", len(body), err)
	}
	if rep.Error == nil {
		return ""
	}
	return rep.Error.Code
}

// Of a stranger's stick, and of one whose turn has not come, only the head is
// read.
func TestSticksOfStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		says error
		room int64
		want syncproto.Code
	}{
		"stranger":     {&syncproto.Error{Code: syncproto.CodeToken, Message: "服务器不认识这台电脑。", Hint: "x"}, 1 << 20, syncproto.CodeToken},
		"stopped":      {&syncproto.Error{Code: syncproto.CodeRevoked, Message: "停用。", Hint: "x"}, 1 << 20, syncproto.CodeRevoked},
		"broken store": {io.ErrUnexpectedEOF, 1 << 20, syncproto.CodeInternal},
		"no room":      {nil, 1000, syncproto.CodeBusy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := DefaultLimits()
				limits.Sticks = c.room
				l, stop := running(t, &fakeOffice{courier: func(token []byte) error {
					if string(token) != "0123456789abcdef" {
						t.Errorf("token %q", token)
					}
					return c.says
				}}, limits)
				conn := l.dial()
				go begin(conn, stick(500_000), syncproto.BundleHead)
				if got := answered(t, conn); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				conn.Close()
				stop()
			})
		})
	}
}

// Who is refused learns why, though most of the file was never sent.
func TestRefusedCourierLearnsWhy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	says := &syncproto.Error{Code: syncproto.CodeRevoked, Message: "停用。", Hint: "x"}
	done := make(chan error)
	go func() {
		done <- New(&fakeOffice{courier: func([]byte) error { return says }}, DefaultLimits(), quiet()).Serve(ctx, l)
	}()
	client := &http.Transport{}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+syncproto.PathBundles, bytes.NewReader(stick(32<<20)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	rep, err2 := syncproto.DecodeBundleReply(body)
	if err != nil || err2 != nil || rep.Error == nil || rep.Error.Code != says.Code || rep.Error.Message != says.Message {
		t.Errorf("%v, %v: %+v", err, err2, rep)
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A stick that stands still, or as good as, gives its room back; one that has
// brought nothing takes none; and one that only moves slowly is taken.
func TestSticksStandStill(t *testing.T) {
	body := stick(300_000) // more than is read to be polite to who is refused
	for name, c := range map[string]struct {
		first int           // bytes that come at once
		every time.Duration // for each byte after them, 0: none comes
		want  syncproto.Code
	}{
		"announced": {1000, 0, ""},
		"still":     {len(body) - 100, 0, syncproto.CodeBusy},
		"trickling": {len(body) - 100, DefaultLimits().Idle - time.Second, syncproto.CodeBusy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := DefaultLimits()
				limits.Sticks = 500_000
				l, stop := running(t, &fakeOffice{}, limits)
				bad, ended := l.dial(), make(chan struct{})
				go func() {
					defer close(ended)
					begin(bad, body, c.first)
					for i := c.first; c.every > 0 && i < len(body)-1; i++ {
						time.Sleep(c.every)
						if _, err := bad.Write(body[i : i+1]); err != nil {
							return
						}
					}
				}()
				synctest.Wait()
				other := l.dial()
				go begin(other, body, len(body))
				if got := answered(t, other); got != c.want {
					t.Errorf("beside it: %q, want %q", got, c.want)
				}
				other.Close()
				// Whatever came at once began a new time.
				time.Sleep(2*limits.Idle + time.Second)
				other = l.dial()
				go begin(other, body, len(body))
				if got := answered(t, other); got != "" {
					t.Errorf("after it: %q", got)
				}
				other.Close()
				bad.Close()
				<-ended
				stop()
			})
		})
	}
}

// Two sticks that fit one by one, and not together, are read at the same time:
// the first goes on when the second has been turned away. If the second only
// stands still, the first is not kept waiting.
func TestTwoLargeSticks(t *testing.T) {
	for name, goesOn := range map[string]bool{"both go on": true, "the second stands still": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := DefaultLimits()
				limits.Sticks = 400_000
				l, stop := running(t, &fakeOffice{}, limits)
				body, part, half := stick(300_000), 60_000, 128<<10-1 // for more than half it must have more room
				one, two := l.dial(), l.dial()
				go begin(one, body, part)
				synctest.Wait()
				go begin(two, body, part)
				synctest.Wait()
				for _, c := range []net.Conn{one, two} {
					go func() { _, _ = c.Write(body[part:half]) }()
					synctest.Wait()
				}
				go func() { _, _ = one.Write(body[half:]) }()
				synctest.Wait()
				began := time.Now()
				if goesOn {
					go func() { _, _ = two.Write(body[half:]) }()
					if got := answered(t, two); got != syncproto.CodeBusy {
						t.Errorf("the second: %q", got)
					}
				}
				want := syncproto.Code("")
				if !goesOn {
					want = syncproto.CodeBusy
				}
				if got := answered(t, one); got != want || time.Since(began) > limits.Patience {
					t.Errorf("the first: %q after %v", got, time.Since(began))
				}
				one.Close()
				two.Close()
				stop()
			})
		})
	}
}

func TestSlowStick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		l, stop := running(t, &fakeOffice{}, limits)
		body, c := stick(300_000), l.dial()
		go func() {
			begin(c, body, 1000)
			for rest := body[1000:]; len(rest) > 0; rest = rest[min(len(rest), 30_000):] {
				time.Sleep(limits.Idle - time.Second)
				_, _ = c.Write(rest[:min(len(rest), 30_000)])
			}
		}()
		if got := answered(t, c); got != "" {
			t.Error(got)
		}
		c.Close()
		stop()
	})
}

// The pace that is asked for leaves room for the slowest link that there is.
func TestPace(t *testing.T) {
	l := DefaultLimits()
	link := 64_000 / 8 * int64(l.Idle/time.Second)
	for _, held := range []int64{0, syncproto.MaxMessage, syncproto.MaxBundleMessage} {
		if got := l.enough(held); got <= 0 || got > link {
			t.Errorf("holding %d: %d bytes, of %d that 64 kbit/s bring", held, got, link)
		}
	}
}

// First copies and sticks do not wait for each other.
func TestSticksAndFirstCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		hold := make(chan struct{})
		f := &fakeOffice{forward: func() { <-hold }, exchange: echo}
		l, stop := running(t, f, limits)
		var conns []net.Conn
		for range limits.Couriers {
			c := l.dial()
			conns = append(conns, c)
			go begin(c, stick(10), len(stick(10)))
		}
		synctest.Wait()
		first := syncproto.AppendRequest(nil, &syncproto.Request{Version: 1, Token: make([]byte, syncproto.TokenSize), Now: 5})
		began := time.Now()
		c := l.dial()
		if _, _, body := post(t, c, syncproto.PathExchange, first); code(t, body) != "" || time.Since(began) > 0 {
			t.Errorf("a first copy beside sticks: %q after %v", code(t, body), time.Since(began))
		}
		c.Close()
		close(hold)
		for _, c := range conns {
			if got := answered(t, c); got != "" {
				t.Errorf("a stick: %q", got)
			}
			c.Close()
		}

		hold = make(chan struct{})
		f.forward = nil
		f.exchange = func(q *syncproto.Request) (*syncproto.Served, error) { <-hold; return echo(q) }
		conns = nil
		for range limits.Heavy {
			c := l.dial()
			conns = append(conns, c)
			go fmt.Fprintf(c, "POST /s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(first), first)
		}
		synctest.Wait()
		began = time.Now()
		c = l.dial()
		go begin(c, stick(10), len(stick(10)))
		if got := answered(t, c); got != "" || time.Since(began) > 0 {
			t.Errorf("a stick beside first copies: %q after %v", got, time.Since(began))
		}
		c.Close()
		close(hold)
		for _, c := range conns {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, 1))
			c.Close()
		}
		stop()
	})
}
