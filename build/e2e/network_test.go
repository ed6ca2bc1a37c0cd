package e2e

import (
	"fmt"
	"testing"
	"time"

	"gridbook/build/link"
	"gridbook/build/stage"
)

// failed runs a sync that may fail, for want of a network only.
func (w *town) failed(l *stage.Laptop) bool {
	w.Helper()
	r := l.Run("sync")
	if r.Exit != 0 && r.Exit != 4 {
		w.Errorf("sync without a network: exit %d, %s", r.Exit, r.Err)
	}
	return r.Exit != 0
}

func TestServerOff(t *testing.T) {
	w := settle(t, overTLS)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 3)
	w.way.Target("")
	if !w.failed(l) {
		t.Error("synced with a server that is off")
	}
	if s := w.status(l); s.ToSend != 3 {
		t.Errorf("to send: %+v", s)
	}
	o.write(l, 2)
	o.truthful(l)
	w.way.Target(w.office.Addr)
	o.settled(l)
}

// The network is cut at many places of an exchange, in both directions; the
// reply is lost as a whole.
func TestCutAnywhere(t *testing.T) {
	for name, s := range map[string]scheme{"tls": overTLS, "plain": plain} {
		t.Run(name, func(t *testing.T) {
			w := settle(t, s)
			l := w.join("village", shaxi, "周书记")
			o := w.expecting(l)
			o.write(l, 10)
			before := w.way.Traffic()
			w.sync(l)
			used := w.way.Traffic().Minus(before)
			up, down := int(used.Up), int(used.Down)
			for _, f := range []link.Fault{
				{Up: 0, Down: link.Never}, {Up: up / 3, Down: link.Never}, {Up: up - 20, Down: link.Never},
				link.LoseReply(), {Up: link.Never, Down: 1}, {Up: link.Never, Down: down / 2}, {Up: link.Never, Down: down - 5},
			} {
				o.write(l, 10)
				w.way.Faults(func(int) link.Fault { return f })
				if !w.failed(l) {
					t.Logf("%+v: came through", f)
				}
				o.truthful(l)
				w.way.Faults(nil)
			}
			o.settled(l)
		})
	}
}

// The laptop is killed while it saves: a file of edits is saved as a whole or
// not at all.
func TestKilledWhileSaving(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	ops, words := o.visits(300)
	began := time.Now()
	o.apply(l, ops...)
	whole := time.Since(began)
	o.known[l] = append(o.known[l], words...)
	for i := range 6 {
		had := w.status(l).ToSend
		ops, words := o.visits(300)
		p := w.applying(l, ops)
		time.Sleep(whole/2 + whole*time.Duration(i)/10)
		killed := p.Kill()
		switch now := w.status(l).ToSend; {
		case now == had+300:
			o.known[l] = append(o.known[l], words...)
		case now != had:
			t.Fatalf("%d to send before the kill, %d after it: half a file was saved", had, now)
		case killed.Exit == 0:
			t.Fatal("the command said that it had saved, and nothing is there")
		}
	}
	o.settled(l)
}

func TestKilledWhileSyncing(t *testing.T) {
	w := settle(t, plain)
	l, other := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	o := w.expecting(l, other)
	o.write(other, 50)
	w.sync(other)
	w.way.Shape(link.Way{RTT: 60 * time.Millisecond})
	o.write(l, 50)
	began := time.Now()
	w.sync(l)
	whole := time.Since(began)
	for i := range 5 {
		o.write(l, 50)
		o.write(other, 5)
		p, err := l.Start(nil, "sync")
		w.must(err)
		time.Sleep(whole/2 + whole*time.Duration(i)/10)
		p.Kill()
		o.truthful(l)
		w.sync(other)
	}
	w.way.Shape(link.Way{})
	o.settled(l, other)
}

func TestServerKilledDuringExchange(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	for i := range 4 {
		o.write(l, 100)
		w.way.Shape(link.Way{RTT: 40 * time.Millisecond, Up: 40_000})
		p, err := l.Start(nil, "sync")
		w.must(err)
		before := w.way.Traffic()
		// Once bytes flow, wait a little less or more than they take.
		for p.Running() && w.way.Traffic().Minus(before).Up == 0 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(i) * 30 * time.Millisecond)
		w.office.Kill()
		if r := p.Wait(); r.Exit != 0 && r.Exit != 4 {
			t.Errorf("round %d: sync with a dying server: exit %d, %s", i, r.Exit, r.Err)
		}
		w.must(w.office.Serve())
		w.way.Shape(link.Way{})
		o.truthful(l)
	}
	o.settled(l)
	w.must(w.office.Run("verify").Failed())
}

func (w *town) applying(l *stage.Laptop, ops []op) *stage.Process {
	w.Helper()
	p, err := l.Start(reader(ndjson(ops...)), "apply", "-")
	if err != nil {
		w.Fatal(fmt.Errorf("apply: %w", err))
	}
	return p
}
