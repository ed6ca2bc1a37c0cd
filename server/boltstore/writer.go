package boltstore

import (
	"errors"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
)

// A commit costs two fdatasyncs whatever is in it, so updates that arrive
// while another runs or is being written share the next commit.
const (
	// maxShared is how many updates share a commit at most, and maxWait how
	// long the first of them may wait for the others to run. Nobody waits
	// for updates that have not arrived.
	maxShared = 64
	maxWait   = 50 * time.Millisecond
)

var errClosed = errors.New("the store is closed")

// writer runs the updates of a store one after the other, in a goroutine of
// its own.
type writer struct {
	db    *bolt.DB
	jobs  chan *job
	done  chan struct{}
	mu    sync.RWMutex // held for reading while a job is handed over
	ended bool
}

// job is one update. err and panicked are set before ready is closed.
type job struct {
	f        func(office.Tx) error
	err      error
	panicked any
	ready    chan struct{}
}

func startWriter(db *bolt.DB) *writer {
	w := &writer{db: db, jobs: make(chan *job, maxShared), done: make(chan struct{})}
	go w.run()
	return w
}

// do runs f and returns when its commit is on the disk.
func (w *writer) do(f func(office.Tx) error) error {
	j := &job{f: f, ready: make(chan struct{})}
	if !w.hand(j) {
		return errClosed
	}
	<-j.ready
	if j.panicked != nil {
		panic(j.panicked)
	}
	return j.err
}

func (w *writer) hand(j *job) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.ended {
		return false
	}
	w.jobs <- j
	return true
}

// stop lets the jobs that were handed over finish.
func (w *writer) stop() {
	w.mu.Lock()
	first := !w.ended
	w.ended = true
	w.mu.Unlock()
	if first {
		close(w.jobs)
	}
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	defer faultsPanic()()
	for j := range w.jobs {
		w.commit(j)
	}
}

// commit runs the first job and those that wait behind it in one bbolt
// transaction. A job that fails is undone alone.
func (w *writer) commit(first *job) {
	var kept []*job
	err := w.transact(func(b *bolt.Tx) error {
		start := time.Now()
		for j := first; j != nil; j = w.next(len(kept), start) {
			ok, err := j.run(b)
			if err != nil {
				// Not even the undo worked: nothing of this commit may stay.
				kept = append(kept, j)
				return err
			}
			if ok {
				kept = append(kept, j)
			} else {
				close(j.ready)
			}
		}
		if len(kept) == 0 {
			return errNothing
		}
		return nil
	})
	for _, j := range kept {
		if j.err == nil && j.panicked == nil {
			j.err = storeError(err)
		}
		close(j.ready)
	}
}

// errNothing rolls back a bbolt transaction in which nothing was changed.
var errNothing = errors.New("nothing to commit")

func (w *writer) transact(f func(*bolt.Tx) error) (err error) {
	defer catchDamage(&err)
	return w.db.Update(f)
}

// next returns a job that is already waiting, if there is room and time.
func (w *writer) next(kept int, start time.Time) *job {
	if kept >= maxShared || time.Since(start) > maxWait {
		return nil
	}
	select {
	case j := <-w.jobs:
		return j // nil if closed
	default:
		return nil
	}
}

// run runs one job and reports whether its changes are to be committed. The
// error is one of the undo.
func (j *job) run(b *bolt.Tx) (ok bool, err error) {
	t := newTx(b)
	if j.err = j.call(t); j.err == nil && j.panicked == nil {
		return true, nil
	}
	return false, t.rollback()
}

func (j *job) call(t *tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if isDamage(r) {
				err = damaged("%v", r)
				return
			}
			j.panicked = r
		}
	}()
	if err := j.f(t); err != nil {
		return storeError(err)
	}
	return t.finish()
}
