package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"
)

// queue admits a limited number of exchanges at a time, first come first
// served, and turns away what would wait too long. There are two: small
// exchanges never wait behind first copies.
type queue struct {
	slots   chan struct{}
	waiting chan struct{} // room for those who wait
	patient time.Duration
}

// errBusy is returned by enter when the queue is full or the wait too long.
var errBusy = errors.New("too many exchanges at once")

func newQueue(slots, waiting int, patient time.Duration) *queue {
	return &queue{make(chan struct{}, slots), make(chan struct{}, waiting), patient}
}

// enter waits for a slot; the caller calls leave when it is done.
func (q *queue) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-q.slots }
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case q.waiting <- struct{}{}:
	default:
		return nil, errBusy
	}
	defer func() { <-q.waiting }()
	timer := time.NewTimer(q.patient)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// within runs f and leaves the queue, also if f panics: a slot that was lost
// would be lost until the next start.
func within[T any](leave func(), f func() (T, error)) (T, error) {
	defer leave()
	return f()
}

// budget bounds the bytes of all request bodies that are in memory at once.
type budget struct {
	mu    sync.Mutex
	left  int64
	first any           // who began to read before the others that hold some
	freed chan struct{} // closed when bytes come back; nil: nobody waits
}

// take reports whether n bytes were to be had; they are given back with give.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.takeLocked(n)
}

func (b *budget) takeLocked(n int64) bool {
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

// grow takes n bytes more for who holds some. Of several that go beyond the
// room together, the first one waits for the others to give way: else all might
// be turned away by each other.
func (b *budget) grow(who any, n int64, patient time.Duration) bool {
	timer := time.NewTimer(patient)
	defer timer.Stop()
	for {
		b.mu.Lock()
		if b.first == nil {
			b.first = who
		}
		if b.takeLocked(n) {
			b.mu.Unlock()
			return true
		}
		if b.first != who {
			b.mu.Unlock()
			return false
		}
		if b.freed == nil {
			b.freed = make(chan struct{})
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-timer.C:
			return false
		}
	}
}

// leave gives back the n bytes that somebody held.
func (b *budget) leave(who any, n int64) {
	b.mu.Lock()
	if b.first == who {
		b.first = nil
	}
	b.mu.Unlock()
	b.give(n)
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
