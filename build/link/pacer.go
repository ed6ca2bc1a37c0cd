package link

import "time"

// Way is what a link is like. The zero Way is a fast one.
type Way struct {
	RTT  time.Duration // there and back; a new connection costs one more
	Up   int           // bytes/s towards the server, 0: no bound
	Down int           // bytes/s towards the laptop, 0: no bound
}

// Slow is the benchmark's bad link: 300 ms there and back, 64 kbit/s up,
// 256 kbit/s down.
func Slow() Way { return Way{RTT: 300 * time.Millisecond, Up: 64_000 / 8, Down: 256_000 / 8} }

// pacer is one direction of a way, shared by all connections: bytes leave one
// after the other at its rate and arrive after its delay.
type pacer struct {
	rate  int
	delay time.Duration
	free  time.Time // when the last byte so far has left
}

// arrival says when n bytes given to the way at now have arrived.
func (p *pacer) arrival(now time.Time, n int) time.Time {
	if p.free.Before(now) {
		p.free = now
	}
	if p.rate > 0 {
		p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	}
	return p.free.Add(p.delay)
}

// piece bounds how much is given to the way at once, so that a throttled
// reader sees bytes trickle and a slow way is not hidden in a buffer.
func (p *pacer) piece() int {
	if p.rate == 0 {
		return 32 << 10
	}
	return max(p.rate/20, 256)
}
