package main

import (
	"fmt"
	"time"

	"gridbook/build/link"
	"gridbook/build/stage"
)

// figure is what one piece of work took.
type figure struct {
	what         string
	up, down     int64
	exchanges    int
	wall         time.Duration // of the sync itself
	client       time.Duration // CPU; 0: not measured apart
	server       time.Duration // CPU
	memory, disk int64         // of the laptop, bytes
	note         string
}

// measure runs f and counts what passed the proxy and what the server took.
func (t *township) measure(what string, f func(*figure) error) (figure, error) {
	fig := figure{what: what}
	used, err := t.office.Usage()
	if err != nil {
		return fig, err
	}
	passed, began := t.way.Traffic(), time.Now()
	if err := f(&fig); err != nil {
		return fig, fmt.Errorf("%s: %w", what, err)
	}
	if fig.wall == 0 {
		fig.wall = time.Since(began)
	}
	traffic := t.way.Traffic().Minus(passed)
	fig.up, fig.down = traffic.Up, traffic.Down
	after, err := t.office.Usage()
	fig.server = after.CPU - used.CPU
	return fig, err
}

// process takes a command's figures, less what starting and unlocking cost.
func (f *figure) process(r stage.Result, s stage.Synced, base stage.Usage) {
	f.exchanges, f.wall = s.Exchanges, time.Duration(s.MS*float64(time.Millisecond))
	f.client, f.memory = max(r.Usage.CPU-base.CPU, 0), r.Usage.Memory
}

// over runs f with the way as it is there, and makes it fast again.
func (t *township) over(w link.Way, f func() error) error {
	t.way.Shape(w)
	defer t.way.Shape(link.Way{})
	return f()
}
