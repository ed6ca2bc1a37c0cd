package httpapi

import (
	"io"
	"net/http"
	"time"

	"gridbook/syncproto"
)

// door bounds the bodies of a path: all of them together, and each.
type door struct {
	bodies *budget
	most   int64
}

// read returns the request's body. It wants the length beforehand, so that
// what is too large is refused before it is read.
func (s *Server) read(w http.ResponseWriter, r *http.Request, d door) (body []byte, release func(), code syncproto.Code) {
	n := r.ContentLength
	if code := d.admit(n); code != "" {
		return nil, func() {}, code
	}
	return s.arriving(w, r).fill(nil, n, d.bodies)
}

// admit says what is wrong with the length of a message, "" if nothing is.
func (d door) admit(n int64) syncproto.Code {
	switch {
	case n < 0:
		return syncproto.CodeMalformed
	case n > d.most:
		return syncproto.CodeTooLarge
	}
	return ""
}

// arriving is a body that may come slowly, but must not stand still: within
// idle there must come what its limits say. There is no limit on the whole
// time. Without the pace, one that brings a byte now and then would keep its
// room for ever.
type arriving struct {
	body    io.Reader
	control *http.ResponseController
	limits  Limits
	held    int64 // bytes of room

	due  time.Time // when enough must have come
	came int64     // since the last time that it had
}

func (s *Server) arriving(w http.ResponseWriter, r *http.Request) *arriving {
	return &arriving{body: r.Body, control: http.NewResponseController(w), limits: s.limits}
}

func (a *arriving) Read(b []byte) (int, error) {
	if a.due.IsZero() || a.came >= a.limits.enough(a.held) {
		a.due, a.came = time.Now().Add(a.limits.Idle), 0
	}
	_ = a.control.SetReadDeadline(a.due)
	n, err := a.body.Read(b)
	a.came += int64(n)
	return n, err
}

// enough is how many bytes must come within Idle of a message that holds so
// much room: who keeps others out has to go on.
func (l Limits) enough(held int64) int64 {
	return max(l.Slowest*int64(l.Idle/time.Second), held/512)
}

// firstRead is how much room a body gets before any of it has come.
const firstRead = 16 << 10

// fill reads a message of n bytes, of which head has been read before. There
// must be room for all of it, but only what has arrived counts as held: who
// announces much and sends nothing keeps nobody out.
func (a *arriving) fill(head []byte, n int64, room *budget) (body []byte, release func(), code syncproto.Code) {
	release = func() { room.leave(a, a.held) }
	if !room.take(n) {
		return nil, release, syncproto.CodeBusy
	}
	room.give(n)
	body = head
	for int64(len(body)) < n {
		if int64(len(body)) >= a.held {
			more := min(max(a.held, firstRead), n-a.held)
			if !room.grow(a, more, a.limits.Patience) {
				return nil, release, syncproto.CodeBusy
			}
			a.due, a.came = time.Time{}, 0 // who waited for room did not stand still
			a.held += more
			body = append(make([]byte, 0, a.held), body...)
		}
		k, err := a.Read(body[len(body):a.held])
		body = body[:len(body)+k]
		if err != nil && int64(len(body)) < n {
			return nil, release, syncproto.CodeMalformed
		}
	}
	_ = a.control.SetReadDeadline(time.Time{})
	return body, release, ""
}
