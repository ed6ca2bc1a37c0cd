package syncer

import (
	"net"
	"sync/atomic"
	"time"
)

// wire counts the bytes of a connection and, if idle is set, breaks it when it
// stands still for so long.
type wire struct {
	net.Conn
	idle     time.Duration
	up, down *atomic.Int64
}

// chunk is how much is written at once: a slow way shows its progress after
// each.
const chunk = 16 << 10

// Read gives the peer idle time from now on.
func (w *wire) Read(b []byte) (int, error) {
	if w.idle > 0 {
		if err := w.SetReadDeadline(time.Now().Add(w.idle)); err != nil {
			return 0, err
		}
	}
	n, err := w.Conn.Read(b)
	w.down.Add(int64(n))
	return n, err
}

// Write also gives a Read that is waiting more time: an answer cannot come
// before its question. HTTP keeps such a Read on a connection at rest.
func (w *wire) Write(b []byte) (total int, err error) {
	if w.idle == 0 {
		n, err := w.Conn.Write(b)
		w.up.Add(int64(n))
		return n, err
	}
	for len(b) > 0 && err == nil {
		if err = w.SetDeadline(time.Now().Add(w.idle)); err != nil {
			break
		}
		var n int
		n, err = w.Conn.Write(b[:min(len(b), chunk)])
		w.up.Add(int64(n))
		total, b = total+n, b[n:]
	}
	return total, err
}
