package syncer

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gridbook/syncproto"
)

// script is a Transport whose answers are set by the test.
type script struct {
	began time.Time

	mu    sync.Mutex
	tries []time.Duration // when there was an exchange, since began
	fail  error           // of the next exchanges; nil: an empty answer
	reply *syncproto.Reply
	slow  time.Duration // how long an exchange takes
}

func (s *script) Exchange(ctx context.Context, _ string, _ []byte) (Answer, error) {
	s.mu.Lock()
	s.tries = append(s.tries, time.Since(s.began))
	slow, fail, p := s.slow, s.fail, s.reply
	s.mu.Unlock()
	time.Sleep(slow) // virtual time
	if ctx.Err() != nil {
		return Answer{}, ctx.Err()
	}
	if fail != nil {
		return Answer{}, fail
	}
	if p == nil {
		p = &syncproto.Reply{Version: syncproto.Version, Now: wallClock(), Lease: make([]byte, syncproto.LeaseSize)}
	}
	return Answer{Body: syncproto.AppendReply(nil, p)}, nil
}

func (s *script) Traffic() Traffic { return Traffic{} }
func (s *script) Save(Tx) error    { return nil }
func (s *script) Close() error     { return nil }

// since returns the tries after a point of time and forgets the others.
func (s *script) since() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.tries
	s.tries = nil
	return out
}

// play sets what the next exchanges meet.
func (s *script) play(slow time.Duration, fail error, reply *syncproto.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow, s.fail, s.reply = slow, fail, reply
}

// running runs a Syncer in the bubble of synctest until f returns.
func running(t *testing.T, o Options, f func(s *Syncer, net *script, l *laptop)) {
	synctest.Test(t, func(t *testing.T) {
		l := newLaptop(t)
		check(t, l.Update(func(tx Tx) error {
			return tx.SetMeta(syncproto.ReplicaMeta{Replica: 3, Token: []byte("0123456789abcdef"), Township: township})
		}))
		net := &script{began: time.Now()}
		o.Now, o.Rand = wallClock, rand.Reader
		s := New(l, net, o)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		synctest.Wait()
		f(s, net, l)
		stop()
		<-done
	})
}

func wait(d time.Duration) {
	time.Sleep(d) // virtual time
	synctest.Wait()
}

func TestRunFiresWithoutEdits(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		wait(time.Hour)
		if got := net.since(); len(got) != 6 && len(got) != 7 || got[0] != 0 || got[1] != 10*time.Minute {
			t.Errorf("tries in an hour: %v", got)
		}
		if st := s.Status(); st.Phase != Idle || st.NextTry <= wallClock() || st.LastSync == 0 || st.Last == nil {
			t.Errorf("status %+v", st)
		}
	})
}

func TestEditsGoUpTogether(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		net.since()
		wait(time.Minute)
		for range 3 {
			s.Wake()
			wait(3 * time.Second)
		}
		if got := net.since(); len(got) != 0 {
			t.Errorf("tried while a person was typing: %v", got)
		}
		wait(2 * time.Second)
		if got := net.since(); len(got) != 1 {
			t.Errorf("tries after a pause: %v", got)
		}
		for range 12 { // one who never pauses
			s.Wake()
			wait(3 * time.Second)
		}
		if got := net.since(); len(got) != 1 {
			t.Errorf("tries while someone types for 36 s: %v", got)
		}
	})
}

func TestEditDuringASyncIsNotForgotten(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		wait(time.Minute)
		net.since()
		net.play(20*time.Second, nil, nil)
		s.Wake()
		wait(6 * time.Second) // the sync is under way
		if s.Status().Phase != Running {
			t.Errorf("status %+v", s.Status())
		}
		s.Wake()
		wait(time.Minute)
		if got := net.since(); len(got) != 2 {
			t.Errorf("tries: %v, want one more for the second edit", got)
		}
	})
}

