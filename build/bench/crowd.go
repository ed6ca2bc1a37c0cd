package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gridbook/build/bench/workload"
	"gridbook/syncproto"
)

// crowdSize is how many laptops want their first copy at the same time.
const crowdSize = 300

// crowd is what came of it.
type crowd struct {
	wall   time.Duration   // until all had their copy
	bytes  int64           // of batches down
	turned int64           // times that the server said to come later
	small  []time.Duration // of exchanges that had nothing to say, meanwhile, sorted
	server time.Duration   // CPU
	memory int64           // the server's peak
}

// meet lets many new laptops fetch their village at once, while another goes
// on syncing.
func (t *township) meet() (c crowd, err error) {
	pens := make([]*pen, crowdSize)
	for i := range pens {
		v := t.seed.Villages[i%len(t.seed.Villages)]
		invitation, err := t.office.Invite("village", workload.VillageCode(v), fmt.Sprintf("人群%d", i), "--unlisted")
		if err != nil {
			return c, err
		}
		if pens[i], err = newPen(invitation); err != nil {
			return c, err
		}
	}
	d, err := t.sit("village", workload.VillageCode("v01"), "照常")
	if err != nil {
		return c, err
	}
	defer d.Close()
	before, err := t.office.Usage()
	if err != nil {
		return c, err
	}
	began, done := time.Now(), make(chan error, 1)
	var bytes, turned atomic.Int64
	go func() { done <- fetchAll(pens, &bytes, &turned) }()
	for fetching := true; fetching; {
		select {
		case err = <-done:
			fetching = false
		case <-time.After(50 * time.Millisecond):
			at := time.Now()
			if _, err := d.sync(); err != nil {
				return c, errors.Join(err, <-done)
			}
			c.small = append(c.small, time.Since(at))
		}
	}
	if err != nil {
		return c, err
	}
	c.wall, c.bytes, c.turned = time.Since(began), bytes.Load(), turned.Load()
	slices.Sort(c.small)
	after, err := t.office.Usage()
	c.server, c.memory = after.CPU-before.CPU, after.Memory
	return c, err
}

func fetchAll(pens []*pen, bytes, turned *atomic.Int64) error {
	var all sync.WaitGroup
	errs := make([]error, len(pens))
	for i, p := range pens {
		all.Go(func() { errs[i] = p.fetch(bytes, turned) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// fetch reads a first copy and throws it away; it comes again when it is told
// to, as a laptop does.
func (p *pen) fetch(bytes, turned *atomic.Int64) error {
	cursor := syncproto.Cursor{}
	for {
		q := &syncproto.Request{Version: syncproto.Version, Token: p.joined.Token, Lease: p.lease, Now: time.Now().UnixMilli(),
			Cursor: cursor, Budget: syncproto.DefaultDown}
		body, err := p.post(syncproto.PathExchange, syncproto.AppendRequest(nil, q))
		if err != nil {
			return err
		}
		reply, err := syncproto.DecodeReply(body)
		switch {
		case err != nil:
			return err
		case reply.Error != nil && reply.Error.Code == syncproto.CodeBusy:
			turned.Add(1)
			time.Sleep(time.Duration(reply.Retry) * time.Second)
			continue
		case reply.Error != nil:
			return reply.Error
		}
		bytes.Add(int64(len(reply.Batch)))
		cursor = reply.Cursor
		if !reply.More {
			return nil
		}
	}
}

func showCrowd(t *township, _ options) error {
	c, err := t.meet()
	if err != nil {
		return err
	}
	fmt.Printf("\nCrowd  %d laptops fetch their village at once, one more goes on syncing\n", crowdSize)
	fmt.Println("  target: small exchanges do not wait behind them, memory stays bounded")
	fmt.Printf("  all have their copy after %s: %s down, server CPU %s, peak memory %s; told to come later %d times\n",
		seconds(c.wall), kb(c.bytes), seconds(c.server), kb(c.memory), c.turned)
	fmt.Printf("  meanwhile %d exchanges with nothing new: half within %s, all within %s\n",
		len(c.small), seconds(c.small[len(c.small)/2]), seconds(c.small[len(c.small)-1]))
	return nil
}
