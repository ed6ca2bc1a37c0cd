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
	mu   sync.Mutex
	left int64
}

// take reports whether n bytes were to be had; they are given back with give.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}