// TestOfflineAndBack takes the network away and brings it back.
func TestOfflineAndBack(t *testing.T) {
	var network atomic.Value
	network.Store("home")
	running(t, Options{Networks: func() string { return network.Load().(string) }}, func(s *Syncer, net *script, _ *laptop) {
		net.since()
		net.play(0, unreachable(io.ErrUnexpectedEOF), nil)
		network.Store("")
		s.Wake()
		wait(time.Hour)
		got := net.since()
		var gaps []time.Duration
		for i := 1; i < len(got); i++ {
			gaps = append(gaps, got[i]-got[i-1])
		}
		if !slices.IsSorted(gaps) || gaps[0] != 5*time.Second || gaps[len(gaps)-1] != 5*time.Minute || len(got) > 20 {
			t.Errorf("gaps between tries: %v", gaps)
		}
		st := s.Status()
		if st.Phase != Offline || st.Problem == nil || st.NextTry <= wallClock() {
			t.Errorf("status %+v", st)
		}
		// Edits while there is no way do not make it try more often.
		for range 100 {
			s.Wake()
			wait(time.Second)
		}
		if got := net.since(); len(got) > 1 {
			t.Errorf("tries in 100 s of typing offline: %v", got)
		}
		// Just after a try, so that the next would be minutes away.
		wait(time.UnixMilli(s.Status().NextTry).Sub(time.Now()))
		net.since()
		net.play(0, nil, nil)
		network.Store("township")
		wait(5 * time.Second)
		if got := net.since(); len(got) != 1 {
			t.Errorf("tries after the network came back: %v", got)
		}
		if st := s.Status(); st.Phase != Idle || st.Problem != nil {
			t.Errorf("status %+v", st)
		}
		// What was typed offline went with it; at most one more look.
		wait(time.Minute)
		net.since()
		// The next failure begins from the shortest pause again.
		net.play(0, unreachable(io.EOF), nil)
		s.Wake()
		wait(11 * time.Second)
		if got := net.since(); len(got) != 2 {
			t.Errorf("tries after another failure: %v", got)
		}
	})
}

func TestServerSaysWhenToComeAgain(t *testing.T) {
	running(t, Options{Jitter: func() float64 { return 0 }}, func(s *Syncer, net *script, _ *laptop) {
		net.since()
		net.play(0, nil, &syncproto.Reply{Version: syncproto.Version, Now: wallClock(), Retry: 77,
			Error: &syncproto.Error{Code: syncproto.CodeBusy, Message: "正忙", Hint: "稍后再试"}})
		s.Wake()
		wait(6 * time.Second)
		st := s.Status()
		if st.Phase != Waiting || st.Problem == nil || st.Problem.Code != syncproto.CodeBusy {
			t.Errorf("status %+v", st)
		}
		net.since()
		wait(75 * time.Second)
		if got := net.since(); len(got) != 0 {
			t.Errorf("came too early: %v", got)
		}
		net.play(0, nil, nil)
		wait(3 * time.Second)
		if got := net.since(); len(got) != 1 || s.Status().Phase != Idle {
			t.Errorf("tries %v, status %+v", got, s.Status())
		}
	})
}

// TestWhatOnlyAPersonCanMend is not tried again by itself.
func TestWhatOnlyAPersonCanMend(t *testing.T) {
	for _, code := range []syncproto.Code{syncproto.CodeRevoked, syncproto.CodeToken, syncproto.CodeTownship, syncproto.CodeVersion} {
		running(t, Options{Networks: func() string { return time.Now().String() }}, func(s *Syncer, net *script, l *laptop) {
			net.since()
			net.play(0, nil, &syncproto.Reply{Version: syncproto.Version, Now: wallClock(), Error: &syncproto.Error{Code: code, Message: "停用", Hint: "联系"}})
			s.Wake()
			wait(time.Minute)
			net.since()
			l.write(2)
			s.Wake()
			wait(24 * time.Hour)
			if got := net.since(); len(got) != 0 {
				t.Errorf("%s: tried by itself: %v", code, got)
			}
			st := s.Status()
			if st.Phase != Stopped || st.Problem == nil || st.Problem.Code != code || st.NextTry != 0 {
				t.Errorf("%s: status %+v", code, st)
			}
			if n, _ := l.unsent(); n != 2 {
				t.Errorf("%s: %d unsent", code, n)
			}
			// The person has mended it and says so.
			net.play(0, nil, nil)
			if _, err := s.SyncNow(context.Background()); syncproto.CodeOf(err) == code {
				t.Errorf("%s: SyncNow: %v", code, err)
			}
			net.since()
			wait(25 * time.Minute)
			if got := net.since(); len(got) == 0 {
				t.Errorf("%s: does not go on by itself afterwards", code)
			}
		})
	}
}

