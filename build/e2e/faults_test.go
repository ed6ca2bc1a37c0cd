package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"gridbook/build/link"
	"gridbook/build/stage"
	"gridbook/syncproto"
)

func reader(b []byte) io.Reader { return bytes.NewReader(b) }

// TestFaults torments two laptops and their server at random: kills of each
// while they work, cuts at any byte, delays, old requests that come again.
// Whatever happens, nothing may be lost or doubled, and in the end all are the
// same. A long run:
//
//	go test ./build/e2e -run TestFaults -rounds 200 -timeout 0
func TestFaults(t *testing.T) {
	if *seed == 0 {
		*seed = time.Now().UnixNano()
	}
	t.Logf("-seed %d -rounds %d", *seed, *rounds)
	w := settle(t, plain)
	f := &faults{
		random:  rand.New(rand.NewPCG(uint64(*seed), 0)),
		laptops: []*stage.Laptop{w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")},
	}
	f.oracle = w.expecting(f.laptops...)
	f.measure()
	for round := range *rounds {
		f.round(round)
		if t.Failed() {
			t.Fatalf("round %d of seed %d", round, *seed)
		}
	}
	w.way.Faults(nil)
	w.way.Shape(link.Way{})
	f.replay()
	f.settled(f.laptops...)
	f.replay()
	f.settled(f.laptops...)
	if f.replayed == 0 {
		t.Error("no old request was served again")
	}
	w.must(w.office.Run("verify").Failed())
	t.Logf("%d kills of laptops, %d of the server, %d connections cut, %d syncs failed, %d old connections served again, %d visits kept",
		f.laptopKills, f.serverKills, w.way.Traffic().Cut, f.failures, f.replayed, f.next)
}

type faults struct {
	*oracle
	random  *rand.Rand
	laptops []*stage.Laptop

	rtt                                time.Duration
	saving, syncing                    time.Duration // what a command takes when all is well
	laptopKills, serverKills, failures int
	replayed                           int // connections whose requests came again
}

func (f *faults) measure() {
	began := time.Now()
	f.write(f.laptops[0], 100)
	f.saving = time.Since(began)
	began = time.Now()
	f.sync(f.laptops[0])
	f.syncing = time.Since(began)
}

// moment is some time within about as long as a command takes, mostly not in
// the beginning, when a program only starts.
func (f *faults) moment(whole time.Duration) time.Duration {
	return time.Duration((0.3 + f.random.Float64()) * float64(whole))
}

func (f *faults) round(n int) {
	l := f.laptops[f.random.IntN(len(f.laptops))]
	f.network()
	if f.random.IntN(4) == 0 {
		f.killSaving(l)
	} else {
		f.write(l, 1+f.random.IntN(40))
	}
	p, err := l.Start(nil, "sync")
	f.must(err)
	pause := f.moment(f.syncing)
	switch f.random.IntN(4) {
	case 0, 1:
		time.Sleep(pause)
		if p.Kill().Exit == -1 {
			f.laptopKills++
		}
	case 2:
		time.Sleep(pause)
		f.office.Kill()
		f.serverKills++
		f.ended(n, p)
		f.must(f.office.Serve())
	default:
		if r := f.ended(n, p); r.Exit == 0 {
			// The machine may be busier or idler than it was before.
			f.syncing = (f.syncing + r.Usage.Wall) / 2
		}
	}
	f.replay()
	f.truthful(l)
}

// replay lets old requests come again, in any order, some twice.
func (f *faults) replay() {
	for range f.random.IntN(5) {
		if n := f.way.Replayable(); n > 0 {
			answers, err := f.way.Replay(f.random.IntN(n))
			if err == nil && f.served(answers) {
				f.replayed++
			}
		}
	}
}

// served reports whether there is an answer to an exchange that went on as it
// was: what the hub does not want it answers with 200 too.
func (f *faults) served(answers []byte) bool {
	in := bufio.NewReader(bytes.NewReader(answers))
	for {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return false
		}
		body, err := io.ReadAll(resp.Body)
		f.must(errors.Join(err, resp.Body.Close()))
		rep, err := syncproto.DecodeReply(body)
		if err == nil && rep.Error == nil && rep.Renumber == 0 {
			return true
		}
	}
}

// ended waits for a sync, which may fail for want of a network only.
func (f *faults) ended(round int, p *stage.Process) stage.Result {
	r := p.Wait()
	if r.Exit != 0 {
		f.failures++
	}
	if r.Exit != 0 && r.Exit != 4 {
		f.Errorf("round %d: sync: exit %d, %s", round, r.Exit, r.Err)
	}
	return r
}

// network makes the way bad in some way.
func (f *faults) network() {
	f.rtt = time.Duration(f.random.IntN(80)) * time.Millisecond
	f.way.Shape(link.Way{RTT: f.rtt})
	if f.random.IntN(2) == 0 {
		f.way.Faults(nil)
		return
	}
	// Most exchanges are of a kilobyte; what happens to each connection is
	// drawn now, so that the seed tells.
	cuts := make([]link.Fault, 64)
	for i := range cuts {
		cuts[i] = link.None()
		switch f.random.IntN(3) {
		case 0:
			cuts[i].Up = f.random.IntN(1200)
		case 1:
			cuts[i].Down = f.random.IntN(300)
		}
	}
	f.way.Faults(func(n int) link.Fault { return cuts[n%len(cuts)] })
}

// killSaving kills a laptop while it saves; what it says afterwards is what
// it has.
func (f *faults) killSaving(l *stage.Laptop) {
	had := f.status(l).ToSend
	n := 1 + f.random.IntN(200)
	ops, words := f.visits(n)
	p := f.applying(l, ops)
	time.Sleep(f.moment(f.saving))
	killed := p.Kill()
	if killed.Exit == -1 {
		f.laptopKills++
	} else {
		f.saving = (f.saving + killed.Usage.Wall) / 2
	}
	switch now := f.status(l).ToSend; {
	case now == had+n:
		f.known[l] = append(f.known[l], words...)
	case now != had:
		f.Errorf("%d to send before the kill, %d after it: half a file was saved", had, now)
	case killed.Exit == 0:
		f.Error("the command said that it had saved, and nothing is there")
	}
}