func TestPortalIsTriedAgain(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		net.play(0, notOurs(errors.New("html")), nil)
		s.Wake()
		wait(7 * time.Second)
		if st := s.Status(); st.Phase != Waiting || st.Problem.Code != syncproto.CodeNotOurs {
			t.Errorf("status %+v", st)
		}
		net.play(0, nil, nil)
		wait(time.Minute)
		if st := s.Status(); st.Phase != Idle {
			t.Errorf("status %+v", st)
		}
	})
}

func TestSyncNowWaitsItsTurnAndCanBeLeft(t *testing.T) {
	running(t, Options{}, func(s *Syncer, net *script, _ *laptop) {
		wait(time.Minute)
		net.since()
		net.play(time.Minute, nil, nil)
		s.Wake()
		wait(6 * time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := s.SyncNow(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("SyncNow while another runs: %v", err)
		}
		if got := net.since(); len(got) != 1 {
			t.Errorf("two syncs at once: %v", got)
		}
	})
}

// pipe is a connection in memory to a peer that the test plays.
func pipe(peer func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			peer(there)
		}()
		return here, nil
	}
}

func readRequest(c net.Conn) bool {
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	return err == nil && strings.HasPrefix(string(buf[:n]), http.MethodPost)
}

// TestIdleTimeout lets an answer trickle for an hour, which must be borne, and
// stand still for long, which must not.
func TestIdleTimeout(t *testing.T) {
	const size = 100
	head := "HTTP/1.1 200 OK\r\nContent-Type: " + syncproto.ContentType + "\r\nContent-Length: 100\r\n\r\n"
	exchange := func(t *testing.T, peer func(net.Conn)) (Answer, error, time.Duration) {
		h, err := NewHTTP(Hub{Address: "http://127.0.0.1:1"}, HTTPOptions{Dial: pipe(peer), Idle: time.Minute})
		check(t, err)
		began := time.Now()
		a, err := h.Exchange(context.Background(), syncproto.PathExchange, []byte("question"))
		took := time.Since(began)
		check(t, h.Close())
		return a, err, took
	}
	t.Run("trickle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, err, took := exchange(t, func(c net.Conn) {
				if !readRequest(c) {
					return
				}
				_, _ = c.Write([]byte(head))
				for range size {
					time.Sleep(40 * time.Second)
					_, _ = c.Write([]byte("x"))
				}
			})
			if err != nil || len(a.Body) != size || took < time.Hour {
				t.Errorf("%d bytes, %v, after %v", len(a.Body), err, took)
			}
		})
	})
	t.Run("stands still", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err, took := exchange(t, func(c net.Conn) {
				if readRequest(c) {
					_, _ = c.Write([]byte(head + "some"))
					time.Sleep(time.Hour)
				}
			})
			if syncproto.CodeOf(err) != syncproto.CodeUnreachable || took != time.Minute {
				t.Errorf("%v after %v", err, took)
			}
			time.Sleep(2 * time.Hour) // until the peer has gone
		})
	})
	t.Run("takes nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err, took := exchange(t, func(net.Conn) { time.Sleep(time.Hour) })
			if syncproto.CodeOf(err) != syncproto.CodeUnreachable || took != time.Minute {
				t.Errorf("%v after %v", err, took)
			}
			time.Sleep(2 * time.Hour)
		})
	})
	t.Run("a question after a long rest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h, err := NewHTTP(Hub{Address: "http://127.0.0.1:1"}, HTTPOptions{Idle: time.Minute, Dial: pipe(func(c net.Conn) {
				for readRequest(c) {
					time.Sleep(50 * time.Second) // a busy hub
					_, _ = c.Write([]byte(head + strings.Repeat("x", size)))
				}
			})})
			check(t, err)
			for range 3 {
				if _, err := h.Exchange(context.Background(), syncproto.PathExchange, []byte("question")); err != nil {
					t.Errorf("after a rest of 50 s: %v", err)
				}
				time.Sleep(50 * time.Second)
			}
			check(t, h.Close())
			time.Sleep(time.Hour)
		})
	})
}
